-- Of before: the function as 0009 made it, with what 0011 made of it.
DO $$
BEGIN
    EXECUTE 'ALTER FUNCTION collect RESET enable_seqscan';
    EXECUTE 'ALTER FUNCTION collect SET seq_page_cost = 1';
    EXECUTE 'ALTER FUNCTION collect SET random_page_cost = 0.1';
    REVOKE ALL ON FUNCTION collect FROM PUBLIC;
    EXECUTE format('GRANT EXECUTE ON FUNCTION collect TO %I', current_setting('accompanist.service') || '_sidecar');
END
$$;
