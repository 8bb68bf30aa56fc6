-- `links_of` asks a peer's schema for its `links`. That function runs in this connection. So it has to be the one that
-- a log has, and to run with its owner's rights, not with ours: it is looked at before and after, as `hand_over` does
-- it with `deliver`.
--
-- Called by: `accompanist/log/links.py`.
-- Locks: nothing.
-- Answers: what `links` answers; no rows where the schema has none that may be asked.
-- Raises: `serialization_failure` where the function was replaced while it was called.
CREATE FUNCTION links_of(peer text) RETURNS TABLE (shard smallint, owner text, address text, proof bytea)
LANGUAGE plpgsql SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    before text;
    after text;
BEGIN
    FOR look IN 1 .. 2 LOOP
        SELECT p.oid || ' ' || p.xmin INTO after
        FROM pg_namespace n
        JOIN pg_proc p ON p.pronamespace = n.oid
        JOIN pg_roles r ON r.oid = p.proowner
        JOIN pg_language l ON l.oid = p.prolang
        WHERE n.nspname = peer AND p.proname = 'links' AND p.prokind = 'f' AND p.proretset
          AND p.proargtypes = ''::oidvector
          AND p.proallargtypes = '{21,25,25,17}'
          AND p.prosecdef AND p.proowner = n.nspowner
          AND r.rolname LIKE '%\_owner' AND NOT r.rolcanlogin AND NOT r.rolsuper
          AND format('search_path=%s, pg_temp', peer) = ANY (p.proconfig)
          AND l.lanname = 'plpgsql'
          AND has_function_privilege(p.oid, 'EXECUTE') AND has_schema_privilege(n.oid, 'USAGE');
        IF look = 1 THEN
            IF after IS NULL THEN
                RETURN;
            END IF;
            before := after;
            RETURN QUERY EXECUTE format('SELECT shard, owner, address, proof FROM %I.links()', peer);
        ELSIF after IS DISTINCT FROM before THEN
            RAISE EXCEPTION 'links was replaced while it was called' USING ERRCODE = 'serialization_failure';
        END IF;
    END LOOP;
END
$$;

REVOKE ALL ON FUNCTION links_of FROM PUBLIC;
GRANT EXECUTE ON FUNCTION links_of TO :"sidecar";
