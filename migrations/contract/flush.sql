-- `flush` writes a group of bursts in one commit: the fence, session rows, results, timers, then messages. Without
-- leases nothing is fenced: any replica may write what a client asks for. Each parameter is an array of rows, whose
-- composite types stand in `types.sql`. `messages` are in the order of `targets`, which are those of `hand_over`. What
-- a receiver does not take goes into `outbox` in the same commit.
--
-- A flush may be carried out late, after its sidecar gave it up, asked again and went on. Its epochs may still be right
-- then. So what it says of a session that has gone on since changes nothing:
--
-- - A session row is written when its turn is not below the stored one. Turns are counted within an epoch. An epoch
--   that differs from the stored one is a later one, because the fence has just been passed with it.
-- - No row, result or timer is written for a role that has a stub, and nothing of it into `outbox`: nobody would
--   collect it again. `collect` may be making the stub just now. So the session rows are locked before anything is
--   written: after that the stub is there, or it is made behind this commit.
-- - A timer is not set where its result is, nor for a role that goes back.
-- - Data and choices of a role that goes back, or is over, do not come back into `outbox`.
-- - The first result stays. `vote`, `outcome` and `result` of a session are written once, and `open` never becomes true
--   again.
--
-- Other messages in `outbox` are sent once more, and their receivers answer `same` or `closed`.
--
-- Called by: `accompanist/log/postgres.py`; in one statement behind `mark`.
-- Locks: what `fence` locks, then the rows of `session` of all that it writes, then what it inserts into `session`,
--   `result` and `timer`, each in the order of the keys, then what `accept` locks in each receiver's schema, in the
--   order of the caller's messages. It waits 2 s for a lock at most.
-- Answers: the delivery of each message, in the order given; an empty array where there are none.
-- Raises: what `fence` and `hand_over` raise.
CREATE FUNCTION flush(
    asker text, leases held_shard[], sessions session_write[], results result_write[], timers timer_write[],
    targets message_target[], messages message_write[]
) RETURNS text[]
LANGUAGE plpgsql SET search_path FROM CURRENT SET lock_timeout = '2s'
SET plan_cache_mode = force_generic_plan SET enable_hashjoin = off SET enable_mergejoin = off
SET seq_page_cost = 1 SET random_page_cost = 0.1
AS $$
DECLARE
    going_back boolean := false;
    over boolean := false;
    target message_target;
    schemas text[] := '{}';
    counts integer[] := '{}';
    homes boolean[] := '{}';
    sent record;
    answers text[] := '{}';
