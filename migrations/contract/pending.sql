-- `pending` says in one look whether there is work for `asker`. The functions that do the work are called only when
-- there is some, so an idle sidecar costs one short statement a second.
--
-- Each condition is that of the function it stands for, or wider: what it does not see is not done. No queue is looked
-- through further than `rows_max` rows, so that no lease waits for it. What may lie beyond is said to be there. The
-- function changes nothing. It is volatile all the same, so that it sees what `lease` acquired in the same statement.
--
-- Called by: `accompanist/log/postgres.py`; in one statement with `lease`.
-- Locks: nothing.
-- Answers: one row. `arrived`: `take` has messages. `unsent`: `resend` or `undelivered` has. `timer_s`: in how many
--   seconds the next timer is due, at the earliest; null where none is set. `peers`: those of `away` to whom `relay`
--   has messages.
CREATE FUNCTION pending(asker text, away text[], rows_max integer)
RETURNS TABLE (arrived boolean, unsent boolean, timer_s float8, peers text[])
LANGUAGE plpgsql SET search_path FROM CURRENT
SET plan_cache_mode = force_generic_plan SET enable_hashjoin = off SET enable_mergejoin = off
SET seq_page_cost = 1 SET random_page_cost = 0.1
AS $$
#variable_conflict use_column
DECLARE
    held smallint[] := ARRAY(SELECT s.shard FROM shard s WHERE s.owner = asker);
    services text[];
    found bigint;
    next_at timestamptz;
BEGIN
    arrived := EXISTS (
        SELECT FROM (SELECT a.shard FROM arrival a WHERE NOT a.early ORDER BY a.arrived_at LIMIT rows_max) AS f
        WHERE f.shard = ANY (held)
    ) OR EXISTS (SELECT FROM arrival a WHERE NOT a.early ORDER BY a.arrived_at OFFSET rows_max LIMIT 1);

    SELECT coalesce(array_agg(DISTINCT d.service), '{}'), count(*) INTO services, found
    FROM (
        SELECT o.service FROM outbox o
        WHERE o.answer <> 'clash' AND o.answer <> 'refused' AND o.due_at <= statement_timestamp()
        ORDER BY o.due_at LIMIT rows_max
    ) AS d;
    unsent := found = rows_max OR EXISTS (SELECT FROM unnest(services) AS s WHERE s <> ALL (away));
    peers := CASE
        WHEN found = rows_max THEN away ELSE ARRAY(SELECT s FROM unnest(services) AS s WHERE s = ANY (away)) END;
    unsent := unsent OR EXISTS (
        SELECT FROM (
            SELECT o.session, o.sender FROM outbox o
            WHERE o.answer IN ('clash', 'refused', 'nowhere') ORDER BY o.tried_at LIMIT rows_max
        ) AS k
        CROSS JOIN LATERAL (
            SELECT FROM session s
            WHERE s.session = k.session AND s.role = k.sender
              AND s.open AND NOT s.parked AND s.phase IN ('running', 'done') AND s.shard = ANY (held)
            OFFSET 0  -- looked up for each, in this order
        ) AS waiting
    ) OR EXISTS (
        SELECT FROM outbox o
        WHERE o.answer IN ('clash', 'refused', 'nowhere') ORDER BY o.tried_at OFFSET rows_max LIMIT 1);

    SELECT t.ask_at INTO next_at
    FROM (SELECT t.ask_at, t.shard FROM timer t ORDER BY t.ask_at LIMIT rows_max) AS t
    WHERE t.shard = ANY (held) ORDER BY t.ask_at LIMIT 1;
    IF next_at IS NULL THEN
        SELECT t.ask_at INTO next_at FROM timer t ORDER BY t.ask_at OFFSET rows_max LIMIT 1;
    END IF;
    IF next_at IS NOT NULL THEN
        timer_s := greatest(extract(epoch FROM next_at - clock_timestamp())::float8, 0);
    END IF;
    RETURN NEXT;
END
$$;

REVOKE ALL ON FUNCTION pending FROM PUBLIC;
GRANT EXECUTE ON FUNCTION pending TO :"sidecar";
