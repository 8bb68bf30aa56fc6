-- `dismiss` removes messages that a peer said and the sidecar does not believe, from the queue and from `inbox`. If
-- they stayed, they would count among what waits for ever. They would not be believed later either: the message itself,
-- and the version that it names, say whether its speaker plays its sender. What this service itself said is left alone.
--
-- Called by: `take`.
-- Locks: the rows that it removes. It waits 2 s for a lock at most.
-- Answers: nothing.
CREATE FUNCTION dismiss(
    places tid[], sessions uuid[], sites text[], senders text[], receivers text[], services text[], fates text[]
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT SET lock_timeout = '2s'
SET plan_cache_mode = force_generic_plan SET enable_hashjoin = off SET enable_mergejoin = off
SET seq_page_cost = 1 SET random_page_cost = 0.1
AS $$
BEGIN
    WITH refused AS MATERIALIZED (
        SELECT * FROM unnest(places, sessions, sites, senders, receivers, services, fates)
            AS r (place, session, site, sender, receiver, service, fate)
        WHERE fate = 'refused' AND service <> (SELECT g.service FROM setting g)
    ), queued AS (
        DELETE FROM arrival a USING refused r
        WHERE a.ctid = r.place
          AND (a.session, a.site, a.sender, a.receiver, a.sender_service)
            = (r.session, r.site, r.sender, r.receiver, r.service)
    )
    DELETE FROM inbox i USING refused r
    WHERE (i.session, i.site, i.sender, i.receiver, i.sender_service)
        = (r.session, r.site, r.sender, r.receiver, r.service);
END
$$;

REVOKE ALL ON FUNCTION dismiss FROM PUBLIC;
GRANT EXECUTE ON FUNCTION dismiss TO :"sidecar";
