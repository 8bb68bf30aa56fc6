-- Sidecars hand messages over directly, once they are committed.
ALTER TABLE replica ADD COLUMN link text, ADD COLUMN link_key bytea;

CREATE FUNCTION announce(asker text, address text, key bytea) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT SET lock_timeout = '2s'
AS $$
BEGIN
    UPDATE replica SET link = address, link_key = key WHERE owner = asker;
END
$$;

CREATE FUNCTION links() RETURNS TABLE (shard smallint, owner text, address text, proof bytea)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT s.shard, r.owner, r.link,
        sha256(r.link_key || sha256(r.link_key || convert_to(speaker(), 'UTF8')))
    FROM shard s JOIN replica r ON r.owner = s.owner
    WHERE r.link IS NOT NULL AND r.expires_at >= clock_timestamp() AND speaker() <> '';
END
$$;

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

DROP INDEX arrival_early;
CREATE INDEX arrival_early ON arrival (session, receiver);

CREATE FUNCTION links_of(peer text) RETURNS TABLE (shard smallint, owner text, address text, proof bytea)
LANGUAGE plpgsql SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    before text;
    after text;
BEGIN
    FOR look IN 1 .. 2 LOOP
        SELECT p.oid || ' ' || p.xmin INTO after
        FROM pg_namespace n
        JOIN pg_proc p ON p.pronamespace = n.oid
        JOIN pg_roles r ON r.oid = p.proowner
        JOIN pg_language l ON l.oid = p.prolang
        WHERE n.nspname = peer AND p.proname = 'links' AND p.prokind = 'f' AND p.proretset
          AND p.proargtypes = ''::oidvector
          AND p.proallargtypes = '{21,25,25,17}'
          AND p.prosecdef AND p.proowner = n.nspowner
          AND r.rolname LIKE '%\_owner' AND NOT r.rolcanlogin AND NOT r.rolsuper
          AND format('search_path=%s, pg_temp', peer) = ANY (p.proconfig)
          AND l.lanname = 'plpgsql'
          AND has_function_privilege(p.oid, 'EXECUTE') AND has_schema_privilege(n.oid, 'USAGE');
        IF look = 1 THEN
            IF after IS NULL THEN
                RETURN;
            END IF;
            before := after;
            RETURN QUERY EXECUTE format('SELECT shard, owner, address, proof FROM %I.links()', peer);
        ELSIF after IS DISTINCT FROM before THEN
            RAISE EXCEPTION 'links was replaced while it was called' USING ERRCODE = 'serialization_failure';
        END IF;
    END LOOP;
END
$$;

REVOKE ALL ON FUNCTION announce, links, links_of, confirm, heed FROM PUBLIC;
GRANT EXECUTE ON FUNCTION links TO accompanist_peer;
DO $$
BEGIN
    EXECUTE format('GRANT EXECUTE ON FUNCTION announce, links, links_of, confirm, heed TO %I',
        current_setting('accompanist.service') || '_sidecar');
END
$$;
