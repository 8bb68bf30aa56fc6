-- What a person does to a session is a message in its inbox, and is audited in the commit that takes that message: an
-- audit without the deed, and a deed without its audit, cannot be. Nobody but our own sidecar can hand in such a message
-- without a sender (`accept`), so what it says is what the sidecar wrote.
CREATE FUNCTION audit_verb() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT
AS $$
DECLARE
    -- no text column takes a zero byte
    told json := replace(convert_from(NEW.payload, 'UTF8'), '\u0000', '\ufffd')::json;
BEGIN
    INSERT INTO audit (session, role, verb, who, why) VALUES (
        NEW.session, NEW.receiver, told ->> 'verb',
        convert_to((told -> 'who')::text, 'UTF8'), convert_to((told -> 'why')::text, 'UTF8'));
    RETURN NULL;
END
$$;
CREATE TRIGGER audit_verb AFTER INSERT ON inbox
    FOR EACH ROW WHEN (NEW.kind = 'operator' AND NEW.sender = '') EXECUTE FUNCTION audit_verb();
