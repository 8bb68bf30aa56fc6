-- Rows are found by an index. Until now that was `enable_seqscan = off`, which makes a statement that has no index to use
-- look so expensive that Postgres compiles it each time it is run (jit): a second for each look into a queue.
--
-- Now it is by cost. A random page is cheap, as it is for rows that are in memory, so that an index is better than walking
-- as soon as a table has a few rows, and a table that was never vacuumed counts as ten pages. What is left is a plan that
-- was made when a table was empty and had been vacuumed, and that a connection keeps while the table fills: see
-- `keep_statistics`.
--
-- A time that rows are compared with is that of the statement: clock_timestamp() differs from row to row, so that an index
-- would be walked to its end, over all that is not due yet.
--
-- The functions are changed as they are, whichever revision made them so.
-- As in 0009, and beginning with what cannot be delivered: that is little, where the open sessions may be many.
CREATE OR REPLACE FUNCTION undelivered(asker text, batch integer)
RETURNS TABLE (session uuid, site text, sender text, receiver text, answer text, service text)
LANGUAGE plpgsql SET search_path FROM CURRENT
SET plan_cache_mode = force_generic_plan SET enable_hashjoin = off SET enable_mergejoin = off
SET seq_page_cost = 1 SET random_page_cost = 0.1
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH kept AS MATERIALIZED (
        SELECT o.session, o.site, o.sender, o.receiver, o.answer, o.service, o.tried_at FROM outbox o
        WHERE o.answer IN ('clash', 'refused', 'nowhere')
    )
    SELECT o.session, o.site, o.sender, o.receiver, o.answer, o.service
    FROM kept o
    CROSS JOIN LATERAL (
        SELECT FROM session s
        WHERE s.session = o.session AND s.role = o.sender
          AND s.open AND NOT s.parked AND s.phase IN ('running', 'done')
          AND s.shard = ANY (ARRAY(SELECT h.shard FROM shard h WHERE h.owner = asker))
        OFFSET 0  -- looked up for each, in this order
    ) AS waiting
    ORDER BY o.tried_at LIMIT batch;
END
$$;

DO $$
DECLARE
    one record;
    text text;
BEGIN
    FOR one IN
        SELECT p.oid, p.oid::regprocedure AS id, p.proname AS name FROM pg_proc p
        WHERE p.pronamespace = current_schema()::regnamespace
          AND ('enable_seqscan=off' = ANY (p.proconfig) OR p.proname IN ('unfinished', 'forget_versions', 'requests_gone'))
    LOOP
        IF one.name IN ('collect', 'lighten', 'forget', 'resend', 'relay', 'due', 'forget_versions') THEN
            text := regexp_replace(pg_get_functiondef(one.oid), '(<=?) clock_timestamp\(\)', '\1 statement_timestamp()', 'g');
            -- an array is looked up in an index, whatever is thought of how many there are
            text := regexp_replace(
                text, 'a\.id IN \((\s*SELECT id FROM audit [^;]* LIMIT batch)\)', 'a.id = ANY (ARRAY(\1))');
            EXECUTE text;
        END IF;
        EXECUTE format('ALTER FUNCTION %s RESET enable_seqscan', one.id);
        EXECUTE format('ALTER FUNCTION %s SET seq_page_cost = 1', one.id);
        EXECUTE format('ALTER FUNCTION %s SET random_page_cost = 0.1', one.id);
    END LOOP;
    ALTER FUNCTION unfinished(smallint[]) SET enable_hashjoin = off;
    ALTER FUNCTION unfinished(smallint[]) SET enable_mergejoin = off;
    ALTER FUNCTION requests_gone() SET enable_hashjoin = off;
    ALTER FUNCTION requests_gone() SET enable_mergejoin = off;
END
$$;

-- As in 0008, with each table asked for one session at a time: EXISTS among the columns is planned as a hash of all of it.
CREATE OR REPLACE FUNCTION forget_requests(age interval, batch integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT SET lock_timeout = '2s'
SET plan_cache_mode = force_generic_plan SET enable_hashjoin = off SET enable_mergejoin = off
SET seq_page_cost = 1 SET random_page_cost = 0.1
AS $$
BEGIN
    WITH old AS MATERIALIZED (
        SELECT r.name, r.session FROM request r
        WHERE r.seen_at < statement_timestamp() - age ORDER BY r.seen_at LIMIT batch
        FOR UPDATE OF r SKIP LOCKED
    ), looked AS MATERIALIZED (
        SELECT o.name, found.it IS NOT NULL AS used
        FROM old o LEFT JOIN LATERAL (
            (SELECT 1 AS it FROM session s WHERE s.session = o.session LIMIT 1)
            UNION ALL (SELECT 1 FROM inbox i WHERE i.session = o.session LIMIT 1)
            UNION ALL (SELECT 1 FROM stub t WHERE t.session = o.session LIMIT 1)
            LIMIT 1
        ) AS found ON true
    ), seen AS (
        UPDATE request r SET seen_at = clock_timestamp() FROM looked o WHERE r.name = o.name AND o.used
    )
    DELETE FROM request r USING looked o WHERE r.name = o.name AND NOT o.used;
END
$$;

-- Look at tables that have become several times as big as the planner believes, and have it believe what is so; that ends
-- every plan that was made before, on every connection. Autovacuum does the same within a minute or so, which is long for
-- a log that fills. Called by the sidecar every few seconds; most times it finds nothing to do. Answers what was looked at.
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

DO $$
BEGIN
    EXECUTE 'REVOKE ALL ON FUNCTION keep_statistics FROM PUBLIC';
    EXECUTE format('GRANT EXECUTE ON FUNCTION keep_statistics TO %I', current_setting('accompanist.service') || '_sidecar');
END
$$;

-- These wait for a lock and then read what its holder did. Our connections state READ COMMITTED; anybody else is refused a
-- level under which the read is from before the lock: an owner that has lost its lease would go on writing.
CREATE FUNCTION committed_reads() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('transaction_isolation') = 'repeatable read' THEN
        RAISE EXCEPTION 'the log cannot be written in a transaction that is REPEATABLE READ' USING
            ERRCODE = 'AC002', HINT = 'Begin with BEGIN ISOLATION LEVEL READ COMMITTED.';
    END IF;
END
$$;

DO $$
DECLARE
    one oid;
BEGIN
    FOR one IN
        SELECT p.oid FROM pg_proc p
        WHERE p.pronamespace = current_schema()::regnamespace AND p.proname IN ('fence', 'lease', 'release')
    LOOP
        EXECUTE regexp_replace(pg_get_functiondef(one), '\nBEGIN\n', E'\nBEGIN\n    PERFORM committed_reads();\n');
    END LOOP;
    EXECUTE 'REVOKE ALL ON FUNCTION committed_reads FROM PUBLIC';
    EXECUTE format('GRANT EXECUTE ON FUNCTION committed_reads TO %I', current_setting('accompanist.service') || '_sidecar');
END
$$;
