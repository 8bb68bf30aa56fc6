-- `lease` decides which shards `asker` holds, by the clock of this database. It announces `asker` in `replica` until
-- `term` from now, and removes announcements that have expired. It makes the rows of `shard` that are missing. Each
-- replica's share is the number of shards divided by the number of replicas, rounded up. What `asker` holds beyond its
-- share is let go, the highest shards first. Free shards are acquired up to the share, the lowest first. A shard is
-- free when it has no owner, or when its owner has no row in `replica`. Each acquisition makes the shard's epoch grow
-- by one.
--
-- One call runs at a time. So each counts the same replicas as the next, and no two want each other's shards. A shard
-- that a commit of its former owner is just writing is passed over until the next call.
--
-- Called by: `accompanist/log/postgres.py`; in one statement with `pending`, each time a sidecar renews its leases and
--   looks for work.
-- Locks: row -1 of `gate` until the commit. The row in `gate` of each shard that it acquires; one that is locked is
--   passed over. It waits 2 s for a lock at most.
-- Answers: a row for each shard that `asker` holds: the shard, its epoch, and whether this call acquired it. What
--   `asker` remembers of an acquired shard is void.
-- Raises: what `committed_reads` and `own_name` raise.
CREATE FUNCTION lease(asker text, shards_count integer, term interval)
RETURNS TABLE (shard smallint, epoch bigint, acquired boolean)
LANGUAGE plpgsql SET search_path FROM CURRENT SET lock_timeout = '2s'
AS $$
#variable_conflict use_column
DECLARE
    wanted smallint;
    gained smallint[] := '{}';
    share integer;
    held integer;
BEGIN
    PERFORM own_name();
    PERFORM committed_reads();
    PERFORM FROM gate g WHERE g.gate = -1 FOR UPDATE;
    IF (SELECT count(*) FROM shard) < shards_count THEN
        INSERT INTO shard (shard) SELECT generate_series(0, shards_count - 1) ON CONFLICT DO NOTHING;
    END IF;
    INSERT INTO replica (owner, expires_at) VALUES (asker, clock_timestamp() + term)
    ON CONFLICT (owner) DO UPDATE SET expires_at = excluded.expires_at;
    DELETE FROM replica r WHERE r.expires_at < clock_timestamp();
    share := ceil(shards_count::numeric / (SELECT count(*) FROM replica));

    UPDATE shard s SET owner = NULL
    WHERE s.shard IN (SELECT h.shard FROM shard h WHERE h.owner = asker ORDER BY h.shard OFFSET share);
    SELECT count(*) INTO held FROM shard s WHERE s.owner = asker;

    FOR wanted IN
        SELECT s.shard FROM shard s
        WHERE held < share AND s.shard < shards_count
          AND (s.owner IS NULL OR NOT EXISTS (SELECT FROM replica r WHERE r.owner = s.owner))
        ORDER BY s.shard
    LOOP
        EXIT WHEN held >= share;
        PERFORM FROM gate g WHERE g.gate = wanted FOR UPDATE SKIP LOCKED;
        CONTINUE WHEN NOT FOUND;
        UPDATE shard s SET owner = asker, epoch = s.epoch + 1 WHERE s.shard = wanted;
        gained := gained || wanted;
        held := held + 1;
    END LOOP;

    RETURN QUERY
    SELECT s.shard, s.epoch, s.shard = ANY (gained) FROM shard s WHERE s.owner = asker ORDER BY s.shard;
END
$$;

REVOKE ALL ON FUNCTION lease FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lease TO :"sidecar";
