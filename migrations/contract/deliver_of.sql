-- `deliver_of` finds the `deliver` of the log in `schema`. What is called in its place runs in the caller's
-- transaction. So it has to have
--
-- - these arguments and this result: another function of the name would run with the caller's rights;
-- - SECURITY DEFINER, and the owner of its schema, who is a service's owner role that nobody logs in as;
-- - the search path of a log's function, and a language in which a function can do no more than its owner in SQL.
--
-- Called by: `hand_over`.
-- Locks: nothing.
-- Answers: its oid, and the transaction that last changed it; nulls where there is none.
CREATE FUNCTION deliver_of(schema text, OUT found oid, OUT made xid)
LANGUAGE sql STABLE SET search_path FROM CURRENT
AS $$
    SELECT p.oid, p.xmin
    FROM pg_namespace n
    JOIN pg_proc p ON p.pronamespace = n.oid
    JOIN pg_roles r ON r.oid = p.proowner
    JOIN pg_language l ON l.oid = p.prolang
    WHERE n.nspname = schema AND p.proname = 'deliver' AND p.prokind = 'f' AND NOT p.proretset
      AND p.proargtypes = array_to_string(ARRAY[
              'uuid[]', 'text[]', 'text[]', 'text[]', 'text[]', 'bytea[]', 'bytea[]', 'bytea[]', 'boolean'
          ]::regtype[]::oid[], ' ')::oidvector
      AND p.prorettype = 'text[]'::regtype
      AND p.prosecdef AND p.proowner = n.nspowner
      AND r.rolname LIKE '%\_owner' AND NOT r.rolcanlogin AND NOT r.rolsuper
      AND format('search_path=%s, pg_temp', schema) = ANY (p.proconfig)
      AND l.lanname IN ('plpgsql', 'sql')
$$;

REVOKE ALL ON FUNCTION deliver_of FROM PUBLIC;
GRANT EXECUTE ON FUNCTION deliver_of TO :"sidecar";
