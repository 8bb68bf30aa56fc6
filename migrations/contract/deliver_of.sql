-- `deliver_of` finds the `deliver` of the log in each of `schemas`. What is called in its place runs in the caller's
-- transaction. So it has to have
--
-- - these arguments and this result: another function of the name would run with the caller's rights;
-- - SECURITY DEFINER, and the owner of its schema, who is a service's owner role that nobody logs in as;
-- - the search path of a log's function, and a language in which a function can do no more than its owner in SQL.
--
-- It is volatile: each call sees what was committed before it. Its statement is planned once for each connection. A
-- function in SQL would be planned at each call, which cost more than all else that a flush does. The numbers are those
-- of uuid[], text[], bytea[] and boolean: they are the same on every server, and a type's name would be read anew each
-- time.
--
-- Called by: `hand_over`.
-- Locks: nothing.
-- Answers: for each schema, in the order given, a text that differs once the function is another: its oid, and the
--   transaction that last changed it. Null where there is none.
CREATE FUNCTION deliver_of(schemas text[]) RETURNS text[]
LANGUAGE plpgsql
AS $$
BEGIN
    RETURN ARRAY(
        SELECT (
            SELECT p.oid || ' ' || p.xmin
            FROM pg_namespace n
            JOIN pg_proc p ON p.pronamespace = n.oid
            JOIN pg_roles r ON r.oid = p.proowner
            JOIN pg_language l ON l.oid = p.prolang
            WHERE n.nspname = s.schema AND p.proname = 'deliver' AND p.prokind = 'f' AND NOT p.proretset
              AND p.proargtypes = '2951 1009 1009 1009 1009 1001 1001 1001 16'::oidvector
              AND p.prorettype = 1009
              AND p.prosecdef AND p.proowner = n.nspowner
              AND r.rolname LIKE '%\_owner' AND NOT r.rolcanlogin AND NOT r.rolsuper
              AND format('search_path=%s, pg_temp', s.schema) = ANY (p.proconfig)
              AND l.lanname IN ('plpgsql', 'sql'))
        FROM unnest(schemas) AS s (schema));
END
$$;

REVOKE ALL ON FUNCTION deliver_of FROM PUBLIC;
GRANT EXECUTE ON FUNCTION deliver_of TO :"sidecar";
