-- `heads` says whether a role is the initiator that a header names. A header is JSON that a sidecar wrote, without
-- spaces, and inside a string of it a quote is escaped. Who writes another header deceives itself: its message waits.
--
-- Called by: `accept`.
-- Locks: nothing.
-- Answers: true or false.
CREATE FUNCTION heads(header bytea, role text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN position(convert_to('"initiator":"' || role || '"', 'UTF8') IN header) > 0;

REVOKE ALL ON FUNCTION heads FROM PUBLIC;
