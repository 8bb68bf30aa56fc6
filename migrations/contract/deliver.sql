-- `deliver` takes messages from the service that the login belongs to, whatever the messages say of themselves. It is
-- the only function that peers may call. Messages of a login that is no sidecar's are not stored: no session would
-- believe them.
--
-- A sender does not wait long for a lock here. Its messages go through its outbox then.
--
-- Called by: `hand_over`; of this schema and of the peers'.
-- Locks: what `accept` locks. It waits 250 ms for a lock at most.
-- Answers: what `accept` answers; `unknown` for each message where the login is no sidecar's.
CREATE FUNCTION deliver(
    sessions uuid[], sites text[], senders text[], receivers text[], kinds text[],
    headers bytea[], payloads bytea[], contexts bytea[], home boolean
) RETURNS text[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
-- a sender does not wait long for a receiver that is, say, being migrated: its message goes by the outbox then
SET lock_timeout = '250ms'
AS $$
BEGIN
    IF speaker() = '' THEN
        RETURN array_fill('unknown'::text, ARRAY[cardinality(sessions)]);
    END IF;
    RETURN accept(speaker(), sessions, sites, senders, receivers, kinds, headers, payloads, contexts, home);
END
$$;

REVOKE ALL ON FUNCTION deliver FROM PUBLIC;
GRANT EXECUTE ON FUNCTION deliver TO :"sidecar";
GRANT EXECUTE ON FUNCTION deliver TO accompanist_peer;
