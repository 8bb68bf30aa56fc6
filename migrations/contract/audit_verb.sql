-- `audit_verb` writes the audit of what a person did to a session. Such a deed is a message in the session's inbox, and
-- the audit is written in the commit that takes the message. So no audit is without its deed, and no deed without its
-- audit. Only this service's own sidecar can hand in a message without a sender (`sayable`), so the message says what
-- the sidecar wrote. The verb is followed by the site where the session stood, if the message names one.
--
-- Called by: the trigger on `inbox` below; as the owner, since `accept` inserts there. Nobody else may execute it.
-- Locks: nothing.
-- Answers: null, as a trigger behind its row does.
-- Raises: whatever a payload raises that is no JSON.
CREATE FUNCTION audit_verb() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT
AS $$
DECLARE
    -- no text column takes a zero byte
    told json := replace(convert_from(NEW.payload, 'UTF8'), '\u0000', '\ufffd')::json;
BEGIN
    INSERT INTO audit (session, role, verb, who, why) VALUES (
        NEW.session, NEW.receiver, (told ->> 'verb') || coalesce(' at ' || nullif(told ->> 'site', ''), ''),
        convert_to((told -> 'who')::text, 'UTF8'), convert_to((told -> 'why')::text, 'UTF8'));
    RETURN NULL;
END
$$;

CREATE TRIGGER audit_verb AFTER INSERT ON inbox
    FOR EACH ROW WHEN (NEW.kind = 'operator' AND NEW.sender = '') EXECUTE FUNCTION audit_verb();

REVOKE ALL ON FUNCTION audit_verb FROM PUBLIC;
