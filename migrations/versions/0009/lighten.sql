-- Payloads first (design 3.5): of sessions over for longer than `age`, in shards that `asker` holds, messages, answers,
-- the result and what was undone go; id, times, outcome and reason stay for lists until the row is collected. The start
-- stays without its arguments, so that a request that is repeated under its key is known. What is owed or parked stays
-- whole, as in `collect`.
--
-- From `since` on, by the time they were over, at most `batch`; answers how many, and up to which time. A row keeps when
-- it lost its values, so that a reader is not told that there were none; looked at again it has nothing left to lose.
-- Whoever asks passes over what was owed or parked when its time came, until it asks from the beginning again; at last
-- `collect` takes all of it.
CREATE OR REPLACE FUNCTION lighten(asker text, age interval, since timestamptz, batch integer)
RETURNS TABLE (sessions bigint, reached timestamptz)
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT SET lock_timeout = '2s'
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
BEGIN
    RETURN QUERY
    WITH due AS MATERIALIZED (
        SELECT s.session, s.role, s.over_at FROM session s
        WHERE NOT s.open AND s.over_at >= since AND s.over_at < clock_timestamp() - age AND NOT s.parked
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
        UPDATE session s SET result = NULL,
            body = convert_to(format('{"let_go_at":%s}', extract(epoch FROM clock_timestamp())), 'UTF8')
        FROM due d
        WHERE s.session = d.session AND s.role = d.role
          AND (s.result IS NOT NULL OR substr(s.body, 1, 12) <> '{"let_go_at"')
    )
    SELECT count(*), max(d.over_at) FROM due d;
END
$$;
