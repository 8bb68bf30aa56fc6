-- The session that stands for a request; `fresh` if it is the first under its name. As in 0018, but that its commit waits
-- for the disk. What was told here is built upon: a sidecar that outlives a crash of Postgres writes its start after that.
-- If this row was lost in the crash, the client, who asks again, would begin a second session under the same key.
CREATE OR REPLACE FUNCTION request_of(asked uuid, fresh uuid, what text, how bytea)
RETURNS TABLE (session uuid, choreography text, digest bytea, first boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT SET lock_timeout = '2s'
AS $$
#variable_conflict use_column
DECLARE
    mine text;
    begun boolean;
BEGIN
    IF NOT EXISTS (SELECT FROM request r WHERE r.name = asked) THEN
        SELECT service INTO STRICT mine FROM setting;
        begun := EXISTS (
            SELECT FROM inbox i WHERE i.session = asked AND i.kind = 'start' AND i.sender = '' AND i.sender_service = mine);
        IF begun OR EXISTS (SELECT FROM inbox i WHERE i.session = asked AND i.sender = '' AND i.sender_service = mine) THEN
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
