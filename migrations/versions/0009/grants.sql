-- Least privilege for what is new.
DO $$
BEGIN
    EXECUTE format('REVOKE ALL ON FUNCTION undelivered FROM PUBLIC');
    EXECUTE format('GRANT EXECUTE ON FUNCTION undelivered TO %I', current_setting('accompanist.service') || '_sidecar');
END
$$;
