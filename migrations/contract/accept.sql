-- `accept` takes messages that the service `spoken` speaks, and answers for each, in the order given:
--
--   stored   it was not there, and is now
--   same     it was there, with the same kind and payload
--   clash    this service has said something else under the same identity
--   closed   its session was collected, or is unknown here and the message begins none
--   full     there is no room now: ask again later
--   refused  it is beyond a bound, or not for this sender to say
--
-- It raises nothing for what a message holds. A message is compared only with what the same service has said, so nobody
-- takes the place of another's message. `home` is honoured for this service itself: its sidecar handed the messages
-- over in memory, and `take` need not bring them.
--
-- A session is known by its row, and before that by the message that begins it. To an unknown session a peer's
-- `compensated`, `done`, `settled` or `ended` means nothing, nor does its `abort` or `cancel` where the receiver is the
-- initiator: they are `closed`. Any other abort or cancel is stored, and leaves a tombstone.
--
-- What waits in `arrival` is bounded. The bounds are asked for what has no session row at its receiver yet:
--
-- - More than twice `early_rows_max` rows: what begins a session is `full`. Of versions that this log does not keep, it
--   is `full` from `early_rows_max` on.
-- - A peer in `overfull`, or found to have `waiting_per_peer_max` rows: what begins a session of it, its aborts and
--   cancels are `full`. With twice as many rows everything of it is, also where there is a row.
-- - A peer in `crowded`: what begins a session is `full`. A session that has a row for any role here goes on.
-- - A peer in `undoing`: its aborts and cancels are `full`.
--
-- `crowd` writes these lists. Between two calls of it the rows of a peer are counted only where `arrival` has grown by
-- four times its bound, since counting costs as much as there is. So much may a peer go beyond its bound. Everybody's
-- rows are counted only where the table is big enough to hold them: a row takes 64 bytes at least, so a page holds 128.
--
-- Called by: `deliver`, `signal`, `start`, `accompanist/log/postgres.py`; there for peers in other databases, behind
--   `mark`.
-- Locks: the rows of `inbox` that it inserts, in the order of their keys, so that two callers never wait for each other
--   in a circle. It waits for another call that inserts the same key, 250 ms at most.
-- Answers: a text for each message, as above.
CREATE FUNCTION accept(
    spoken text,
    sessions uuid[], sites text[], senders text[], receivers text[], kinds text[],
    headers bytea[], payloads bytea[], contexts bytea[], home boolean
) RETURNS text[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
-- a sender does not wait long for a receiver that is, say, being migrated: its message goes by the outbox then
SET lock_timeout = '250ms'
-- planned once and always by index: planning anew at each call cost more than everything else it does
SET plan_cache_mode = force_generic_plan SET enable_hashjoin = off SET enable_mergejoin = off
SET seq_page_cost = 1 SET random_page_cost = 0.1
AS $$
#variable_conflict use_column
DECLARE
    early_max integer;
    payload_max integer;
    shards integer;
    rows_max integer;
    noted_pages bigint;
    own boolean;
    at_home boolean;
    no_room boolean := false;
    strange boolean := false;
    crowded boolean;
    undoing boolean;
    overfull boolean;
    flooding boolean := false;
    pages bigint;
    places bigint;
    barred bigint[] := '{}';
    new record;
    answers text[];
BEGIN
    -- into variables of their own: a record would be made at each call, and looked into for each message
    SELECT spoken = g.service, spoken = ANY (g.crowded), spoken = ANY (g.undoing), spoken = ANY (g.overfull),
        g.early_rows_max, g.payload_bytes_max, g.shards_count, g.waiting_per_peer_max, g.arrival_pages,
        pg_relation_size('arrival') / 8192
    INTO STRICT own, crowded, undoing, overfull, early_max, payload_max, shards, rows_max, noted_pages, pages
    FROM setting g;
    at_home := home AND own;
    places := pages * 128;
    IF places >= early_max * 2 THEN
        no_room := (SELECT count(*) >= early_max * 2 FROM (SELECT FROM arrival LIMIT early_max * 2) AS w);
    END IF;
    IF places >= early_max AND NOT no_room THEN
        strange := EXISTS (
            SELECT FROM unnest(kinds, headers) AS m (kind, header)
            WHERE kind IN ('start', 'data', 'choice')
              AND NOT EXISTS (SELECT FROM version v WHERE v.fingerprint = version_of(m.header)));
        strange := strange AND (SELECT count(*) >= early_max FROM (SELECT FROM arrival LIMIT early_max) AS w);
    END IF;
    IF NOT own AND (overfull OR pages >= noted_pages + rows_max * 4 / 128) THEN
        SELECT count(*) >= rows_max, count(*) >= rows_max * 2 INTO overfull, flooding
        FROM (SELECT FROM arrival a WHERE a.sender_service = spoken LIMIT rows_max * 2) AS w;
    END IF;

    -- What is barred is found apart, and only where something may be: setting up a statement's questions costs more
    -- than answering them, so those that few messages need are not part of the statement that stores all.
    IF no_room OR strange OR overfull OR undoing OR crowded THEN
        barred := ARRAY(
            SELECT n
            FROM unnest(sessions, receivers, kinds, headers) WITH ORDINALITY AS m (session, receiver, kind, header, n)
            WHERE (no_room OR strange) AND kind IN ('start', 'data', 'choice')
                AND NOT EXISTS (SELECT FROM session s WHERE s.session = m.session AND s.role = m.receiver)
                AND (no_room OR NOT EXISTS (SELECT FROM version v WHERE v.fingerprint = version_of(m.header)))
              OR (overfull AND kind IN ('data', 'choice', 'abort', 'cancel')
                    OR undoing AND kind IN ('abort', 'cancel'))
                AND NOT EXISTS (SELECT FROM session s WHERE s.session = m.session AND s.role = m.receiver)
              OR crowded AND kind IN ('start', 'data', 'choice')
                AND NOT EXISTS (SELECT FROM session s WHERE s.session = m.session));
    END IF;
    IF NOT own AND kinds && ARRAY['compensated', 'done', 'settled', 'ended', 'abort', 'cancel'] THEN
        barred := barred || ARRAY(
            SELECT n
            FROM unnest(sessions, receivers, kinds, headers) WITH ORDINALITY AS m (session, receiver, kind, header, n)
            WHERE (kind IN ('compensated', 'done', 'settled', 'ended')
                    OR kind IN ('abort', 'cancel') AND heads(header, receiver))
              AND NOT EXISTS (SELECT FROM session s WHERE s.session = m.session AND s.role = m.receiver)
              AND NOT EXISTS (
                  SELECT FROM inbox b WHERE b.session = m.session AND b.receiver = m.receiver
                    AND b.kind IN ('start', 'data', 'choice', 'abort', 'cancel')));
    END IF;

    WITH stored AS (
        INSERT INTO inbox (session, site, sender, receiver, kind, sender_service, header, payload, context)
        SELECT session, site, sender, receiver, kind, spoken, header, payload, context
        FROM unnest(sessions, sites, senders, receivers, kinds, headers, payloads, contexts) WITH ORDINALITY
            AS m (session, site, sender, receiver, kind, header, payload, context, n)
        WHERE num_nulls(session, site, sender, receiver, kind, header, payload, context) = 0
          AND octet_length(payload) <= payload_max
          AND octet_length(site) + octet_length(sender) + octet_length(receiver) + octet_length(kind) <= 1000
          AND octet_length(header) + octet_length(context) <= 65536
          AND sayable(kind, sender, own)
          AND NOT flooding
          AND NOT EXISTS (SELECT FROM stub t WHERE t.session = m.session AND t.role = m.receiver)
          AND n <> ALL (barred)
        ORDER BY session, site, sender, receiver, n
        ON CONFLICT DO NOTHING
        RETURNING session, site, sender, receiver
    ), noted AS (
        INSERT INTO arrival (session, site, sender, receiver, sender_service, shard, early)
        SELECT session, site, sender, receiver, spoken, shard_of(session, shards), at_home FROM stored k
        WHERE NOT at_home OR NOT EXISTS (SELECT FROM session s WHERE s.session = k.session AND s.role = k.receiver)
    )
    SELECT array_agg(session) AS session, array_agg(site) AS site, array_agg(sender) AS sender,
        array_agg(receiver) AS receiver INTO new FROM stored;

    IF cardinality(new.session) = cardinality(sessions) THEN
        RETURN array_fill('stored'::text, ARRAY[cardinality(sessions)]);
    END IF;

    -- A statement of its own, so that it sees what a concurrent caller committed meanwhile. Of several with one key in
    -- this very call one was stored: the first whose content is there.
    WITH given AS (
        SELECT m.*, i.session IS NOT NULL AS held, i.kind = m.kind AND i.payload = m.payload AS alike
        FROM unnest(sessions, sites, senders, receivers, kinds, headers, payloads, contexts) WITH ORDINALITY
            AS m (session, site, sender, receiver, kind, header, payload, context, n)
        LEFT JOIN inbox i ON (i.session, i.site, i.sender, i.receiver, i.sender_service)
            = (m.session, m.site, m.sender, m.receiver, spoken)
    ), counted AS (
        SELECT g.*, row_number() OVER (PARTITION BY session, site, sender, receiver, alike ORDER BY n) AS copy
        FROM given g
    )
    SELECT array_agg(
        CASE
            WHEN NOT sayable(kind, sender, own) THEN 'refused'
            WHEN k.session IS NOT NULL AND alike AND copy = 1 THEN 'stored'
            WHEN alike THEN 'same'
            WHEN held THEN 'clash'
            WHEN EXISTS (SELECT FROM stub t WHERE t.session = c.session AND t.role = c.receiver) THEN 'closed'
            WHEN num_nulls(session, site, sender, receiver, kind, header, payload, context) > 0
              OR octet_length(payload) > payload_max
              OR octet_length(site) + octet_length(sender) + octet_length(receiver) + octet_length(kind) > 1000
              OR octet_length(header) + octet_length(context) > 65536 THEN 'refused'
            WHEN NOT flooding AND NOT own
              AND (kind IN ('compensated', 'done', 'settled', 'ended')
                  OR kind IN ('abort', 'cancel') AND heads(header, receiver))
              AND NOT EXISTS (SELECT FROM session s WHERE s.session = c.session AND s.role = c.receiver)
              AND NOT EXISTS (
                  SELECT FROM inbox b WHERE b.session = c.session AND b.receiver = c.receiver
                    AND b.kind IN ('start', 'data', 'choice', 'abort', 'cancel')) THEN 'closed'
            ELSE 'full'
        END ORDER BY n) INTO answers
    FROM counted c
    LEFT JOIN unnest(new.session, new.site, new.sender, new.receiver) AS k (session, site, sender, receiver)
        USING (session, site, sender, receiver);
    RETURN answers;
END
$$;

REVOKE ALL ON FUNCTION accept FROM PUBLIC;
GRANT EXECUTE ON FUNCTION accept TO :"sidecar";
