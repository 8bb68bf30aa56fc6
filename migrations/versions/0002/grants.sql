-- Least privilege for what is new; 0001's grants stand. A test walks what is granted and fails on anything beyond.
DO $$
DECLARE
    schema text := current_schema();
    sidecar text := current_setting('accompanist.service') || '_sidecar';
BEGIN
    EXECUTE format('REVOKE ALL ON ALL FUNCTIONS IN SCHEMA %I FROM PUBLIC', schema);
    EXECUTE format('GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA %I TO %I', schema, sidecar);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON replica TO %I', sidecar);
    EXECUTE format('GRANT SELECT, INSERT ON audit TO %I', sidecar);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE ON server TO %I', sidecar);
    EXECUTE format('GRANT SELECT ON forgotten TO %I', sidecar);
END
$$;
