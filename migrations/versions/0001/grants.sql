-- Least privilege, whole: a test walks what is granted and fails on anything beyond this page.
DO $$
DECLARE
    schema text := current_schema();
    sidecar text := current_setting('accompanist.service') || '_sidecar';
BEGIN
    EXECUTE format('REVOKE ALL ON SCHEMA %I FROM PUBLIC', schema);
    EXECUTE format('REVOKE ALL ON ALL FUNCTIONS IN SCHEMA %I FROM PUBLIC', schema);
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO accompanist_peer, %I', schema, sidecar);
    EXECUTE 'GRANT EXECUTE ON FUNCTION deliver TO accompanist_peer';
    EXECUTE format('GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA %I TO %I', schema, sidecar);
    -- inbox, stub: written by deliver() and the collector, as the owner
    EXECUTE format('GRANT SELECT ON setting, inbox, stub, alembic_version TO %I', sidecar);
    EXECUTE format('GRANT SELECT, INSERT ON result, projection TO %I', sidecar);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE ON session, shard TO %I', sidecar);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON outbox TO %I', sidecar);
    EXECUTE format('GRANT SELECT, UPDATE, DELETE ON arrival TO %I', sidecar);
END
$$;
