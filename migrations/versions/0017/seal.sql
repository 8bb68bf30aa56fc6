-- A sidecar compiles and runs the texts of versions that it reads here. Whoever has its database login could add some. So a
-- sidecar seals what it keeps with a key that lies in a file beside it, and runs nothing that is not sealed with that key.
--
-- `known` is the digest of what was kept before there were seals. Only the owner writes it, which is to say this revision.
ALTER TABLE version ADD COLUMN seal bytea, ADD COLUMN known bytea;
UPDATE version SET known = sha256(kept);

-- A row that is not sealed is written over by a sidecar that has the version's own files.
DO $$
DECLARE
    sidecar text := current_setting('accompanist.service') || '_sidecar';
BEGIN
    EXECUTE format('REVOKE INSERT ON version FROM %I', sidecar);
    EXECUTE format('GRANT INSERT (fingerprint, choreography, kept, digest, seal) ON version TO %I', sidecar);
    EXECUTE format('GRANT UPDATE (choreography, kept, digest, seal, seen_at) ON version TO %I', sidecar);
END
$$;
