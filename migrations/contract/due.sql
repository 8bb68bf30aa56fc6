-- `due` finds timers that are due in the shards that `asker` holds, longest due first, at most `batch`. A timer that
-- was told is told again after `again`: nothing acknowledges it but its end, which removes the row. A timer whose
-- session is over, or has no row, is removed here. A timer of a parked session is passed over, and looked at again
-- after `again`.
--
-- Its commit does not wait for the disk. If it is lost, the timers are told once more.
--
-- Called by: `accompanist/log/timers.py`; `accompanist/log/postgres.py` runs its statement.
-- Locks: the rows of `timer` that are due; those that another call has locked are passed over.
-- Answers: a row for each such timer. In a last row without a session: in how many seconds the next one is due, 0 where
--   more are due now. That row is missing where none is set.
CREATE FUNCTION due(asker text, batch integer, again interval)
RETURNS TABLE (session uuid, role text, site text, seconds float8)
LANGUAGE plpgsql SET search_path FROM CURRENT SET lock_timeout = '2s'
SET plan_cache_mode = force_generic_plan SET enable_hashjoin = off SET enable_mergejoin = off
SET seq_page_cost = 1 SET random_page_cost = 0.1
AS $$
#variable_conflict use_column
DECLARE
    held smallint[] := ARRAY(SELECT s.shard FROM shard s WHERE s.owner = asker);
    next_at timestamptz;
BEGIN
    SELECT t.ask_at INTO next_at FROM timer t WHERE t.shard = ANY (held) ORDER BY t.ask_at LIMIT 1;
    IF next_at <= statement_timestamp() THEN
        PERFORM set_config('synchronous_commit', 'off', true);
        RETURN QUERY
        WITH ripe AS MATERIALIZED (
            SELECT t.session, t.role, t.site, t.ask_at, s.open, s.parked FROM timer t
            LEFT JOIN session s ON s.session = t.session AND s.role = t.role
            WHERE t.ask_at <= statement_timestamp() AND t.shard = ANY (held)
            ORDER BY t.ask_at LIMIT batch
            FOR UPDATE OF t SKIP LOCKED
        ), over AS (
            DELETE FROM timer t USING ripe r
            WHERE (t.session, t.role, t.site) = (r.session, r.role, r.site) AND r.open IS NOT TRUE
        ), told AS (
            UPDATE timer t SET ask_at = clock_timestamp() + again FROM ripe r
            WHERE (t.session, t.role, t.site) = (r.session, r.role, r.site) AND r.open
        )
        SELECT r.session, r.role, r.site, 0::float8 FROM ripe r WHERE r.open AND NOT r.parked ORDER BY r.ask_at;
        SELECT t.ask_at INTO next_at FROM timer t WHERE t.shard = ANY (held) ORDER BY t.ask_at LIMIT 1;
    END IF;
    IF next_at IS NOT NULL THEN
        RETURN QUERY SELECT NULL::uuid, NULL::text, NULL::text,
            greatest(extract(epoch FROM next_at - clock_timestamp())::float8, 0);
    END IF;
END
$$;

REVOKE ALL ON FUNCTION due FROM PUBLIC;
GRANT EXECUTE ON FUNCTION due TO :"sidecar";
