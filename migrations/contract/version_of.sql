-- `version_of` reads the fingerprint out of a header. A header is JSON that a sidecar wrote, and inside a string of it
-- a quote is escaped. So the first match is the field.
--
-- Called by: `accept`, `forget_versions`, `signal`, `accompanist/log/health_facts.py`.
-- Locks: nothing.
-- Answers: the fingerprint; null where the header names none.
CREATE FUNCTION version_of(header bytea) RETURNS text
LANGUAGE sql IMMUTABLE
AS $$ SELECT substring(encode(header, 'escape') FROM '"fingerprint":"([^"\\]*)"') $$;

REVOKE ALL ON FUNCTION version_of FROM PUBLIC;
GRANT EXECUTE ON FUNCTION version_of TO :"sidecar";
