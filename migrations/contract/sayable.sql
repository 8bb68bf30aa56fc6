-- `sayable` says whether a message of this kind may have this sender. `own`: the receiver's own service speaks it. A
-- client has no name and speaks through the receiver's own service. It says what no role says.
--
-- Called by: `accept`.
-- Locks: nothing.
-- Answers: true or false; false for a kind that does not exist.
CREATE FUNCTION sayable(kind text, sender text, own boolean) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN sender = '' THEN own AND kind IN ('start', 'cancel', 'operator', 'event')
    ELSE kind IN ('data', 'choice', 'abort', 'compensated', 'cancel', 'done', 'settled', 'ended')
END;

REVOKE ALL ON FUNCTION sayable FROM PUBLIC;
