-- `fence` makes sure that `asker` holds the shards under the epochs given. No other owner acquires one of them before
-- this transaction ends. It does not look at the clock: an owner that slept and was not replaced goes on.
--
-- The rows are locked first and the epochs are read by the next statement, so a commit that waited for a take-over sees
-- what the take-over wrote. The rows are locked in the order of their numbers, so no two commits wait for each other in
-- a circle.
--
-- Called by: `flush`.
-- Locks: the row in `gate` of each shard, FOR KEY SHARE, until the commit. Commits share it; `lease` does not.
-- Answers: nothing.
-- Raises: AC001 where a shard is held by another owner or under another epoch; DETAIL has these shards. What
--   `committed_reads` raises.
CREATE FUNCTION fence(asker text, leases held_shard[]) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT
AS $$
DECLARE
    lost text;
BEGIN
    PERFORM committed_reads();
    PERFORM FROM gate g WHERE g.gate = ANY (ARRAY(SELECT l.shard FROM unnest(leases) AS l))
    ORDER BY g.gate FOR KEY SHARE;

    SELECT string_agg(wanted.shard::text, ',') INTO lost
    FROM unnest(leases) AS wanted
    LEFT JOIN shard held ON held.shard = wanted.shard AND held.epoch = wanted.epoch AND held.owner = asker
    WHERE held.shard IS NULL;
    IF lost IS NOT NULL THEN
        RAISE EXCEPTION 'shards are held by another owner' USING ERRCODE = 'AC001', DETAIL = lost;
    END IF;
END
$$;

REVOKE ALL ON FUNCTION fence FROM PUBLIC;
GRANT EXECUTE ON FUNCTION fence TO :"sidecar";
