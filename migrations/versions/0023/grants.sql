-- `fence` and `flush` were made anew. The `flush` of 0022 keeps its grants.
DO $$
DECLARE
    one regprocedure;
    sidecar text := current_setting('accompanist.service') || '_sidecar';
BEGIN
    FOR one IN
        SELECT p.oid FROM pg_proc p
        WHERE p.pronamespace = current_schema()::regnamespace AND p.proname IN ('fence', 'flush')
    LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', one);
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %I', one, sidecar);
    END LOOP;
END
$$;
