-- As in 0008, and the audit names the site at which the session stood for whoever gave the verb: what was taken as done
-- by hand is known after the session is forgotten, too.
CREATE OR REPLACE FUNCTION audit_verb() RETURNS trigger
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
