-- `confirm` says of messages that peers have handed over directly whether they are in the inbox, as they were handed
-- over and said by that service, and whether their sessions are known: then a session has a row or a stub. A message
-- for one that is not known may begin it. What the inbox does not have is acted upon only if it was handed over early.
--
-- Called by: `accompanist/log/postgres.py`.
-- Locks: nothing.
-- Answers: a text for each message, in the order given: `new` or `known`; with `absent ` before it, if the inbox does
--   not have the message.
CREATE FUNCTION confirm(
    services text[], sessions uuid[], sites text[], senders text[], receivers text[], kinds text[],
    headers bytea[], digests bytea[]
) RETURNS text[]
LANGUAGE plpgsql STABLE SET search_path FROM CURRENT
SET plan_cache_mode = force_generic_plan SET enable_hashjoin = off SET enable_mergejoin = off
SET seq_page_cost = 1 SET random_page_cost = 0.1
AS $$
BEGIN
    RETURN ARRAY(
        SELECT CASE
            WHEN i.kind IS NULL OR i.kind <> k.kind OR i.header <> k.header OR sha256(i.payload) <> k.digest
            THEN 'absent '
            ELSE ''
        END || CASE
            WHEN s.session IS NOT NULL OR b.session IS NOT NULL THEN 'known'
            ELSE 'new'
        END
        FROM unnest(services, sessions, sites, senders, receivers, kinds, headers, digests) WITH ORDINALITY
            AS k (service, session, site, sender, receiver, kind, header, digest, place)
        LEFT JOIN inbox i ON i.session = k.session AND i.site = k.site AND i.sender = k.sender
            AND i.receiver = k.receiver AND i.sender_service = k.service
        -- joins: EXISTS among the columns may be planned as a hash of the whole table
        LEFT JOIN session s ON s.session = k.session AND s.role = k.receiver
        LEFT JOIN stub b ON b.session = k.session AND b.role = k.receiver
        ORDER BY k.place);
END
$$;

REVOKE ALL ON FUNCTION confirm FROM PUBLIC;
GRANT EXECUTE ON FUNCTION confirm TO :"sidecar";
