-- `start` starts a session inside the caller's transaction: it is there when that commits, and never was when it rolls
-- back. The start lies in `inbox` as one that a client asked the sidecar for. The choreographies that this service may
-- start, and the types of their arguments, are what its sidecar published last, in `startable`. What these types do not
-- say is left to the sidecar: a session whose arguments do not fit after all ends undone, and its reason says so.
--
-- `key` is an idempotency key, the same one as in the API: `request_of`. Requests under it are compared as they were
-- sent. In SQL that is by their SHA-256, since Postgres has no BLAKE2. What the API began is compared with its message,
-- for as long as that is kept.
--
-- The sidecar is woken by NOTIFY at the commit. If it was not, it finds the start when it polls. So the transaction
-- cannot be prepared (PREPARE TRANSACTION).
--
-- Called by: applications, in their own transactions.
-- Locks: the name of the key in `request`, and what `accept` locks, until the transaction ends. It waits 2 s at most
--   for another transaction that uses the same key.
-- Answers: the session's id.
-- Raises: AC704 for a choreography that cannot be started here; AC711 for a key that stands for another request; AC712
--   for a parameter that is none; AC714 for arguments that do not fit; AC719 where the inbox is full; AC729 where the
--   log did not take it. Each stands for the error of that number, `accompanist explain ACC704`.
CREATE FUNCTION start(
    choreography text, arguments jsonb, key text DEFAULT NULL, deadline_ms bigint DEFAULT NULL,
    attributes jsonb DEFAULT '{}'
) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
SET standard_conforming_strings = on
AS $$
#variable_conflict use_column
DECLARE
    mine text;
    payload_max integer;
    known startable;
    wrong text;
    sent bytea;
    at numeric := extract(epoch FROM clock_timestamp());
    request record;
    begun bytea;
    alike boolean := true;
    header text;
    answer text;
BEGIN
    SELECT g.service, g.payload_bytes_max INTO STRICT mine, payload_max FROM setting g;
    SELECT s.* INTO known FROM startable s WHERE s.choreography = start.choreography;
    IF known.choreography IS NULL THEN
        RAISE EXCEPTION 'ACC704: % cannot be started at %', coalesce(left(start.choreography, 63), 'null'), mine USING
            ERRCODE = 'AC704', HINT = 'It can be started here: ' || coalesce(
                (SELECT string_agg(s.choreography, ', ' ORDER BY s.choreography) FROM startable s),
                'none, as no sidecar of this service has run since the log was migrated') || '.';
    END IF;
    wrong := CASE
        WHEN start.arguments IS NULL THEN 'arguments are an object'
        WHEN pg_column_size(start.arguments) > payload_max * 8::bigint
        THEN format('the arguments take more than %s bytes', payload_max)
        WHEN pg_column_size(start.attributes) > 65536 THEN 'the attributes take more than 65536 bytes'
        WHEN char_length(start.key) NOT BETWEEN 1 AND 500 THEN 'a key has 1 to 500 characters'
        WHEN start.deadline_ms NOT BETWEEN 0 AND 3155760000000 THEN 'a deadline is 0 ms to a hundred years'
        WHEN jsonb_typeof(start.attributes) IS DISTINCT FROM 'object' THEN 'attributes are an object'
        WHEN (SELECT count(*) FROM jsonb_object_keys(start.attributes)) > 16 THEN 'there are more than 16 attributes'
        WHEN EXISTS (
            SELECT FROM jsonb_each(start.attributes) AS a (name, value)
            WHERE a.name !~ '^[A-Za-z][A-Za-z0-9_.-]{0,62}$' OR jsonb_typeof(a.value) <> 'string'
              OR char_length(a.value #>> '{}') NOT BETWEEN 1 AND 128
              OR a.value #>> '{}' ~ '[\u0001-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]')
        THEN 'an attribute has a name as an identifier and a text of one visible line'
    END;
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'ACC712: %', wrong USING ERRCODE = 'AC712';
    END IF;

    sent := convert_to(canonical(start.arguments), 'UTF8');
    IF start.key IS NULL THEN
        SELECT gen_random_uuid() AS session, true AS first INTO request;
    ELSE
        SELECT r.* INTO request
        FROM request_of(name_of_key(mine, start.key), gen_random_uuid(), start.choreography, sha256(sent)) r;
    END IF;
    IF request.first THEN
        wrong := CASE
            WHEN octet_length(sent) > payload_max THEN format('they take more than %s bytes', payload_max)
            ELSE misfit(start.arguments, known.parameters, known.types, '$')
        END;
        IF wrong IS NOT NULL THEN
            RAISE EXCEPTION 'ACC714: %: %', known.choreography, wrong USING ERRCODE = 'AC714';
        END IF;
    ELSIF octet_length(request.digest) = 32 THEN
        alike := request.choreography = known.choreography AND request.digest = sha256(sent);
    ELSE
        SELECT i.payload INTO begun FROM inbox i
        WHERE i.session = request.session AND i.site = '!start' AND i.sender = '' AND i.sender_service = mine;
        -- what the API has begun is known by its arguments, as long as they are kept; by the key alone only where a
        -- sidecar of before has kept no digest
        alike := begun = sent AND (request.digest IS NULL OR request.choreography = known.choreography)
            OR request.digest IS NULL AND (begun = 'null' OR begun IS NULL AND (
                EXISTS (SELECT FROM session s WHERE s.session = request.session)
                OR EXISTS (SELECT FROM stub t WHERE t.session = request.session)));
    END IF;
    IF alike IS NOT TRUE THEN
        RAISE EXCEPTION 'ACC711: the key of session % stands for another request', request.session USING
            ERRCODE = 'AC711';
    END IF;

    header := '{"session":"' || request.session || '",' || known.heading || ',"started_at":' || at
        || coalesce(',"deadline":' || at + start.deadline_ms / 1000.0, '')
        || CASE WHEN start.attributes = '{}' THEN '' ELSE ',"attributes":' || canonical(start.attributes) END || '}';
    answer := (accept(mine, ARRAY[request.session], ARRAY['!start'], ARRAY[''], ARRAY[known.role], ARRAY['start'],
        ARRAY[convert_to(header, 'UTF8')], ARRAY[sent], ARRAY['{}'::bytea], false))[1];
    IF answer = 'stored' THEN
        PERFORM pg_notify(left('accompanist_' || current_schema(), 63), right(request.session::text, 2));
    ELSIF answer = 'full' THEN
        RAISE EXCEPTION 'ACC719: the inbox of % takes no more now', mine USING ERRCODE = 'AC719';
    ELSIF request.first OR answer NOT IN ('same', 'clash', 'closed') THEN
        RAISE EXCEPTION 'ACC729: the log of % answers % to a new session', mine, answer USING ERRCODE = 'AC729';
    END IF;
    RETURN request.session;
END
$$;

REVOKE ALL ON FUNCTION start FROM PUBLIC;
GRANT EXECUTE ON FUNCTION start TO :"worker";
