-- Which timers are due in the shards that `asker` holds, longest due first; and, in a last row without a session, in how
-- many seconds the next one is (0: more are due now), if there is one.
--
-- A timer that was told is told again after `again`: nobody acknowledges it but its end, which takes the row away. That
-- it was told need not be on disk, because then it is told once more. Timers of sessions that are over end here; those of
-- parked ones are passed over.
CREATE FUNCTION due(asker text, batch integer, again interval)
RETURNS TABLE (session uuid, role text, site text, seconds float8)
LANGUAGE plpgsql SET search_path FROM CURRENT SET lock_timeout = '2s'
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
#variable_conflict use_column
DECLARE
    held smallint[] := ARRAY(SELECT s.shard FROM shard s WHERE s.owner = asker);
    next_at timestamptz;
BEGIN
    SELECT t.ask_at INTO next_at FROM timer t WHERE t.shard = ANY (held) ORDER BY t.ask_at LIMIT 1;
    IF next_at <= clock_timestamp() THEN
        PERFORM set_config('synchronous_commit', 'off', true);
        RETURN QUERY
        WITH ripe AS MATERIALIZED (
            SELECT t.session, t.role, t.site, t.ask_at, s.open, s.parked FROM timer t
            LEFT JOIN session s ON s.session = t.session AND s.role = t.role
            WHERE t.ask_at <= clock_timestamp() AND t.shard = ANY (held)
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
