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

CREATE FUNCTION begun(sessions uuid[], roles text[]) RETURNS boolean[]
LANGUAGE plpgsql STABLE SET search_path FROM CURRENT SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
BEGIN
    RETURN ARRAY(
        SELECT EXISTS (SELECT FROM session s WHERE s.session = k.session AND s.role = k.role)
            OR EXISTS (SELECT FROM stub b WHERE b.session = k.session AND b.role = k.role)
        FROM unnest(sessions, roles) WITH ORDINALITY AS k (session, role, place) ORDER BY k.place);
END
$$;

REVOKE ALL ON FUNCTION announce, links, begun FROM PUBLIC;
GRANT EXECUTE ON FUNCTION links TO accompanist_peer;
DO $$
BEGIN
    EXECUTE format('GRANT EXECUTE ON FUNCTION announce, links, begun TO %I',
        current_setting('accompanist.service') || '_sidecar');
END
$$;
