-- `heed` makes sure that the inbox has messages that were handed over, as they were, and takes them from the queue
-- where their session has a row. A commit of a session that depends on them ends with it: without them, nothing of it
-- is written.
--
-- Called by: `accompanist/log/postgres.py`; in one statement behind `flush`.
-- Locks: the rows of `arrival` that it removes. It waits 2 s for a lock at most.
-- Answers: nothing.
-- Raises: AC004 where the inbox does not have one of them.
CREATE FUNCTION heed(
    services text[], sessions uuid[], sites text[], senders text[], receivers text[], kinds text[],
    headers bytea[], digests bytea[]
) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT SET lock_timeout = '2s'
SET plan_cache_mode = force_generic_plan SET enable_hashjoin = off SET enable_mergejoin = off
SET seq_page_cost = 1 SET random_page_cost = 0.1
AS $$
BEGIN
    IF EXISTS (
        SELECT FROM unnest(services, sessions, sites, senders, receivers, kinds, headers, digests)
            AS k (service, session, site, sender, receiver, kind, header, digest)
        LEFT JOIN inbox i ON i.session = k.session AND i.site = k.site AND i.sender = k.sender
            AND i.receiver = k.receiver AND i.sender_service = k.service
        WHERE i.kind IS NULL OR i.kind <> k.kind OR i.header <> k.header OR sha256(i.payload) <> k.digest)
    THEN
        RAISE EXCEPTION 'the inbox does not have what this depends on' USING ERRCODE = 'AC004';
    END IF;
    DELETE FROM arrival a
    USING unnest(services, sessions, sites, senders, receivers) AS k (service, session, site, sender, receiver),
        session s
    WHERE s.session = k.session AND s.role = k.receiver
        AND a.session = k.session AND a.receiver = k.receiver AND a.site = k.site AND a.sender = k.sender
        AND a.sender_service = k.service;
END
$$;

REVOKE ALL ON FUNCTION heed FROM PUBLIC;
GRANT EXECUTE ON FUNCTION heed TO :"sidecar";
