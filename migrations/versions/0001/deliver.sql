-- How a message enters this service: the only function that peers may call.

-- The same as `runtime.messages.shard_of`.
CREATE FUNCTION shard_of(session uuid, shards integer) RETURNS smallint
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN (get_byte(uuid_send(session), 15) % shards)::smallint;

-- The service that speaks, by how it logged in, never by what it says. Empty: no sidecar's login.
CREATE FUNCTION speaker() RETURNS text
LANGUAGE sql STABLE
RETURN CASE WHEN session_user LIKE '%\_sidecar' THEN left(session_user::text, -8) ELSE '' END;

-- Whether no more early rows are taken. Counting costs as much as there are rows, so it is done only when the table
-- is big enough to hold that many at all: a row of `arrival` takes 64 bytes at least, 128 fit on a page.
CREATE FUNCTION early_full(bound integer) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path FROM CURRENT
AS $$
BEGIN
    IF pg_relation_size('arrival') / 8192 * 128 < bound THEN
        RETURN false;
    END IF;
    RETURN (SELECT count(*) >= bound FROM (SELECT FROM arrival LIMIT bound) AS waiting);
END
$$;

-- Take messages into the inbox; per message, in the order given:
--   stored  it is here now              same    it was here already, alike
--   clash   other content was here      closed  its session was collected
--   full    no room, or beyond a bound: ask again later
-- Never raises on content. Rows are inserted in key order, so that two callers never wait for each other in a circle.
-- `home`, honoured for the service itself only: the sidecar hands the message over in memory, `take` need not.
-- Runs as the owner of the schema; says who spoke by `session_user`.
CREATE FUNCTION deliver(
    sessions uuid[], sites text[], senders text[], receivers text[], kinds text[],
    headers bytea[], payloads bytea[], contexts bytea[], home boolean[]
) RETURNS text[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    mine setting;
    spoken text := speaker();
    own boolean;
    no_room boolean;
    taken bigint[];
    answers text[];
BEGIN
    SELECT * INTO STRICT mine FROM setting;
    own := spoken = mine.service;
    no_room := early_full(mine.early_rows_max);

    WITH given AS MATERIALIZED (
        SELECT m.*, row_number() OVER (PARTITION BY session, site, sender, receiver ORDER BY ord) AS copy
        FROM unnest(sessions, sites, senders, receivers, kinds, headers, payloads, contexts, home) WITH ORDINALITY
            AS m (session, site, sender, receiver, kind, header, payload, context, home, ord)
    ), fitting AS MATERIALIZED (
        SELECT g.* FROM given g
        WHERE copy = 1
          AND num_nulls(session, site, sender, receiver, kind, header, payload, context) = 0
          AND octet_length(payload) <= mine.payload_bytes_max
          AND octet_length(site) + octet_length(sender) + octet_length(receiver) + octet_length(kind) <= 1000
          AND octet_length(header) + octet_length(context) <= 65536
          AND NOT EXISTS (SELECT FROM stub t WHERE t.session = g.session AND t.role = g.receiver)
          AND NOT (
              no_room AND kind IN ('start', 'data', 'choice')
              AND NOT EXISTS (SELECT FROM session s WHERE s.session = g.session AND s.role = g.receiver)
          )
    ), stored AS (
        INSERT INTO inbox (session, site, sender, receiver, kind, sender_service, header, payload, context)
        SELECT session, site, sender, receiver, kind, spoken, header, payload, context
        FROM fitting ORDER BY session, site, sender, receiver
        ON CONFLICT DO NOTHING
        RETURNING session, site, sender, receiver
    ), new AS MATERIALIZED (
        SELECT f.session, f.site, f.sender, f.receiver, f.ord, own AND coalesce(f.home, false) AS home
        FROM stored JOIN fitting f USING (session, site, sender, receiver)
    ), noted AS (
        INSERT INTO arrival (session, site, sender, receiver, shard, early)
        SELECT session, site, sender, receiver, shard_of(session, mine.shards_count), home FROM new
        WHERE NOT home
           OR NOT EXISTS (SELECT FROM session s WHERE s.session = new.session AND s.role = new.receiver)
    )
    SELECT coalesce(array_agg(ord), '{}') INTO taken FROM new;

    IF cardinality(taken) = cardinality(sessions) THEN
        RETURN array_fill('stored'::text, ARRAY[cardinality(sessions)]);
    END IF;

    -- A statement of its own, so that it sees what a concurrent caller committed meanwhile.
    SELECT array_agg(
        CASE
            WHEN ord = ANY (taken) THEN 'stored'
            WHEN i.session IS NOT NULL AND i.kind = m.kind AND i.payload = m.payload THEN 'same'
            WHEN i.session IS NOT NULL THEN 'clash'
            WHEN EXISTS (SELECT FROM stub t WHERE t.session = m.session AND t.role = m.receiver) THEN 'closed'
            ELSE 'full'
        END ORDER BY ord) INTO answers
    FROM unnest(sessions, sites, senders, receivers, kinds, payloads) WITH ORDINALITY
        AS m (session, site, sender, receiver, kind, payload, ord)
    LEFT JOIN inbox i USING (session, site, sender, receiver);
    RETURN answers;
END
$$;

-- Give messages to their services: `counts[i]` of them, in turn, to schema `schemas[i]` ('' if there is none here).
-- What goes wrong at a neighbour (no schema, no right, a lock, its own migration) is its answer `unknown`, never
-- our failure. Only a SECURITY DEFINER function is called: any other would run with our own rights.
CREATE FUNCTION hand_over(
    schemas text[], counts integer[],
    sessions uuid[], sites text[], senders text[], receivers text[], kinds text[],
    headers bytea[], payloads bytea[], contexts bytea[], home boolean[]
) RETURNS text[]
LANGUAGE plpgsql SET search_path FROM CURRENT
AS $$
DECLARE
    answers text[] := '{}';
    part text[];
    lo integer := 1;
    hi integer;
BEGIN
    FOR i IN 1 .. cardinality(schemas) LOOP
        hi := lo + counts[i] - 1;
        part := NULL;
        IF schemas[i] = current_schema() THEN
            part := deliver(
                sessions[lo:hi], sites[lo:hi], senders[lo:hi], receivers[lo:hi], kinds[lo:hi],
                headers[lo:hi], payloads[lo:hi], contexts[lo:hi], home[lo:hi]);
        ELSIF EXISTS (
            SELECT FROM pg_namespace n JOIN pg_proc p ON p.pronamespace = n.oid
            WHERE n.nspname = schemas[i] AND p.proname = 'deliver' AND p.prosecdef
        ) THEN
            BEGIN
                EXECUTE format('SELECT %I.deliver($1, $2, $3, $4, $5, $6, $7, $8, $9)', schemas[i]) INTO part
                USING sessions[lo:hi], sites[lo:hi], senders[lo:hi], receivers[lo:hi], kinds[lo:hi],
                    headers[lo:hi], payloads[lo:hi], contexts[lo:hi], home[lo:hi];
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
    RETURN answers;
END
$$;
