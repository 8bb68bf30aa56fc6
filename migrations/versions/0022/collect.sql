-- Over for longer than `age`, in shards that `asker` holds: messages and results go, the row becomes a stub. All of it in
-- one commit, so that no session is ever seen without its payload. A role that still owes messages (its outbox has some
-- that can be delivered) stays: for the initiator this is what "every contacted role has acknowledged" means in one
-- database. So does one that is parked: somebody is to look at it. Answers how many sessions went.
--
-- Who is not the initiator does not stay for ever. Told its end, it owes nothing that anybody waits for. A tombstone was
-- told nothing: whoever aborted a session that was unknown here may never take its answer, and may have begun many. No
-- process is away for longer than stubs are kept, so over for longer than `late` it goes with what it owes. NULL: never.
--
-- Only the owner of a shard collects in it, and writes for it: an owner that was replaced is refused by its epoch, and
-- one that is only slow cannot both write a session and be collecting it.
DROP FUNCTION collect;
CREATE FUNCTION collect(asker text, age interval, late interval, batch integer) RETURNS bigint
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
                AND o.answer NOT IN ('clash', 'refused')
                AND (late IS NULL OR s.over_at >= statement_timestamp() - late OR heads(s.header, s.role)))
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
DO $$
BEGIN
    REVOKE ALL ON FUNCTION collect FROM PUBLIC;
    EXECUTE format('GRANT EXECUTE ON FUNCTION collect TO %I', current_setting('accompanist.service') || '_sidecar');
END
$$;
