-- What 0011 made of the functions as the revisions before had them.
DO $$
DECLARE
    one oid;
BEGIN
    FOR one IN
        SELECT p.oid FROM pg_proc p
        WHERE p.pronamespace = current_schema()::regnamespace
          AND p.proname IN ('accept', 'take', 'unfinished', 'forget', 'forget_versions', 'crowd')
    LOOP
        EXECUTE format('ALTER FUNCTION %s RESET enable_seqscan', one::regprocedure);
        EXECUTE format('ALTER FUNCTION %s SET seq_page_cost = 1', one::regprocedure);
        EXECUTE format('ALTER FUNCTION %s SET random_page_cost = 0.1', one::regprocedure);
    END LOOP;
    ALTER FUNCTION unfinished(smallint[]) SET enable_hashjoin = off;
    ALTER FUNCTION unfinished(smallint[]) SET enable_mergejoin = off;
    EXECUTE 'REVOKE ALL ON FUNCTION take, crowd FROM PUBLIC';
    EXECUTE format('GRANT EXECUTE ON FUNCTION take, crowd TO %I', current_setting('accompanist.service') || '_sidecar');
END
$$;
