-- Take messages into the inbox; per message, in the order given:
--   stored  it is here now              same    it was here already, alike
--   clash   other content was here      closed  its session was collected, or it is of no use to one that is unknown
--   full    no room: ask again later    refused beyond a bound, or not for this sender to say: it would be no other
-- Never raises on content. Rows are inserted in key order, so that two callers never wait for each other in a circle.
-- `home`, honoured for the service itself only: the sidecar hands the messages over in memory, `take` need not.
-- Runs as the owner of the schema. `spoken` is the service that speaks: only our own sidecar may say so itself.
--
-- A message is compared with what the same service has said under its identity: what others have said holds no place of
-- it. `sayable` has the kinds that there are, and what a peer may not say whatever it is about.
--
-- What tells a session that it is done or over means nothing to one that is unknown here, and at its initiator an abort
-- or a cancel does not either: it is `closed`, so that its sender forgets it. Known is a session by its row, and before
-- there is one by the message that begins it: that is on disk before its role can have told anybody of itself.
--
-- Rows that wait are bounded: what would begin a session (or end it before it began) is `full` when there are too many,
-- everything else passes. What is of a version that this log does not keep, and so nobody here can take up, may fill the
-- bound; what is of a known one has as much room again beside it.
-- A peer that has `waiting_per_peer_max` rows waiting is refused what would begin a session here before all others are,
-- and with twice as many everything. It is noted every few seconds who has (`overfull`). Meanwhile those that there are of
-- a peer are counted only where the table has grown by four times as many since: so much may one go beyond, or all
-- together, and a busy queue, whose rows come and go, is not counted. The sidecar that would note it may be down.
-- Of sessions that have begun each peer may have so many open (`crowded`): then it begins no further one, and one that is
-- under way here goes on, with further roles too, so that those that are open can come to an end.
-- An abort or a cancel for an unknown session leaves a tombstone: of those each peer may make so many in a while (`undoing`).
--
-- Counting costs as much as there are, so it is done only where the table is big enough to hold that many at all (a row
-- of `arrival` takes 64 bytes at least, 128 fit on a page), and for what has to be refused.
CREATE OR REPLACE FUNCTION accept(
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
    mine setting;
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
    new record;
    answers text[];
BEGIN
    SELECT * INTO STRICT mine FROM setting;
    own := spoken = mine.service;
    at_home := home AND own;
    crowded := spoken = ANY (mine.crowded);
    undoing := spoken = ANY (mine.undoing);
    overfull := spoken = ANY (mine.overfull);
    pages := pg_relation_size('arrival') / 8192;
    places := pages * 128;
    IF places >= mine.early_rows_max * 2 THEN
        no_room := (SELECT count(*) >= mine.early_rows_max * 2 FROM (SELECT FROM arrival LIMIT mine.early_rows_max * 2) AS w);
    END IF;
    IF places >= mine.early_rows_max AND NOT no_room THEN
        strange := EXISTS (
            SELECT FROM unnest(kinds, headers) AS m (kind, header)
            WHERE kind IN ('start', 'data', 'choice')
              AND NOT EXISTS (SELECT FROM version v WHERE v.fingerprint = version_of(m.header)));
        strange := strange AND
            (SELECT count(*) >= mine.early_rows_max FROM (SELECT FROM arrival LIMIT mine.early_rows_max) AS w);
    END IF;
    IF NOT own AND (overfull OR pages >= mine.arrival_pages + mine.waiting_per_peer_max * 4 / 128) THEN
        SELECT count(*) >= mine.waiting_per_peer_max, count(*) >= mine.waiting_per_peer_max * 2 INTO overfull, flooding
        FROM (SELECT FROM arrival a WHERE a.sender_service = spoken LIMIT mine.waiting_per_peer_max * 2) AS w;
    END IF;

    WITH stored AS (
        INSERT INTO inbox (session, site, sender, receiver, kind, sender_service, header, payload, context)
        SELECT session, site, sender, receiver, kind, spoken, header, payload, context
        FROM unnest(sessions, sites, senders, receivers, kinds, headers, payloads, contexts) WITH ORDINALITY
            AS m (session, site, sender, receiver, kind, header, payload, context, n)
        WHERE num_nulls(session, site, sender, receiver, kind, header, payload, context) = 0
          AND octet_length(payload) <= mine.payload_bytes_max
          AND octet_length(site) + octet_length(sender) + octet_length(receiver) + octet_length(kind) <= 1000
          AND octet_length(header) + octet_length(context) <= 65536
          AND sayable(kind, sender, own)
          AND NOT flooding
          AND NOT EXISTS (SELECT FROM stub t WHERE t.session = m.session AND t.role = m.receiver)
          AND NOT (
              (no_room OR strange) AND kind IN ('start', 'data', 'choice')
              AND NOT EXISTS (SELECT FROM session s WHERE s.session = m.session AND s.role = m.receiver)
              AND (no_room OR NOT EXISTS (SELECT FROM version v WHERE v.fingerprint = version_of(m.header)))
          )
          AND NOT (
              (overfull AND kind IN ('data', 'choice', 'abort', 'cancel') OR undoing AND kind IN ('abort', 'cancel'))
              AND NOT EXISTS (SELECT FROM session s WHERE s.session = m.session AND s.role = m.receiver)
          )
          AND NOT (
              crowded AND kind IN ('start', 'data', 'choice')
              AND NOT EXISTS (SELECT FROM session s WHERE s.session = m.session)
          )
          AND NOT (
              NOT own
              AND (kind IN ('compensated', 'done', 'settled', 'ended') OR kind IN ('abort', 'cancel') AND heads(header, receiver))
              AND NOT EXISTS (SELECT FROM session s WHERE s.session = m.session AND s.role = m.receiver)
              AND NOT EXISTS (
                  SELECT FROM inbox b WHERE b.session = m.session AND b.receiver = m.receiver
                    AND b.kind IN ('start', 'data', 'choice', 'abort', 'cancel'))
          )
        ORDER BY session, site, sender, receiver, n
        ON CONFLICT DO NOTHING
        RETURNING session, site, sender, receiver
    ), noted AS (
        INSERT INTO arrival (session, site, sender, receiver, sender_service, shard, early)
        SELECT session, site, sender, receiver, spoken, shard_of(session, mine.shards_count), at_home FROM stored k
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
              OR octet_length(payload) > mine.payload_bytes_max
              OR octet_length(site) + octet_length(sender) + octet_length(receiver) + octet_length(kind) > 1000
              OR octet_length(header) + octet_length(context) > 65536 THEN 'refused'
            WHEN NOT flooding AND NOT own
              AND (kind IN ('compensated', 'done', 'settled', 'ended') OR kind IN ('abort', 'cancel') AND heads(header, receiver))
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
