-- What clients have asked for under a key: which session stands for it, and a digest of the request as it was sent. Not
-- what was made of it: the types of a choreography change, and the same request has to be the same after that.
--
-- The session's id is drawn, and not computed from the key. When a key is forgotten here it may be used again, while a
-- peer still remembers the first session: two sessions of one id could wait for that peer for ever.
CREATE TABLE request (
    name uuid PRIMARY KEY,  -- made from the service and the key
    session uuid NOT NULL,
    choreography text NOT NULL,
    digest bytea,  -- null: it was begun before digests were kept
    seen_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX request_session ON request (session);
CREATE INDEX request_seen ON request (seen_at);

-- The session that stands for a request; `fresh` if it is the first under its name. Before this table sessions had the
-- name itself as their id: one that is here under it stands for the request.
--
-- Its commit does not wait for the disk. The start that follows does, and comes later in the same write-ahead log: if that
-- start is there after a crash, so is this row. If only this row is, the same session begins when it is asked for again.
CREATE FUNCTION request_of(asked uuid, fresh uuid, what text, how bytea)
RETURNS TABLE (session uuid, choreography text, digest bytea, first boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT SET lock_timeout = '2s'
AS $$
#variable_conflict use_column
DECLARE
    begun boolean;
BEGIN
    IF NOT EXISTS (SELECT FROM request r WHERE r.name = asked) THEN
        PERFORM set_config('synchronous_commit', 'off', true);
        begun := EXISTS (SELECT FROM session s WHERE s.session = asked)
            OR EXISTS (SELECT FROM stub t WHERE t.session = asked)
            OR EXISTS (SELECT FROM inbox i WHERE i.session = asked AND i.kind = 'start');
        -- an event may have been told to the session that the name was the id of
        IF begun OR EXISTS (SELECT FROM inbox i WHERE i.session = asked) THEN
            fresh := asked;
        END IF;
        INSERT INTO request (name, session, choreography, digest)
        VALUES (asked, fresh, CASE WHEN begun THEN '' ELSE what END, CASE WHEN begun THEN NULL ELSE how END)
        ON CONFLICT DO NOTHING;
        first := FOUND AND NOT begun;
    END IF;
    -- a statement of its own: it sees what another replica committed meanwhile
    RETURN QUERY SELECT r.session, r.choreography, r.digest, coalesce(request_of.first, false) FROM request r
        WHERE r.name = asked;
END
$$;

-- A key is remembered as long as anything here remembers its session.
CREATE FUNCTION requests_gone() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT
AS $$
BEGIN
    DELETE FROM request r USING gone g WHERE r.session = g.session;
    RETURN NULL;
END
$$;
CREATE TRIGGER requests_gone AFTER DELETE ON stub REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION requests_gone();

-- Requests whose start was never taken (the inbox was full, the sidecar died) go when they are older than `age`. Each row
-- is looked at once in that time.
CREATE FUNCTION forget_requests(age interval, batch integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT SET lock_timeout = '2s'
AS $$
BEGIN
    WITH old AS MATERIALIZED (
        SELECT r.name, EXISTS (SELECT FROM session s WHERE s.session = r.session)
            OR EXISTS (SELECT FROM inbox i WHERE i.session = r.session)
            OR EXISTS (SELECT FROM stub t WHERE t.session = r.session) AS used
        FROM request r WHERE r.seen_at < clock_timestamp() - age ORDER BY r.seen_at LIMIT batch
        FOR UPDATE OF r SKIP LOCKED
    ), seen AS (
        UPDATE request r SET seen_at = clock_timestamp() FROM old o WHERE r.name = o.name AND o.used
    )
    DELETE FROM request r USING old o WHERE r.name = o.name AND NOT o.used;
END
$$;
