-- `undelivered` finds messages that nobody will take as things are, of sessions that are open and not parked, in the
-- shards that `asker` holds. They are answered until their session is parked or goes back. It begins with these
-- messages and looks up the session of each: they are few, where open sessions may be many.
--
-- Called by: `accompanist/log/postgres.py`.
-- Locks: nothing.
-- Answers: the messages, with the answer that each got: `clash` (its receiver has other content), `refused` (it is
--   beyond a bound, or not sayable), `nowhere` (no schema is known for its service). At most `batch`, longest ago
--   first.
CREATE FUNCTION undelivered(asker text, batch integer)
RETURNS TABLE (session uuid, site text, sender text, receiver text, answer text, service text)
LANGUAGE plpgsql SET search_path FROM CURRENT
SET plan_cache_mode = force_generic_plan SET enable_hashjoin = off SET enable_mergejoin = off
SET seq_page_cost = 1 SET random_page_cost = 0.1
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH kept AS MATERIALIZED (
        SELECT o.session, o.site, o.sender, o.receiver, o.answer, o.service, o.tried_at FROM outbox o
        WHERE o.answer IN ('clash', 'refused', 'nowhere')
    )
    SELECT o.session, o.site, o.sender, o.receiver, o.answer, o.service
    FROM kept o
    CROSS JOIN LATERAL (
        SELECT FROM session s
        WHERE s.session = o.session AND s.role = o.sender
          AND s.open AND NOT s.parked AND s.phase IN ('running', 'done')
          AND s.shard = ANY (ARRAY(SELECT h.shard FROM shard h WHERE h.owner = asker))
        OFFSET 0  -- looked up for each, in this order
    ) AS waiting
    ORDER BY o.tried_at LIMIT batch;
END
$$;

REVOKE ALL ON FUNCTION undelivered FROM PUBLIC;
GRANT EXECUTE ON FUNCTION undelivered TO :"sidecar";
