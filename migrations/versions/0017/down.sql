DO $$
DECLARE
    sidecar text := current_setting('accompanist.service') || '_sidecar';
BEGIN
    EXECUTE format('REVOKE INSERT (fingerprint, choreography, kept, digest, seal) ON version FROM %I', sidecar);
    EXECUTE format('REVOKE UPDATE (choreography, kept, digest, seal) ON version FROM %I', sidecar);
    EXECUTE format('GRANT INSERT ON version TO %I', sidecar);
END
$$;
ALTER TABLE version DROP COLUMN seal, DROP COLUMN known;
