-- What a sidecar did early, only the worker's fence may know. Every sidecar that comes after it has to ask there.
ALTER TABLE setting ADD COLUMN released_early boolean NOT NULL DEFAULT false;
DO $$
BEGIN
    EXECUTE format('GRANT UPDATE (released_early) ON setting TO %I', current_setting('accompanist.service') || '_sidecar');
END
$$;
