-- `own_name` makes sure that this connection still speaks in the name of this schema's service. A connection outlives
-- its login's name. When the login is renamed, `speaker` answers the new name from then on. What such a sidecar hands
-- over would be taken for nobody's, or for another service's: acknowledged, believed by no session, and removed.
--
-- So the name is asked for after messages were handed over, in the same transaction, since it may change meanwhile. It
-- is asked for with each lease, too, so that an idle sidecar notices.
--
-- Called by: `hand_over`, `lease`.
-- Locks: nothing.
-- Answers: nothing.
-- Raises: `invalid_authorization_specification`, as a refused login does: the connection is dropped, and a new one is
--   opened when the login has its name again.
CREATE FUNCTION own_name() RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
    IF speaker() <> (SELECT service FROM setting) THEN
        RAISE EXCEPTION 'the login of this connection has another name now: %', session_user
            USING ERRCODE = 'invalid_authorization_specification';
    END IF;
END
$$;

REVOKE ALL ON FUNCTION own_name FROM PUBLIC;
GRANT EXECUTE ON FUNCTION own_name TO :"sidecar";
