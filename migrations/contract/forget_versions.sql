-- `forget_versions` removes versions that nobody has had deployed for `age`, with their projections, at most `batch`. A
-- version is kept while an open session began with it or runs on it, and while a waiting message names it. It reads the
-- headers and bodies of all open sessions, but only where there is a version to forget.
--
-- Called by: `accompanist/log/versions.py`.
-- Locks: the rows that it removes. It waits 2 s for a lock at most.
-- Answers: how many versions went.
CREATE FUNCTION forget_versions(age interval, batch integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT SET lock_timeout = '2s'
SET seq_page_cost = 1 SET random_page_cost = 0.1
AS $$
DECLARE
    stale text[];
BEGIN
    stale := ARRAY(
        SELECT v.fingerprint FROM version v
        WHERE v.seen_at < statement_timestamp() - age ORDER BY v.seen_at LIMIT batch);
    IF cardinality(stale) = 0 THEN
        RETURN 0;
    END IF;
    stale := ARRAY(
        SELECT unnest(stale)
        EXCEPT SELECT version_of(s.header) FROM session s WHERE s.open
        -- a body is JSON, too, in which no string holds an unescaped quote
        EXCEPT SELECT substring(encode(s.body, 'escape') FROM '"hosted":"([^"\\]*)"') FROM session s WHERE s.open
        EXCEPT SELECT version_of(i.header)
            FROM arrival a JOIN inbox i USING (session, site, sender, receiver, sender_service));
    DELETE FROM projection p WHERE p.fingerprint = ANY (stale);
    DELETE FROM version v WHERE v.fingerprint = ANY (stale);
    RETURN cardinality(stale);
END
$$;

REVOKE ALL ON FUNCTION forget_versions FROM PUBLIC;
GRANT EXECUTE ON FUNCTION forget_versions TO :"sidecar";
