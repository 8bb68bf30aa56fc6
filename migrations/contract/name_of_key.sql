-- `name_of_key` is the id under which a client's key is kept. `name_of_key` of `accompanist/sidecar/api/starting.py`
-- makes the same: a UUID of version 5, of the key, in the name space of the service.
--
-- Called by: `start`.
-- Locks: nothing.
-- Answers: the id.
CREATE FUNCTION name_of_key(service text, key text) RETURNS uuid
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
AS $$
DECLARE
    made bytea := '\x6f1c2b0e2c0b5d0e9d630f6d2a6b8a55';
    part text;
BEGIN
    FOREACH part IN ARRAY ARRAY[service, key] LOOP
        made := substring(sha1(made || convert_to(part, 'UTF8')) FOR 16);
        made := set_byte(made, 6, (get_byte(made, 6) & 15) | 80);
        made := set_byte(made, 8, (get_byte(made, 8) & 63) | 128);
    END LOOP;
    RETURN encode(made, 'hex')::uuid;
END
$$;

REVOKE ALL ON FUNCTION name_of_key FROM PUBLIC;
