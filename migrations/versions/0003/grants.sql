-- Least privilege for what is new; the grants of 0001 and 0002 stand.
DO $$
DECLARE
    schema text := current_schema();
    sidecar text := current_setting('accompanist.service') || '_sidecar';
BEGIN
    EXECUTE format('REVOKE ALL ON ALL FUNCTIONS IN SCHEMA %I FROM PUBLIC', schema);
    EXECUTE format('GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA %I TO %I', schema, sidecar);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON timer TO %I', sidecar);
END
$$;
