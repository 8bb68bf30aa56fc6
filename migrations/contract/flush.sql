-- `flush` writes a group of bursts in one commit: the fence, session rows, results, timers, then messages. With no
-- shards nothing is fenced: any replica may write what a client asks for. The parameters are columns of rows: `s_` of
-- `session`, `r_` of `result`, `t_` of `timer`, `m_` of messages. `m_schemas`, `m_counts` and `m_homes` are those of
-- `hand_over`. What a receiver does not take goes into `outbox` in the same commit.
--
-- A flush may be carried out late, after its sidecar gave it up, asked again and went on. Its epochs may still be right
-- then. So what it says of a session that has gone on since changes nothing:
--
-- - A session row is written when its turn is not below the stored one. Turns are counted within an epoch. An epoch
--   that differs from the stored one is a later one, because the fence has just been passed with it.
-- - No row and no result is written for a role that has a stub: nobody would collect it again.
-- - A timer is not set where its result is, nor for a role that goes back.
-- - Data and choices of a role that goes back, or is over, do not come back into `outbox`.
-- - The first result stays. `vote`, `outcome` and `result` of a session are written once, and `open` never becomes true
--   again.
--
-- Other messages in `outbox` are sent once more, and their receivers answer `same` or `closed`.
--
-- Called by: `accompanist/log/postgres.py`; in one statement behind `mark`.
-- Locks: what `fence` locks, then rows of `session`, `result` and `timer` in the order of their keys, then what
--   `accept` locks in each receiver's schema, in the order of the caller's messages. It waits 2 s for a lock at most.
-- Answers: the delivery of each message, in the order given; an empty array where there are none.
-- Raises: what `fence` and `hand_over` raise.
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
LANGUAGE plpgsql SET search_path FROM CURRENT SET lock_timeout = '2s'
SET plan_cache_mode = force_generic_plan SET enable_hashjoin = off SET enable_mergejoin = off
SET seq_page_cost = 1 SET random_page_cost = 0.1
AS $$
DECLARE
    answers text[] := '{}';
