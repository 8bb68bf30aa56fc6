-- A `flush` or `resend` that is under way ends first: it would not find the functions that it began with.
LOCK TABLE session, outbox IN EXCLUSIVE MODE;

-- A function in SQL is planned at each call, until Postgres 18. `deliver_of` was one, and was called twice for each
-- receiver of a flush: a third of what the server did for a saga. Now it is planned once for each connection,
-- and asked about all receivers at once, before the first is called and after the last.
DROP FUNCTION deliver_of;

CREATE FUNCTION deliver_of(schemas text[]) RETURNS text[]
LANGUAGE plpgsql
AS $$
BEGIN
    RETURN ARRAY(
        SELECT (
            SELECT p.oid || ' ' || p.xmin
            FROM pg_namespace n
            JOIN pg_proc p ON p.pronamespace = n.oid
            JOIN pg_roles r ON r.oid = p.proowner
            JOIN pg_language l ON l.oid = p.prolang
            WHERE n.nspname = s.schema AND p.proname = 'deliver' AND p.prokind = 'f' AND NOT p.proretset
              AND p.proargtypes = '2951 1009 1009 1009 1009 1001 1001 1001 16'::oidvector
              AND p.prorettype = 1009
              AND p.prosecdef AND p.proowner = n.nspowner
              AND r.rolname LIKE '%\_owner' AND NOT r.rolcanlogin AND NOT r.rolsuper
              AND format('search_path=%s, pg_temp', s.schema) = ANY (p.proconfig)
              AND l.lanname IN ('plpgsql', 'sql'))
        FROM unnest(schemas) AS s (schema));
END
$$;

-- As in 0021, but that it looks at all `deliver` at once.
CREATE OR REPLACE FUNCTION hand_over(
    schemas text[], counts integer[], homes boolean[],
    sessions uuid[], sites text[], senders text[], receivers text[], kinds text[],
    headers bytea[], payloads bytea[], contexts bytea[]
) RETURNS text[]
LANGUAGE plpgsql SET search_path FROM CURRENT
AS $$
DECLARE
    answers text[] := '{}';
    part text[];
    lo integer := 1;
    hi integer;
    neighbours text[] := array_remove(array_remove(schemas, ''), current_schema()::text);
    before text[];
BEGIN
    IF neighbours <> '{}' THEN
        before := deliver_of(schemas);
    END IF;
    FOR i IN 1 .. cardinality(schemas) LOOP
        hi := lo + counts[i] - 1;
        part := NULL;
        IF schemas[i] = current_schema() THEN
            part := deliver(
                sessions[lo:hi], sites[lo:hi], senders[lo:hi], receivers[lo:hi], kinds[lo:hi],
                headers[lo:hi], payloads[lo:hi], contexts[lo:hi], homes[i]);
        ELSIF schemas[i] = '' THEN
            part := array_fill('nowhere'::text, ARRAY[counts[i]]);
        ELSIF before[i] IS NOT NULL THEN
            BEGIN
                EXECUTE format('SELECT %I.deliver($1, $2, $3, $4, $5, $6, $7, $8, $9)', schemas[i]) INTO part
                USING sessions[lo:hi], sites[lo:hi], senders[lo:hi], receivers[lo:hi], kinds[lo:hi],
                    headers[lo:hi], payloads[lo:hi], contexts[lo:hi], homes[i];
            EXCEPTION WHEN OTHERS THEN
                part := NULL;
            END;
        END IF;
        IF part IS NULL OR cardinality(part) <> counts[i] THEN
            part := array_fill('unknown'::text, ARRAY[counts[i]]);
        END IF;
        answers := answers || part;
        lo := hi + 1;
    END LOOP;
    IF neighbours <> '{}' AND deliver_of(schemas) IS DISTINCT FROM before THEN
        RAISE EXCEPTION 'deliver was replaced while it was called' USING ERRCODE = 'serialization_failure';
    END IF;
    PERFORM own_name();
    RETURN answers;
END
$$;

-- As in 0021, but planned once.
CREATE OR REPLACE FUNCTION deliver(
    sessions uuid[], sites text[], senders text[], receivers text[], kinds text[],
    headers bytea[], payloads bytea[], contexts bytea[], home boolean
) RETURNS text[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
-- a sender does not wait long for a receiver that is, say, being migrated: its message goes by the outbox then
SET lock_timeout = '250ms'
AS $$
BEGIN
    IF speaker() = '' THEN
        RETURN array_fill('unknown'::text, ARRAY[cardinality(sessions)]);
    END IF;
    RETURN accept(speaker(), sessions, sites, senders, receivers, kinds, headers, payloads, contexts, home);
END
$$;

-- As in 0023, but that it looks through the rows once for all that is asked of their phases.
CREATE OR REPLACE FUNCTION flush(
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

-- Values that do not fit on a page are compressed with lz4, where the server was built with it. JSON takes a third of
-- the time that it takes with Postgres's own form, and 1.6 times the room. What was written before is read as it is.
DO $$
BEGIN
    ALTER TABLE inbox ALTER payload SET COMPRESSION lz4;
    ALTER TABLE outbox ALTER payload SET COMPRESSION lz4;
    ALTER TABLE result ALTER value SET COMPRESSION lz4;
    ALTER TABLE session ALTER result SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported THEN
    NULL;
END
$$;

DO $$
BEGIN
    EXECUTE 'REVOKE ALL ON FUNCTION deliver_of FROM PUBLIC';
    EXECUTE format('GRANT EXECUTE ON FUNCTION deliver_of TO %I', current_setting('accompanist.service') || '_sidecar');
END
$$;
