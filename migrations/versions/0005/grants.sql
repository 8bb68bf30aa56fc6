-- Least privilege for what is new: the sidecar alone may say who spoke, and relay.
DO $$
DECLARE
    schema text := current_schema();
    sidecar text := current_setting('accompanist.service') || '_sidecar';
BEGIN
    EXECUTE format('REVOKE ALL ON ALL FUNCTIONS IN SCHEMA %I FROM PUBLIC', schema);
    EXECUTE format('GRANT EXECUTE ON FUNCTION accept, relay, relayed, resend TO %I', sidecar);
END
$$;
