-- `collect` and `fence` as they were. A late `flush` may again write beside a stub that is being made.
DROP FUNCTION flush(
    text, held_shard[], session_write[], result_write[], timer_write[], message_target[], message_write[]);
DROP FUNCTION fence;

CREATE FUNCTION fence(asker text, shards smallint[], epochs bigint[]) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT
AS $$
DECLARE
    lost text;
BEGIN
    PERFORM committed_reads();
    PERFORM FROM gate g WHERE g.gate = ANY (shards) ORDER BY g.gate FOR KEY SHARE;

    SELECT string_agg(wanted.shard::text, ',') INTO lost
    FROM unnest(shards, epochs) AS wanted (shard, epoch)
    LEFT JOIN shard held ON held.shard = wanted.shard AND held.epoch = wanted.epoch AND held.owner = asker
    WHERE held.shard IS NULL;
    IF lost IS NOT NULL THEN
        RAISE EXCEPTION 'shards are held by another owner' USING ERRCODE = 'AC001', DETAIL = lost;
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION collect(asker text, age interval, batch integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT SET lock_timeout = '2s'
SET plan_cache_mode = force_generic_plan SET enable_hashjoin = off SET enable_mergejoin = off
SET seq_page_cost = 1 SET random_page_cost = 0.1
AS $$
DECLARE
    gone bigint;
BEGIN
    WITH due AS MATERIALIZED (
        SELECT s.session, s.role, coalesce(s.outcome, s.phase) AS outcome FROM session s
        WHERE NOT s.open AND s.over_at < statement_timestamp() - age AND NOT s.parked
          AND s.shard = ANY (ARRAY(SELECT h.shard FROM shard h WHERE h.owner = asker))
          AND NOT EXISTS (
              SELECT FROM outbox o WHERE o.session = s.session AND o.sender = s.role
                AND o.answer NOT IN ('clash', 'refused'))
        ORDER BY s.over_at LIMIT batch
        FOR UPDATE OF s SKIP LOCKED
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

DROP TYPE held_shard, session_write, result_write, timer_write, message_target, message_write;
