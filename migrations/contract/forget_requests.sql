-- `forget_requests` looks at keys that nobody has looked at for `age`, oldest first, at most `batch`. A key of whose
-- session there is a row, a message or a stub is kept, and looked at again after `age`. Any other is removed: its start
-- was never taken.
--
-- Called by: `accompanist/log/requests.py`; `accompanist/log/postgres.py` runs its statement behind `forget`.
-- Locks: the rows of `request` that it looks at; those that are locked are passed over.
-- Answers: nothing.
CREATE FUNCTION forget_requests(age interval, batch integer) RETURNS void
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

REVOKE ALL ON FUNCTION forget_requests FROM PUBLIC;
GRANT EXECUTE ON FUNCTION forget_requests TO :"sidecar";
