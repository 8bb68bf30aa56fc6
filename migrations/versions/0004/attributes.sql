-- Attributes: what clients gave a session to find it by, as 'name=text', out of its header. Written by itself when the
-- row is inserted and never again, as the header is; null, and in no index, where there are none. A header that cannot be
-- read as this database's text has none either: looking for sessions may miss one, a commit may not fail for it.
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

ALTER TABLE session ADD COLUMN attributes text[] GENERATED ALWAYS AS (attributes_of(header)) STORED;
CREATE INDEX session_attributes ON session USING gin (attributes) WHERE attributes IS NOT NULL;
