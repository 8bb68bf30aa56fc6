-- As in 0009 and 0011, but that it first locks what goes, and removes it by a second statement. One statement saw
-- what there was before its locks: what a `flush` had committed in between stayed, beside the stub.
CREATE OR REPLACE FUNCTION collect(asker text, age interval, batch integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT SET lock_timeout = '2s'
SET plan_cache_mode = force_generic_plan SET enable_hashjoin = off SET enable_mergejoin = off
SET seq_page_cost = 1 SET random_page_cost = 0.1
AS $$
DECLARE
    locked record;
    gone bigint;
BEGIN
    SELECT array_agg(d.session) AS session, array_agg(d.role) AS role INTO locked FROM (
        SELECT s.session, s.role FROM session s
        WHERE NOT s.open AND s.over_at < statement_timestamp() - age AND NOT s.parked
          AND s.shard = ANY (ARRAY(SELECT h.shard FROM shard h WHERE h.owner = asker))
          AND NOT EXISTS (
              SELECT FROM outbox o WHERE o.session = s.session AND o.sender = s.role
                AND o.answer NOT IN ('clash', 'refused'))
        ORDER BY s.over_at LIMIT batch
        FOR UPDATE OF s SKIP LOCKED
    ) AS d;
    IF locked.session IS NULL THEN
        RETURN 0;
    END IF;

    WITH due AS MATERIALIZED (
        SELECT s.session, s.role, coalesce(s.outcome, s.phase) AS outcome
        FROM unnest(locked.session, locked.role) AS d (session, role)
        JOIN session s ON s.session = d.session AND s.role = d.role
        WHERE NOT EXISTS (
            SELECT FROM outbox o WHERE o.session = s.session AND o.sender = s.role
              AND o.answer NOT IN ('clash', 'refused'))
    ), messages AS (
        DELETE FROM inbox i USING due d WHERE i.session = d.session AND i.receiver = d.role
    ), owed AS (
        DELETE FROM outbox o USING due d WHERE o.session = d.session AND o.sender = d.role
    ), answers AS (
        DELETE FROM result r USING due d WHERE r.session = d.session AND r.role = d.role
    ), timers AS (
        DELETE FROM timer t USING due d WHERE t.session = d.session AND t.role = d.role
    ), rows AS (
        DELETE FROM session s USING due d WHERE s.session = d.session AND s.role = d.role
    ), stubs AS (
        INSERT INTO stub (session, role, outcome) SELECT d.session, d.role, d.outcome FROM due d
        ON CONFLICT DO NOTHING
    )
    SELECT count(*) INTO gone FROM due;
    RETURN gone;
END
$$;
