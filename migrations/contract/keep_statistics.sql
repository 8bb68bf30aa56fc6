-- `keep_statistics` analyzes each table that has become more than four times as big as the planner believes. That also
-- ends every plan over it that was made before, on every connection. Autovacuum does the same within a minute or so,
-- which is long for a log that fills. Mostly there is nothing to do. A table that was never analyzed is left to
-- autovacuum.
--
-- Called by: `accompanist/log/postgres.py`; every few seconds, behind `crowd`.
-- Locks: each table that it analyzes, against another ANALYZE or VACUUM and against changes of the table. It waits 50
--   ms for that, and passes over a table that is locked.
-- Answers: the names of the tables that it analyzed.
CREATE FUNCTION keep_statistics() RETURNS text[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT SET lock_timeout = '50ms'
AS $$
DECLARE
    one text;
    looked text[] := '{}';
BEGIN
    FOR one IN
        SELECT c.relname FROM pg_class c
        WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' AND c.reltuples >= 0
          AND pg_relation_size(c.oid) / 8192 > 4 * greatest(c.relpages, 1)
    LOOP
        BEGIN
            EXECUTE format('ANALYZE %I', one);
            looked := looked || one;
        EXCEPTION WHEN lock_not_available THEN
            NULL;  -- somebody else is at it
        END;
    END LOOP;
    RETURN looked;
END
$$;

REVOKE ALL ON FUNCTION keep_statistics FROM PUBLIC;
GRANT EXECUTE ON FUNCTION keep_statistics TO :"sidecar";
