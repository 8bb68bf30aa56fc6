-- `request_of` answers which session stands for a client's key. `asked` is the name that was made from the key. Whoever
-- asks first has `fresh` stand for it, with the choreography `what` and the digest `how` of the request.
--
-- Before keys were kept, a session had the name itself as its id. Where this service's own clients started such a
-- session, or told it an event, the name stands for itself.
--
-- Its commit waits for the disk, because a start is built upon its answer. If the row were lost in a crash, the same
-- key would begin a second session.
--
-- Called by: `start`, `accompanist/log/requests.py`.
-- Locks: the name in `request`, until the commit, where it inserts it. It waits for another call that inserts it, 2 s
--   at most.
-- Answers: one row: the session, its choreography, the digest (null for one that began before digests were kept), and
--   whether this call was the first.
CREATE FUNCTION request_of(asked uuid, fresh uuid, what text, how bytea)
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
            SELECT FROM inbox i
            WHERE i.session = asked AND i.kind = 'start' AND i.sender = '' AND i.sender_service = mine);
        IF begun OR EXISTS (
            SELECT FROM inbox i WHERE i.session = asked AND i.sender = '' AND i.sender_service = mine)
        THEN
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

REVOKE ALL ON FUNCTION request_of FROM PUBLIC;
GRANT EXECUTE ON FUNCTION request_of TO :"sidecar";
