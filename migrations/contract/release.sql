-- `release` gives up at once all that `asker` holds: its shards, and its row in `replica`. The epochs stay. The next
-- owner of a shard has the next epoch.
--
-- Called by: `accompanist/log/postgres.py`; when a sidecar ends.
-- Locks: row -1 of `gate` until the commit, as `lease` does. It waits 2 s for a lock at most.
-- Answers: nothing.
-- Raises: what `committed_reads` raises.
CREATE FUNCTION release(asker text) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT SET lock_timeout = '2s'
AS $$
BEGIN
    PERFORM committed_reads();
    PERFORM FROM gate g WHERE g.gate = -1 FOR UPDATE;
    DELETE FROM replica WHERE owner = asker;
    UPDATE shard SET owner = NULL WHERE owner = asker;
END
$$;

REVOKE ALL ON FUNCTION release FROM PUBLIC;
GRANT EXECUTE ON FUNCTION release TO :"sidecar";