BEGIN
    IF cardinality(leases) > 0 THEN
        PERFORM fence(asker, leases);
    END IF;

    -- A statement of its own: what follows sees the stub of a `collect` that this has waited for.
    PERFORM FROM session s
    WHERE (s.session, s.role) IN (
        SELECT w.session, w.role FROM unnest(sessions) AS w
        UNION SELECT r.session, r.role FROM unnest(results) AS r
        UNION SELECT t.session, t.role FROM unnest(timers) AS t
        UNION SELECT m.session, m.sender FROM unnest(messages) AS m)
    ORDER BY s.session, s.role FOR NO KEY UPDATE;

    IF cardinality(sessions) > 0 THEN
        SELECT bool_or(w.phase IN ('undoing', 'undone', 'ended')), bool_or(w.phase = 'settled') INTO going_back, over
        FROM unnest(sessions) AS w;
        INSERT INTO session AS old (
            session, role, shard, open, parked, choreography, phase, vote, outcome,
            reason, header, body, result, started_at, waiting, retrying, epoch, turn, over_at)
        SELECT w.session, w.role, w.shard, w.open, w.parked, w.choreography, w.phase, w.vote, w.outcome,
            w.reason, w.header, w.body, w.result, w.started_at, w.waiting, w.retrying, w.epoch, w.turn,
            CASE WHEN NOT w.open THEN clock_timestamp() END
        FROM unnest(sessions) AS w
        WHERE NOT EXISTS (SELECT FROM stub s WHERE s.session = w.session AND s.role = w.role)
        ORDER BY w.session, w.role
        ON CONFLICT (session, role) DO UPDATE SET
            open = old.open AND excluded.open,
            parked = excluded.parked,
            phase = CASE WHEN old.open THEN excluded.phase ELSE old.phase END,
            vote = coalesce(old.vote, excluded.vote),
            outcome = coalesce(old.outcome, excluded.outcome),
            reason = CASE WHEN old.outcome IS NULL THEN excluded.reason ELSE old.reason END,
            body = excluded.body,
            result = coalesce(old.result, excluded.result),
            waiting = excluded.waiting,
            retrying = excluded.retrying,
            epoch = excluded.epoch,
            turn = excluded.turn,
            over_at = coalesce(old.over_at, excluded.over_at),
            updated_at = clock_timestamp()
        WHERE old.epoch <> excluded.epoch OR old.turn <= excluded.turn;
        -- A session row answers for its early rows. Looked for at every write, not at the first alone: `take` may
        -- have called a row early while that first write was being committed.
        DELETE FROM arrival a USING unnest(sessions) AS w
        WHERE a.early AND a.session = w.session AND a.receiver = w.role;
    END IF;

    IF cardinality(results) > 0 THEN
        INSERT INTO result (session, role, site, kind, operation, outcome, digest, value)
        SELECT r.session, r.role, r.site, r.kind, r.operation, r.outcome, r.digest, r.value
        FROM unnest(results) AS r
        WHERE NOT EXISTS (SELECT FROM stub s WHERE s.session = r.session AND s.role = r.role)
        ORDER BY r.session, r.role, r.site, r.kind
        ON CONFLICT DO NOTHING;
    END IF;

    IF cardinality(timers) > 0 THEN
        INSERT INTO timer (session, role, site, shard, operation, due_at, ask_at)
        SELECT t.session, t.role, t.site, t.shard, t.operation, at.due_at, at.due_at
        FROM unnest(timers) AS t,
            LATERAL (SELECT clock_timestamp() + t.seconds * interval '1 second' AS due_at) AS at
        WHERE NOT EXISTS (
            SELECT FROM result r
            WHERE r.session = t.session AND r.role = t.role AND r.site = t.site
              AND (r.operation = 'role.sleep' OR r.operation LIKE 'role.timeout.%'))
          AND NOT EXISTS (
            SELECT FROM session s
            WHERE s.session = t.session AND s.role = t.role AND s.phase IN ('undoing', 'undone', 'ended'))
          AND NOT EXISTS (SELECT FROM stub s WHERE s.session = t.session AND s.role = t.role)
        ORDER BY t.session, t.role, t.site
        ON CONFLICT DO NOTHING;
    END IF;
    -- only what a timer can end with is looked for: most commits have none of it
    IF cardinality(results) > 0 AND EXISTS (
        SELECT FROM unnest(results) AS r WHERE r.operation = 'role.sleep' OR r.operation LIKE 'role.timeout.%')
    THEN
        DELETE FROM timer t USING unnest(results) AS r
        WHERE (t.session, t.role, t.site) = (r.session, r.role, r.site)
          AND (r.operation = 'role.sleep' OR r.operation LIKE 'role.timeout.%');
    END IF;
    IF going_back THEN
        DELETE FROM timer t USING unnest(sessions) AS w
        WHERE t.session = w.session AND t.role = w.role AND w.phase IN ('undoing', 'undone', 'ended');
    END IF;

    IF cardinality(messages) > 0 THEN
        SELECT array_agg(m.session) AS session, array_agg(m.site) AS site, array_agg(m.sender) AS sender,
            array_agg(m.receiver) AS receiver, array_agg(m.kind) AS kind, array_agg(m.header) AS header,
            array_agg(m.payload) AS payload, array_agg(m.context) AS context INTO sent FROM unnest(messages) AS m;
        FOREACH target IN ARRAY targets LOOP
            schemas := schemas || target.schema;
            counts := counts || target.messages;
            homes := homes || target.home;
        END LOOP;
        answers := hand_over(
            schemas, counts, homes, sent.session, sent.site, sent.sender, sent.receiver,
            sent.kind, sent.header, sent.payload, sent.context);
        IF answers && ARRAY['full', 'unknown', 'refused', 'nowhere'] THEN
            INSERT INTO outbox AS old (session, site, sender, receiver, kind, service, answer, header, payload, context)
            SELECT DISTINCT ON (m.session, m.site, m.sender, m.receiver)
                m.session, m.site, m.sender, m.receiver, m.kind, m.service, m.answer, m.header, m.payload, m.context
            FROM ROWS FROM (unnest(messages), unnest(answers)) AS m (
                session, site, sender, receiver, kind, header, payload, context, service, answer)
            WHERE m.answer IN ('full', 'unknown', 'refused', 'nowhere')
              AND m.sender <> ''  -- a client is told, and asks again: nobody else stands for what it wanted
              AND NOT EXISTS (SELECT FROM stub s WHERE s.session = m.session AND s.role = m.sender)
              AND NOT (m.kind IN ('data', 'choice') AND EXISTS (
                  SELECT FROM session s
                  WHERE s.session = m.session AND s.role = m.sender
                    AND s.phase IN ('undoing', 'undone', 'settled', 'ended')))
            ORDER BY m.session, m.site, m.sender, m.receiver
            ON CONFLICT (session, site, sender, receiver) DO UPDATE
                -- a person has let its session send once more what was never to be taken
                SET answer = excluded.answer, due_at = clock_timestamp()
                WHERE old.answer IN ('clash', 'refused', 'nowhere');
        END IF;
    END IF;

    -- A role that goes back, or is over, says nothing more to programs: what waits of it would begin a session
    -- somewhere that nobody remembers.
    IF going_back OR over THEN
        DELETE FROM outbox o USING unnest(sessions) AS w, session s
        WHERE o.session = w.session AND o.sender = w.role AND o.kind IN ('data', 'choice')
          AND s.session = w.session AND s.role = w.role
          AND s.phase IN ('undoing', 'undone', 'settled', 'ended');
    END IF;
    RETURN answers;
