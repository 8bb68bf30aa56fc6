-- Least privilege for what is new: the sidecar asks for it, and peers do not.
DO $$
DECLARE
    schema text := current_schema();
    sidecar text := current_setting('accompanist.service') || '_sidecar';
BEGIN
    EXECUTE 'REVOKE ALL ON FUNCTION take, dismiss, crowd, sayable, heads FROM PUBLIC';
    EXECUTE format('GRANT EXECUTE ON FUNCTION take, dismiss, crowd, sayable, heads TO %I', sidecar);
END
$$;
