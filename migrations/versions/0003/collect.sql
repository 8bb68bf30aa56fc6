-- As in 0002, with timers that are left of a session, and events for sessions that never came.

DROP FUNCTION collect, forget;

-- Collection (design 3.5): a session that is over becomes a stub, the stub goes, the worker's fence is told.
-- Each step is bounded, and done again it finds what is left. These run as the owner: a sidecar may not delete sessions,
-- messages or results in any other way.

-- Over for longer than `age`, in shards that `asker` holds: messages and results go, the row becomes a stub. All of it in
-- one commit, so that no session is ever seen without its payload. A role that still owes messages (its outbox has some)
-- stays: for the initiator this is what "every contacted role has acknowledged" means in one database. So does one that
-- is parked: somebody is to look at it. Answers how many sessions went.
--
-- Only the owner of a shard collects in it, and writes for it: an owner that was replaced is refused by its epoch, and
-- one that is only slow cannot both write a session and be collecting it.
CREATE FUNCTION collect(asker text, age interval, batch integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT SET lock_timeout = '2s'
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
DECLARE
    gone bigint;
BEGIN
    WITH due AS MATERIALIZED (
        SELECT s.session, s.role, coalesce(s.outcome, s.phase) AS outcome FROM session s
        WHERE NOT s.open AND s.over_at < clock_timestamp() - age AND NOT s.parked
          AND s.shard = ANY (ARRAY(SELECT h.shard FROM shard h WHERE h.owner = asker))
          AND NOT EXISTS (SELECT FROM outbox o WHERE o.session = s.session AND o.sender = s.role)
        ORDER BY s.over_at LIMIT batch
        FOR UPDATE OF s SKIP LOCKED
    ), messages AS (
        DELETE FROM inbox i USING due d WHERE i.session = d.session AND i.receiver = d.role
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

-- Stubs older than `age` go, with what came in while their sessions were being collected. Returns sessions that nothing
-- here remembers any more, for the worker's fence to forget; they are returned until a later call has them in `done`.
-- Audits older than `audit_age` go too, and events older than `age` that no session has asked for: their session never
-- was, or is not one of this service.
CREATE FUNCTION forget(age interval, audit_age interval, batch integer, done uuid[]) RETURNS SETOF uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT SET lock_timeout = '2s'
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
BEGIN
    DELETE FROM forgotten f WHERE f.session = ANY (done);
    DELETE FROM audit a WHERE a.id IN (
        SELECT id FROM audit WHERE at < clock_timestamp() - audit_age ORDER BY at LIMIT batch);

    WITH untaken AS (
        DELETE FROM arrival a WHERE a.ctid = ANY (ARRAY(
            SELECT e.ctid FROM arrival e
            WHERE e.early AND e.site LIKE '!event/%' AND e.arrived_at < clock_timestamp() - age
              AND NOT EXISTS (SELECT FROM session s WHERE s.session = e.session AND s.role = e.receiver)
            ORDER BY e.arrived_at LIMIT batch FOR UPDATE SKIP LOCKED))
        RETURNING a.session, a.site, a.sender, a.receiver
    )
    DELETE FROM inbox i USING untaken u
    WHERE (i.session, i.site, i.sender, i.receiver) = (u.session, u.site, u.sender, u.receiver);

    WITH due AS MATERIALIZED (
        SELECT t.session, t.role FROM stub t
        WHERE t.collected_at < clock_timestamp() - age
        ORDER BY t.collected_at LIMIT batch
        FOR UPDATE SKIP LOCKED
    ), stubs AS (
        DELETE FROM stub t USING due d WHERE t.session = d.session AND t.role = d.role
    ), messages AS (
        DELETE FROM inbox i USING due d WHERE i.session = d.session AND i.receiver = d.role
    ), early AS (
        DELETE FROM arrival a USING due d WHERE a.early AND a.session = d.session AND a.receiver = d.role
    )
    INSERT INTO forgotten (session) SELECT DISTINCT d.session FROM due d ON CONFLICT DO NOTHING;

    RETURN QUERY
    SELECT f.session FROM forgotten f
    WHERE NOT EXISTS (SELECT FROM stub t WHERE t.session = f.session)
      AND NOT EXISTS (SELECT FROM session s WHERE s.session = f.session)
    LIMIT batch;
END
$$;
