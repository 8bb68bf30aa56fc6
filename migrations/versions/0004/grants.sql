-- Least privilege for what is new; the grants before stand. A test walks what is granted and fails on anything beyond.
DO $$
DECLARE
    schema text := current_schema();
    sidecar text := current_setting('accompanist.service') || '_sidecar';
BEGIN
    EXECUTE format('REVOKE ALL ON ALL FUNCTIONS IN SCHEMA %I FROM PUBLIC', schema);
    EXECUTE format('GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA %I TO %I', schema, sidecar);
    EXECUTE format('GRANT SELECT, INSERT ON version TO %I', sidecar);
    EXECUTE format('GRANT UPDATE (seen_at) ON version TO %I', sidecar);
END
$$;
