-- Versions of choreographies as texts (design 2, Fingerprint), write-once: what a session is hosted from whose version no
-- sidecar names in its configuration any more. Written by this service's own sidecars when they start; what is in a
-- message never comes here. A sidecar may add one and say that it is still deployed (`seen_at`); it may not change one.
CREATE TABLE version (
    fingerprint text PRIMARY KEY,
    choreography text NOT NULL,
    kept bytea NOT NULL,
    digest bytea NOT NULL,
    kept_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    seen_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- The version that a header names. Headers are JSON that sidecars wrote; inside a string of it a quote is escaped, so the
-- first match is the field.
CREATE FUNCTION version_of(header bytea) RETURNS text
LANGUAGE sql IMMUTABLE
AS $$ SELECT substring(encode(header, 'escape') FROM '"fingerprint":"([^"\\]*)"') $$;

-- Versions that nobody has had deployed for `age`, and that no open session and no message without a session began with,
-- go with their projections; at most `batch`. Answers how many went. Rare: it reads the headers of all open sessions, and
-- only where there is something to forget.
CREATE FUNCTION forget_versions(age interval, batch integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT SET lock_timeout = '2s'
AS $$
DECLARE
    stale text[];
BEGIN
    stale := ARRAY(
        SELECT v.fingerprint FROM version v WHERE v.seen_at < clock_timestamp() - age ORDER BY v.seen_at LIMIT batch);
    IF cardinality(stale) = 0 THEN
        RETURN 0;
    END IF;
    stale := ARRAY(
        SELECT unnest(stale)
        EXCEPT SELECT version_of(s.header) FROM session s WHERE s.open
        EXCEPT SELECT version_of(i.header) FROM arrival a JOIN inbox i USING (session, site, sender, receiver));
    DELETE FROM projection p WHERE p.fingerprint = ANY (stale);
    DELETE FROM version v WHERE v.fingerprint = ANY (stale);
    RETURN cardinality(stale);
END
$$;
