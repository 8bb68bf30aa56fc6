-- `signal` tells a role of this service an event inside the caller's transaction: it counts when that commits. The
-- event lies in `inbox` as one that a client told the sidecar. It is checked by what the role waits for in the version
-- of its session, as a sidecar published it in `awaited`. Where the session is not known yet, that is any version.
-- Where its version was not published by the sidecar that began last, the event is not checked here: a value that does
-- not fit parks the session when it is read (ACC217).
--
-- The first value of an event counts. The same value again changes nothing.
--
-- Called by: applications, in their own transactions.
-- Locks: what `accept` locks, until the transaction ends.
-- Answers: true where the event is new; false where it was told before.
-- Raises: AC712 for a parameter that is null; AC717 for a session that is over at the role; AC719 where the inbox is
--   full; AC729 where the log did not take it; AC740 for an event that the role does not wait for; AC741 for a value
--   that does not fit; AC742 for another value than the first one; AC743 where too many events wait for their
--   sessions. Each stands for the error of that number, `accompanist explain ACC740`.
CREATE FUNCTION signal(session uuid, role text, name text, value jsonb) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
SET standard_conforming_strings = on
AS $$
#variable_conflict use_column
DECLARE
    mine text;
    payload_max integer;
    sent bytea;
    place text := '!event/' || signal.name;
    known record;
    version text;
    fits boolean := false;
    waits text[] := '{}';
    wrong text;
    candidate awaited;
    header text;
    answer text;
BEGIN
    IF num_nulls(signal.session, signal.role, signal.name, signal.value) > 0 THEN
        RAISE EXCEPTION 'ACC712: a session, a role, an event and its value are given' USING ERRCODE = 'AC712';
    END IF;
    SELECT g.service, g.payload_bytes_max INTO STRICT mine, payload_max FROM setting g;
    IF pg_column_size(signal.value) > payload_max * 8::bigint THEN
        RAISE EXCEPTION 'ACC741: it takes more than % bytes', payload_max USING ERRCODE = 'AC741';
    END IF;
    sent := convert_to(canonical(signal.value), 'UTF8');
    IF octet_length(sent) > payload_max THEN
        RAISE EXCEPTION 'ACC741: it takes more than % bytes', payload_max USING ERRCODE = 'AC741';
    END IF;

    SELECT s.outcome, s.header, convert_from(s.body, 'UTF8')::json ->> 'hosted' AS hosted INTO known
    FROM session s WHERE s.session = signal.session AND s.role = signal.role;
    IF known.outcome IS NOT NULL THEN
        RAISE EXCEPTION 'ACC717: % is % at %', signal.session, known.outcome, left(signal.role, 63) USING
            ERRCODE = 'AC717';
    END IF;
    version := coalesce(known.hosted, version_of(known.header), (
        SELECT version_of(i.header) FROM inbox i
        WHERE i.session = signal.session AND i.receiver = signal.role AND i.kind <> 'event'
        ORDER BY i.received_at LIMIT 1));

    IF version IS NULL OR EXISTS (SELECT FROM awaited a WHERE a.fingerprint = version) THEN
        FOR candidate IN
            SELECT a.* FROM awaited a WHERE a.role = signal.role AND (version IS NULL OR a.fingerprint = version)
        LOOP
            waits := waits || ARRAY(SELECT jsonb_object_keys(candidate.events));
            CONTINUE WHEN NOT candidate.events ? signal.name;
            wrong := misfit(signal.value, candidate.events -> signal.name, candidate.types, '$');
            fits := fits OR wrong IS NULL;
        END LOOP;
        IF signal.name <> ALL (waits) THEN
            RAISE EXCEPTION 'ACC740: % waits for no event % at %', mine, left(signal.name, 63), left(signal.role, 63)
                USING ERRCODE = 'AC740', HINT = 'There are: ' || coalesce(
                    (SELECT string_agg(DISTINCT w, ', ' ORDER BY w) FROM unnest(waits) AS w), 'none') || '.';
        ELSIF NOT fits THEN
            RAISE EXCEPTION 'ACC741: %: %', left(signal.name, 63), wrong USING ERRCODE = 'AC741';
        END IF;
    END IF;
    IF version IS NULL AND (
        SELECT count(*) >= 10000
        FROM (SELECT FROM arrival a WHERE a.early AND a.site LIKE '!event/%' LIMIT 10000) AS w)
    THEN
        RAISE EXCEPTION 'ACC743: % knows no session %', mine, signal.session USING ERRCODE = 'AC743';
    END IF;

    header := '{"session":"' || signal.session || '","choreography":"","fingerprint":"","initiator":"","bindings":{'
        || to_jsonb(signal.role)::text || ':' || to_jsonb(mine)::text || '},"started_at":'
        || extract(epoch FROM clock_timestamp()) || '}';
    answer := (accept(mine, ARRAY[signal.session], ARRAY[place], ARRAY[''], ARRAY[signal.role], ARRAY['event'],
        ARRAY[convert_to(header, 'UTF8')], ARRAY[sent], ARRAY['{}'::bytea], false))[1];
    CASE answer
        WHEN 'stored' THEN
            PERFORM pg_notify(left('accompanist_' || current_schema(), 63), right(signal.session::text, 2));
            RETURN true;
        WHEN 'same' THEN
            RETURN false;
        WHEN 'clash' THEN
            RAISE EXCEPTION 'ACC742: % was told to % of % with another value', left(signal.name, 63),
                left(signal.role, 63), signal.session USING ERRCODE = 'AC742';
        WHEN 'closed' THEN
            RAISE EXCEPTION 'ACC717: % is over at %, and was collected', signal.session, left(signal.role, 63) USING
                ERRCODE = 'AC717';
        WHEN 'full' THEN
            RAISE EXCEPTION 'ACC719: the inbox of % takes no more now', mine USING ERRCODE = 'AC719';
        ELSE
            RAISE EXCEPTION 'ACC729: the log of % answers % to an event', mine, answer USING ERRCODE = 'AC729';
    END CASE;
END
$$;

REVOKE ALL ON FUNCTION signal FROM PUBLIC;
GRANT EXECUTE ON FUNCTION signal TO :"worker";
