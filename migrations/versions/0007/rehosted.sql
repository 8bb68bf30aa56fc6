-- Versions that nobody has had deployed for `age`, that no open session and no message without a session began with, and
-- that no open session runs on, go with their projections; at most `batch`. Answers how many went. Rare: it reads the
-- headers of all open sessions, and only where there is something to forget.
CREATE OR REPLACE FUNCTION forget_versions(age interval, batch integer) RETURNS bigint
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
        -- a body is JSON, too, in which no string holds an unescaped quote
        EXCEPT SELECT substring(encode(s.body, 'escape') FROM '"hosted":"([^"\\]*)"') FROM session s WHERE s.open
        EXCEPT SELECT version_of(i.header) FROM arrival a JOIN inbox i USING (session, site, sender, receiver));
    DELETE FROM projection p WHERE p.fingerprint = ANY (stale);
    DELETE FROM version v WHERE v.fingerprint = ANY (stale);
    RETURN cardinality(stale);
END
$$;
