-- `flush` was made anew, and with it its grants.
DO $$
BEGIN
    EXECUTE 'REVOKE ALL ON FUNCTION flush FROM PUBLIC';
    EXECUTE format('GRANT EXECUTE ON FUNCTION flush TO %I', current_setting('accompanist.service') || '_sidecar');
END
$$;
