-- `lighten` removes the values of sessions that have been over for longer than `age`, in the shards that `asker` holds.
-- Messages, results, the session's result and body go. Its id, times, outcome and reason stay for lists, until
-- `collect` takes the row. The start stays without its arguments, so that a repeated request is known. What is parked,
-- or still owes a message that is neither `clash` nor `refused`, stays whole.
--
-- It goes by the time the sessions were over: from `since` on, at most `batch`. Whoever asks goes on from `reached`,
-- and from the beginning now and then, for what was parked or owed when its time came. A row notes when it lost its
-- values, so that a reader is not told that there were none. A second look changes nothing.
--
-- Called by: `accompanist/log/postgres.py`.
-- Locks: the rows of `session` that it changes; those that are locked are passed over. The rows of `inbox` and `result`
--   that it removes or empties. It waits 2 s for a lock at most.
-- Answers: how many sessions it looked at, and up to which time; null where there were none.
CREATE FUNCTION lighten(asker text, age interval, since timestamptz, batch integer)
RETURNS TABLE (sessions bigint, reached timestamptz)
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT SET lock_timeout = '2s'
SET plan_cache_mode = force_generic_plan SET enable_hashjoin = off SET enable_mergejoin = off
SET seq_page_cost = 1 SET random_page_cost = 0.1
AS $$
BEGIN
    RETURN QUERY
    WITH due AS MATERIALIZED (
        SELECT s.session, s.role, s.over_at FROM session s
        WHERE NOT s.open AND s.over_at >= since AND s.over_at < statement_timestamp() - age AND NOT s.parked
          AND s.shard = ANY (ARRAY(SELECT h.shard FROM shard h WHERE h.owner = asker))
          AND NOT EXISTS (
              SELECT FROM outbox o WHERE o.session = s.session AND o.sender = s.role
                AND o.answer NOT IN ('clash', 'refused'))
        ORDER BY s.over_at LIMIT batch
        FOR UPDATE OF s SKIP LOCKED
    ), messages AS (
        DELETE FROM inbox i USING due d
        WHERE i.session = d.session AND i.receiver = d.role AND i.kind <> 'start'
    ), starts AS (
        UPDATE inbox i SET payload = 'null' FROM due d
        WHERE i.session = d.session AND i.receiver = d.role AND i.kind = 'start' AND i.payload <> 'null'
    ), answers AS (
        DELETE FROM result r USING due d WHERE r.session = d.session AND r.role = d.role
    ), rows AS (
        UPDATE session s SET result = NULL, retrying = 0, waiting = '',
            body = convert_to(format('{"let_go_at":%s}', extract(epoch FROM clock_timestamp())), 'UTF8')
        FROM due d
        WHERE s.session = d.session AND s.role = d.role
          AND (s.result IS NOT NULL OR substr(s.body, 1, 12) <> '{"let_go_at"')
    )
    SELECT count(*), max(d.over_at) FROM due d;
END
$$;

REVOKE ALL ON FUNCTION lighten FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lighten TO :"sidecar";
