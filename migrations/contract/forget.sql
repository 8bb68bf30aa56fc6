-- `forget` removes what has outlived its time, at most `batch` rows of each kind:
--
-- - stubs older than `age`, with messages that came in while their sessions were being collected;
-- - audits older than `audit_age`;
-- - events older than `age` that no session has asked for: their session never was, or is not one of this service;
-- - messages that no program here could read for `age`.
--
-- Nothing else that waits for its session goes with time. Its sender was told that it is here, and has forgotten it. It
-- is bounded by what its speaker may have waiting.
--
-- A session whose last stub went is noted in `forgotten`. It is answered until a later call names it in `done`.
--
-- Called by: `accompanist/log/postgres.py`.
-- Locks: the rows that go; of `arrival` and `stub` those that are locked are passed over. It waits 2 s for a lock at
--   most.
-- Answers: at most `batch` sessions that nothing here remembers, for workers to be told `accompanist.forget`.
CREATE FUNCTION forget(age interval, audit_age interval, batch integer, done uuid[]) RETURNS SETOF uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT SET lock_timeout = '2s'
SET plan_cache_mode = force_generic_plan SET enable_hashjoin = off SET enable_mergejoin = off
SET seq_page_cost = 1 SET random_page_cost = 0.1
AS $$
BEGIN
    DELETE FROM forgotten f WHERE f.session = ANY (done);
    DELETE FROM audit a WHERE a.id = ANY (ARRAY(
        SELECT id FROM audit WHERE at < statement_timestamp() - audit_age ORDER BY at LIMIT batch));

    WITH untaken AS (
        DELETE FROM arrival a WHERE a.ctid = ANY (ARRAY(
            SELECT e.ctid FROM arrival e
            WHERE e.early AND e.site LIKE '!event/%' AND e.arrived_at < statement_timestamp() - age
              AND NOT EXISTS (SELECT FROM session s WHERE s.session = e.session AND s.role = e.receiver)
            ORDER BY e.arrived_at LIMIT batch FOR UPDATE SKIP LOCKED))
        RETURNING a.session, a.site, a.sender, a.receiver, a.sender_service
    )
    DELETE FROM inbox i USING untaken u
    WHERE (i.session, i.site, i.sender, i.receiver, i.sender_service)
        = (u.session, u.site, u.sender, u.receiver, u.sender_service);

    WITH unread AS (
        DELETE FROM arrival a WHERE a.ctid = ANY (ARRAY(
            SELECT e.ctid FROM arrival e
            WHERE e.aside AND e.arrived_at < statement_timestamp() - age
            ORDER BY e.arrived_at LIMIT batch FOR UPDATE SKIP LOCKED))
        RETURNING a.session, a.site, a.sender, a.receiver, a.sender_service
    )
    DELETE FROM inbox i USING unread u
    WHERE (i.session, i.site, i.sender, i.receiver, i.sender_service)
        = (u.session, u.site, u.sender, u.receiver, u.sender_service);

    WITH due AS MATERIALIZED (
        SELECT t.session, t.role FROM stub t
        WHERE t.collected_at < statement_timestamp() - age
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

REVOKE ALL ON FUNCTION forget FROM PUBLIC;
GRANT EXECUTE ON FUNCTION forget TO :"sidecar";
