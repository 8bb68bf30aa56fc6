-- `unfinished` finds what a new owner of these shards has to recover. Two things are tidied on the way. An early row
-- whose session has a row by now is removed. A row that was set aside becomes fresh, so that `take` brings it to the
-- program that runs now.
--
-- Called by: `accompanist/log/postgres.py`; when shards were acquired.
-- Locks: the rows of `arrival` that it removes or changes. It waits 2 s for a lock at most.
-- Answers: session and role of each session that is open, and of each that has messages in the queue, and neither a row
--   nor a stub. What was set aside is not among them.
CREATE FUNCTION unfinished(shards smallint[]) RETURNS TABLE (session uuid, role text)
LANGUAGE plpgsql SET search_path FROM CURRENT SET lock_timeout = '2s'
SET seq_page_cost = 1 SET random_page_cost = 0.1 SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
#variable_conflict use_column
BEGIN
    DELETE FROM arrival a
    WHERE a.early AND a.shard = ANY (shards)
      AND EXISTS (SELECT FROM session s WHERE s.session = a.session AND s.role = a.receiver);
    RETURN QUERY
    SELECT s.session, s.role FROM session s WHERE s.open AND s.shard = ANY (shards)
    UNION
    SELECT a.session, a.receiver FROM arrival a
    WHERE NOT a.aside AND a.shard = ANY (shards)
      AND NOT EXISTS (SELECT FROM session s WHERE s.session = a.session AND s.role = a.receiver)
      AND NOT EXISTS (SELECT FROM stub b WHERE b.session = a.session AND b.role = a.receiver);
    UPDATE arrival a SET early = false, aside = false WHERE a.aside AND a.shard = ANY (shards);
END
$$;

REVOKE ALL ON FUNCTION unfinished FROM PUBLIC;
GRANT EXECUTE ON FUNCTION unfinished TO :"sidecar";
