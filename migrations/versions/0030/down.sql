DROP FUNCTION signal, start, name_of_key, sha1, misfit, canonical;
DROP TABLE startable, awaited;
DO $$
BEGIN
    EXECUTE format('REVOKE USAGE ON SCHEMA %I FROM %I',
        current_schema(), current_setting('accompanist.service') || '_worker');
END
$$;
