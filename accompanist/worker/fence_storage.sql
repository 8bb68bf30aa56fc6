-- How large arguments and replies are stored. Nothing of the fence's contract depends on it: it is part of no version.
--
-- They are compressed with lz4 where the server was built with it: JSON takes a quarter of the time that it takes with
-- Postgres's own form, and a little more room. Elsewhere they are left as they are, for the same reason. What was
-- written before is read as it is. Who has chosen a form keeps it.
--
-- It needs the table for a moment without anybody else. Where that takes longer than a second, or is not for this login
-- to do, all stays as it is until the next installation.
DO $$
BEGIN
    IF EXISTS (
        SELECT FROM pg_attribute a
        WHERE a.attrelid = 'fence_call'::regclass AND a.attname IN ('arguments', 'answer')
          AND a.attcompression = '' AND a.attstorage = 'x')
    THEN
        PERFORM set_config('lock_timeout', '1s', true);
        LOCK TABLE fence_call IN ACCESS EXCLUSIVE MODE;
        BEGIN
            ALTER TABLE fence_call ALTER arguments SET COMPRESSION lz4, ALTER answer SET COMPRESSION lz4;
        EXCEPTION WHEN feature_not_supported THEN
            ALTER TABLE fence_call ALTER arguments SET STORAGE EXTERNAL, ALTER answer SET STORAGE EXTERNAL;
        END;
    END IF;
EXCEPTION WHEN lock_not_available OR insufficient_privilege THEN
    NULL;
END
$$;