BEGIN
    IF cardinality(shards) > 0 THEN
        PERFORM fence(asker, shards, epochs);
    END IF;

    IF cardinality(s_session) > 0 THEN
        INSERT INTO session AS old (
            session, role, shard, open, parked, choreography, phase, vote, outcome,
            reason, header, body, result, started_at, waiting, retrying, epoch, turn, over_at)
        SELECT given.*, CASE WHEN NOT given.open THEN clock_timestamp() END FROM unnest(
            s_session, s_role, s_shard, s_open, s_parked, s_choreography, s_phase, s_vote, s_outcome,
            s_reason, s_header, s_body, s_result, s_started_at, s_waiting, s_retrying, s_epoch, s_turn)
            AS given (session, role, shard, open, parked, choreography, phase, vote, outcome,
                reason, header, body, result, started_at, waiting, retrying, epoch, turn)
        WHERE NOT EXISTS (SELECT FROM stub s WHERE s.session = given.session AND s.role = given.role)
        ORDER BY given.session, given.role
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
        DELETE FROM arrival a USING unnest(s_session, s_role) AS w (session, role)
        WHERE a.early AND a.session = w.session AND a.receiver = w.role;
    END IF;

    IF cardinality(r_session) > 0 THEN
        INSERT INTO result (session, role, site, kind, operation, outcome, digest, value)
        SELECT * FROM unnest(r_session, r_role, r_site, r_kind, r_operation, r_outcome, r_digest, r_value)
            AS given (session, role, site, kind, operation, outcome, digest, value)
        WHERE NOT EXISTS (SELECT FROM stub s WHERE s.session = given.session AND s.role = given.role)
        ORDER BY session, role, site, kind
        ON CONFLICT DO NOTHING;
    END IF;

    IF cardinality(t_session) > 0 THEN
        INSERT INTO timer (session, role, site, shard, operation, due_at, ask_at)
        SELECT session, role, site, shard, operation, due_at, due_at
        FROM unnest(t_session, t_role, t_site, t_shard, t_operation, t_seconds)
            AS given (session, role, site, shard, operation, seconds),
            LATERAL (SELECT clock_timestamp() + seconds * interval '1 second' AS due_at) AS set
        WHERE NOT EXISTS (
            SELECT FROM result r
            WHERE r.session = given.session AND r.role = given.role AND r.site = given.site
              AND (r.operation = 'role.sleep' OR r.operation LIKE 'role.timeout.%'))
          AND NOT EXISTS (
            SELECT FROM session s
            WHERE s.session = given.session AND s.role = given.role AND s.phase IN ('undoing', 'undone', 'ended'))
        ORDER BY session, role, site
        ON CONFLICT DO NOTHING;
    END IF;
    -- only what a timer can end with is looked for: most commits have none of it
    IF EXISTS (SELECT FROM unnest(r_operation) AS o WHERE o = 'role.sleep' OR o LIKE 'role.timeout.%') THEN
        DELETE FROM timer t USING unnest(r_session, r_role, r_site, r_operation)
            AS given (session, role, site, operation)
        WHERE (t.session, t.role, t.site) = (given.session, given.role, given.site)
          AND (given.operation = 'role.sleep' OR given.operation LIKE 'role.timeout.%');
    END IF;
    IF s_phase && ARRAY['undoing', 'undone', 'ended'] THEN
        DELETE FROM timer t USING unnest(s_session, s_role, s_phase) AS given (session, role, phase)
        WHERE t.session = given.session AND t.role = given.role AND given.phase IN ('undoing', 'undone', 'ended');
    END IF;

    IF cardinality(m_session) > 0 THEN
        answers := hand_over(
            m_schemas, m_counts, m_homes, m_session, m_site, m_sender, m_receiver, m_kind,
            m_header, m_payload, m_context);
        IF answers && ARRAY['full', 'unknown', 'refused', 'nowhere'] THEN
            INSERT INTO outbox AS old (session, site, sender, receiver, kind, service, answer, header, payload, context)
            SELECT DISTINCT ON (session, site, sender, receiver)
                session, site, sender, receiver, kind, service, answer, header, payload, context
            FROM unnest(m_session, m_site, m_sender, m_receiver, m_kind, m_service, answers,
                    m_header, m_payload, m_context)
                AS given (session, site, sender, receiver, kind, service, answer, header, payload, context)
            WHERE answer IN ('full', 'unknown', 'refused', 'nowhere')
              AND sender <> ''  -- a client is told, and asks again: nobody else stands for what it wanted
              AND NOT EXISTS (SELECT FROM stub s WHERE s.session = given.session AND s.role = given.sender)
              AND NOT (kind IN ('data', 'choice') AND EXISTS (
                  SELECT FROM session s
                  WHERE s.session = given.session AND s.role = given.sender
                    AND s.phase IN ('undoing', 'undone', 'settled', 'ended')))
            ORDER BY session, site, sender, receiver
            ON CONFLICT (session, site, sender, receiver) DO UPDATE
                -- a person has let its session send once more what was never to be taken
                SET answer = excluded.answer, due_at = clock_timestamp()
                WHERE old.answer IN ('clash', 'refused', 'nowhere');
        END IF;
    END IF;

    -- A role that goes back, or is over, says nothing more to programs: what waits of it would begin a session
    -- somewhere that nobody remembers.
    IF s_phase && ARRAY['undoing', 'undone', 'settled', 'ended'] THEN
        DELETE FROM outbox o USING unnest(s_session, s_role) AS given (session, role), session s
        WHERE o.session = given.session AND o.sender = given.role AND o.kind IN ('data', 'choice')
          AND s.session = given.session AND s.role = given.role
          AND s.phase IN ('undoing', 'undone', 'settled', 'ended');
    END IF;
    RETURN answers;
END
$$;

REVOKE ALL ON FUNCTION flush FROM PUBLIC;
GRANT EXECUTE ON FUNCTION flush TO :"sidecar";
