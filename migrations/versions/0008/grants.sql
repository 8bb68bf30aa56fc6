-- Least privilege for what is new: the sidecar asks for requests by functions, and writes audits by what it does.
DO $$
DECLARE
    schema text := current_schema();
    sidecar text := current_setting('accompanist.service') || '_sidecar';
BEGIN
    EXECUTE format('REVOKE ALL ON ALL FUNCTIONS IN SCHEMA %I FROM PUBLIC', schema);
    EXECUTE format('GRANT SELECT ON request TO %I', sidecar);
    EXECUTE format('GRANT EXECUTE ON FUNCTION request_of, forget_requests TO %I', sidecar);
END
$$;
