-- The session that stands for a request; `fresh` if it is the first under its name. As in 0008, but that the name itself is
-- its id only where our own clients have used it so: a session that they started under it, before names were kept, or an
-- event that they told to it before it begins. A name is computed from a key, so that a peer can know it, and a message of
-- a peer under that id was enough to make the id what it expects.
--
-- What was collected has nothing left that says who started it; such stubs are entered here once.
INSERT INTO request (name, session, choreography, digest)
SELECT DISTINCT t.session, t.session, '', NULL::bytea FROM stub t
WHERE get_byte(uuid_send(t.session), 6) / 16 = 5  -- made from a name
  AND NOT EXISTS (SELECT FROM request r WHERE r.session = t.session)
ON CONFLICT DO NOTHING;

-- Its commit does not wait for the disk. The start that follows does, and comes later in the same write-ahead log: if that
-- start is there after a crash, so is this row. If only this row is, the same session begins when it is asked for again.
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
        PERFORM set_config('synchronous_commit', 'off', true);
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
