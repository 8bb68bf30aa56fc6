-- Sessions are started, and told events, inside an application's own transaction. A key that is first used so is kept
-- with the SHA-256 of its request. A sidecar of before takes the same request by the API for another one then.

CREATE TABLE startable (
    choreography text PRIMARY KEY,
    role text NOT NULL,
    heading text NOT NULL,
    parameters jsonb NOT NULL,
    types jsonb NOT NULL,
    published_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE awaited (
    fingerprint text NOT NULL,
    role text NOT NULL,
    events jsonb NOT NULL,
    types jsonb NOT NULL,
    PRIMARY KEY (fingerprint, role)
);

CREATE FUNCTION canonical(given jsonb, depth integer DEFAULT 1) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
AS $$
BEGIN
    IF depth > 65 THEN
        RAISE EXCEPTION 'ACC714: nested deeper than 64' USING ERRCODE = 'AC714';
    END IF;
    CASE jsonb_typeof(given)
        WHEN 'object' THEN
            RETURN '{' || coalesce((
                SELECT string_agg(
                    to_jsonb(m.key)::text || ':' || canonical(m.value, depth + 1), ',' ORDER BY m.key COLLATE "C")
                FROM jsonb_each(given) AS m (key, value)), '') || '}';
        WHEN 'array' THEN
            RETURN '[' || coalesce((
                SELECT string_agg(canonical(e.value, depth + 1), ',' ORDER BY e.n)
                FROM jsonb_array_elements(given) WITH ORDINALITY AS e (value, n)), '') || ']';
        WHEN 'number' THEN
            -- jsonb keeps 1e131000 in a few bytes, and writes it out in full
            IF abs(given::numeric) >= 1e400 OR scale(given::numeric) > 400 THEN
                RAISE EXCEPTION 'ACC714: a number of more than 400 digits' USING ERRCODE = 'AC714';
            END IF;
            RETURN given::text;
        ELSE
            RETURN given::text;
    END CASE;
END
$$;

CREATE FUNCTION misfit(given jsonb, wanted jsonb, types jsonb, place text) RETURNS text
LANGUAGE plpgsql IMMUTABLE
AS $$
DECLARE
    kind text := jsonb_typeof(given);
    members jsonb := wanted -> 'properties';
    others jsonb := wanted -> 'additionalProperties';
    name text;
    part jsonb;
    n bigint;
    found text;
BEGIN
    IF wanted ? '$ref' THEN
        RETURN misfit(given, types -> (wanted ->> '$ref'), types, place);
    END IF;
    IF wanted ? 'anyOf' THEN
        FOR part IN SELECT e FROM jsonb_array_elements(wanted -> 'anyOf') AS e LOOP
            found := misfit(given, part, types, place);
            IF found IS NULL OR jsonb_array_length(wanted -> 'anyOf') = 1 THEN
                RETURN found;
            END IF;
        END LOOP;
        RETURN format('%s is of none of its types', place);
    END IF;
    IF wanted ? 'enum' AND NOT EXISTS (SELECT FROM jsonb_array_elements(wanted -> 'enum') AS e WHERE e = given) THEN
        RETURN format('%s is none of the values that it may have', place);
    END IF;
    IF wanted ? 'type' AND NOT wanted -> 'type' @> to_jsonb(kind)
        AND NOT (wanted -> 'type' @> '"integer"' AND kind = 'number' AND given::text !~ '[.]')
    THEN
        RETURN format('%s is no %s', place, coalesce(
            (SELECT string_agg(e, ' or ') FROM jsonb_array_elements_text(wanted -> 'type') AS e
             WHERE jsonb_typeof(wanted -> 'type') = 'array'),
            wanted ->> 'type'));
    END IF;

    IF kind = 'object' THEN
        FOR name IN SELECT e FROM jsonb_array_elements_text(wanted -> 'required') AS e LOOP
            IF NOT given ? name THEN
                RETURN format('%s lacks %s', place, name);
            END IF;
        END LOOP;
        -- a tag first: of nested unions the others would be looked through to their ends, each at each level
        FOR name, part IN
            SELECT m.key, m.value FROM jsonb_each(given) AS m
            ORDER BY coalesce(members -> m.key ? 'enum', false) DESC, m.key
        LOOP
            IF members ? name THEN
                found := misfit(part, members -> name, types, place || '.' || name);
            ELSIF others = 'false' THEN
                found := format('%s has no member %s', place, left(name, 63));
            ELSIF jsonb_typeof(others) = 'object' THEN
                found := misfit(part, others, types, place || '[...]');
            END IF;
            IF found IS NOT NULL THEN
                RETURN found;
            END IF;
        END LOOP;
    ELSIF kind = 'array' THEN
        IF jsonb_array_length(given) < (wanted ->> 'minItems')::bigint
            OR jsonb_array_length(given) > (wanted ->> 'maxItems')::bigint
        THEN
            RETURN format('%s has another number of elements than it may have', place);
        END IF;
        FOR part, n IN SELECT e.value, e.n - 1 FROM jsonb_array_elements(given) WITH ORDINALITY AS e (value, n) LOOP
            found := misfit(part, coalesce(wanted -> 'prefixItems' -> n::integer, wanted -> 'items', '{}'), types,
                format('%s[%s]', place, n));
            IF found IS NOT NULL THEN
                RETURN found;
            END IF;
        END LOOP;
    END IF;
    RETURN NULL;
END
$$;

CREATE FUNCTION sha1(message bytea) RETURNS bytea
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
AS $$
DECLARE
    full_word constant bigint := 4294967295;
    zeros constant integer := (119 - octet_length(message) % 64) % 64;
    padded constant bytea := message || '\x80'::bytea || decode(repeat('00', zeros), 'hex')
        || int8send(octet_length(message) * 8::bigint);
    h bigint[] := ARRAY[1732584193, 4023233417, 2562383102, 271733878, 3285377520];
    w bigint[];
    at integer;
    a bigint; b bigint; c bigint; d bigint; e bigint; f bigint; k bigint; x bigint;
BEGIN
    FOR block IN 0 .. octet_length(padded) / 64 - 1 LOOP
        a := h[1]; b := h[2]; c := h[3]; d := h[4]; e := h[5];
        FOR i IN 1 .. 80 LOOP
            IF i <= 16 THEN
                at := block * 64 + i * 4 - 4;
                w[i] := (get_byte(padded, at)::bigint << 24) | (get_byte(padded, at + 1) << 16)
                    | (get_byte(padded, at + 2) << 8) | get_byte(padded, at + 3);
            ELSE
                x := w[i - 3] # w[i - 8] # w[i - 14] # w[i - 16];
                w[i] := ((x << 1) | (x >> 31)) & full_word;
            END IF;
            IF i <= 20 THEN
                f := (b & c) | ((b # full_word) & d);
                k := 1518500249;
            ELSIF i <= 40 THEN
                f := b # c # d;
                k := 1859775393;
            ELSIF i <= 60 THEN
                f := (b & c) | (b & d) | (c & d);
                k := 2400959708;
            ELSE
                f := b # c # d;
                k := 3395469782;
            END IF;
            x := ((((a << 5) | (a >> 27)) & full_word) + f + e + k + w[i]) & full_word;
            e := d; d := c; c := ((b << 30) | (b >> 2)) & full_word; b := a; a := x;
        END LOOP;
        h := ARRAY[(h[1] + a) & full_word, (h[2] + b) & full_word, (h[3] + c) & full_word, (h[4] + d) & full_word,
            (h[5] + e) & full_word];
    END LOOP;
    RETURN (SELECT string_agg(substring(int8send(word) FROM 5), '' ORDER BY n)
            FROM unnest(h) WITH ORDINALITY AS u (word, n));
END
$$;

CREATE FUNCTION name_of_key(service text, key text) RETURNS uuid
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
AS $$
DECLARE
    made bytea := '\x6f1c2b0e2c0b5d0e9d630f6d2a6b8a55';
    part text;
BEGIN
    FOREACH part IN ARRAY ARRAY[service, key] LOOP
        made := substring(sha1(made || convert_to(part, 'UTF8')) FOR 16);
        made := set_byte(made, 6, (get_byte(made, 6) & 15) | 80);
        made := set_byte(made, 8, (get_byte(made, 8) & 63) | 128);
    END LOOP;
    RETURN encode(made, 'hex')::uuid;
END
$$;

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

REVOKE ALL ON FUNCTION canonical, misfit, sha1, name_of_key, start, signal FROM PUBLIC;
DO $$
DECLARE
    service text := current_setting('accompanist.service');
BEGIN
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON startable, awaited TO %I', service || '_sidecar');
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', current_schema(), service || '_worker');
    EXECUTE format('GRANT EXECUTE ON FUNCTION start, signal TO %I', service || '_worker');
END
$$;
