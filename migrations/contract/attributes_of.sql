-- `attributes_of` reads the attributes out of a header: what clients gave a session to find it by. The column is
-- written when the session's row is, as the header is, and never again. A header that cannot be read as this database's
-- text has no attributes: a search may miss a session, but no commit may fail.
--
-- Called by: the column `attributes` of `session`.
-- Locks: nothing.
-- Answers: each attribute as 'name=text', in the order of the names; null where there are none.
CREATE FUNCTION attributes_of(header bytea) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE
AS $$
BEGIN
    IF position('"attributes":{"'::bytea IN header) = 0 THEN
        RETURN NULL;
    END IF;
    BEGIN
        RETURN (SELECT array_agg(key || '=' || value ORDER BY key)
                FROM jsonb_each_text(convert_from(header, 'UTF8')::jsonb -> 'attributes'));
    EXCEPTION WHEN OTHERS THEN
        RETURN NULL;
    END;
END
$$;

REVOKE ALL ON FUNCTION attributes_of FROM PUBLIC;
GRANT EXECUTE ON FUNCTION attributes_of TO :"sidecar";
