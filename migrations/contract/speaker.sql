-- `speaker` says which service speaks: the one that the login of this connection belongs to. It is the login that
-- counts, and never what a message says.
--
-- Called by: `deliver`, `links`, `own_name`.
-- Locks: nothing.
-- Answers: the name of the service; the empty text for a login that is no sidecar's.
CREATE FUNCTION speaker() RETURNS text
LANGUAGE sql STABLE
RETURN CASE WHEN session_user LIKE '%\_sidecar' THEN left(session_user::text, -8) ELSE '' END;

REVOKE ALL ON FUNCTION speaker FROM PUBLIC;
GRANT EXECUTE ON FUNCTION speaker TO :"sidecar";