END
$$;

-- The same by columns, as sidecars of revision 0022 ask for it, until they have been replaced by later ones.
CREATE FUNCTION flush(
    asker text, shards smallint[], epochs bigint[],
    s_session uuid[], s_role text[], s_shard smallint[], s_open boolean[], s_parked boolean[],
    s_choreography text[], s_phase text[], s_vote text[], s_outcome text[],
    s_reason bytea[], s_header bytea[], s_body bytea[], s_result bytea[], s_started_at float8[],
    s_waiting text[], s_retrying integer[], s_epoch bigint[], s_turn bigint[],
    r_session uuid[], r_role text[], r_site text[], r_kind text[], r_operation text[],
    r_outcome text[], r_digest bytea[], r_value bytea[],
    t_session uuid[], t_role text[], t_site text[], t_shard smallint[], t_operation text[], t_seconds float8[],
    m_schemas text[], m_counts integer[], m_homes boolean[],
    m_session uuid[], m_site text[], m_sender text[], m_receiver text[], m_kind text[],
    m_header bytea[], m_payload bytea[], m_context bytea[], m_service text[]
) RETURNS text[]
LANGUAGE plpgsql SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN flush(
        asker,
        ARRAY(SELECT ROW(l.*)::held_shard FROM unnest(shards, epochs) AS l),
        ARRAY(SELECT ROW(w.*)::session_write FROM unnest(
            s_session, s_role, s_shard, s_open, s_parked, s_choreography, s_phase, s_vote, s_outcome,
            s_reason, s_header, s_body, s_result, s_started_at, s_waiting, s_retrying, s_epoch, s_turn) AS w),
        ARRAY(SELECT ROW(r.*)::result_write FROM unnest(
            r_session, r_role, r_site, r_kind, r_operation, r_outcome, r_digest, r_value) AS r),
        ARRAY(SELECT ROW(t.*)::timer_write FROM unnest(
            t_session, t_role, t_site, t_shard, t_operation, t_seconds) AS t),
        ARRAY(SELECT ROW(t.*)::message_target FROM unnest(m_schemas, m_counts, m_homes) AS t),
        ARRAY(SELECT ROW(m.*)::message_write FROM unnest(
            m_session, m_site, m_sender, m_receiver, m_kind, m_header, m_payload, m_context, m_service) AS m));
END
$$;

REVOKE ALL ON FUNCTION flush(
    text, held_shard[], session_write[], result_write[], timer_write[], message_target[], message_write[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION flush(
    text, held_shard[], session_write[], result_write[], timer_write[], message_target[], message_write[])
    TO :"sidecar";
REVOKE ALL ON FUNCTION flush(
    text, smallint[], bigint[],
    uuid[], text[], smallint[], boolean[], boolean[], text[], text[], text[], text[],
    bytea[], bytea[], bytea[], bytea[], float8[], text[], integer[], bigint[], bigint[],
    uuid[], text[], text[], text[], text[], text[], bytea[], bytea[],
    uuid[], text[], text[], smallint[], text[], float8[],
    text[], integer[], boolean[], uuid[], text[], text[], text[], text[], bytea[], bytea[], bytea[], text[])
    FROM PUBLIC;
GRANT EXECUTE ON FUNCTION flush(
    text, smallint[], bigint[],
    uuid[], text[], smallint[], boolean[], boolean[], text[], text[], text[], text[],
    bytea[], bytea[], bytea[], bytea[], float8[], text[], integer[], bigint[], bigint[],
    uuid[], text[], text[], text[], text[], text[], bytea[], bytea[],
    uuid[], text[], text[], smallint[], text[], float8[],
    text[], integer[], boolean[], uuid[], text[], text[], text[], text[], bytea[], bytea[], bytea[], text[])
    TO :"sidecar";
