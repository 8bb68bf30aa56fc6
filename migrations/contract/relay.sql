-- `relay` reads what is due for `peers`, services in other databases, longest due first. Each message that it gives is
-- due again later, with a wait that doubles from `first` to `cap`, whatever becomes of it. So a sidecar that dies with
-- it in its hands is only slow, and of two sidecars mostly one has it. A `clash` and a `refused` are not sent again.
--
-- At most `batch` rows are given, and about `batch_bytes_max` of payload, but at least one row. Its commit does not
-- wait for the disk. If it is lost, the rows are due earlier.
--
-- Called by: `accompanist/log/postgres.py`.
-- Locks: the rows of `outbox` that are due; those that another call has locked are passed over.
-- Answers: the messages, each with the service it is for.
CREATE FUNCTION relay(batch integer, peers text[], first interval, cap interval)
RETURNS TABLE (
    session uuid, site text, sender text, receiver text, kind text, header bytea, payload bytea, context bytea,
    service text)
LANGUAGE plpgsql SET search_path FROM CURRENT SET lock_timeout = '2s'
SET plan_cache_mode = force_generic_plan SET enable_hashjoin = off SET enable_mergejoin = off
SET seq_page_cost = 1 SET random_page_cost = 0.1
AS $$
#variable_conflict use_column
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    RETURN QUERY
    WITH due AS MATERIALIZED (
        SELECT o.session, o.site, o.sender, o.receiver, o.due_at, octet_length(o.payload) AS weight FROM outbox o
        WHERE o.answer <> 'clash' AND o.answer <> 'refused'
          AND o.due_at <= statement_timestamp() AND o.service = ANY (peers)
        ORDER BY o.due_at LIMIT batch
        FOR UPDATE SKIP LOCKED
    ), placed AS (
        SELECT d.*, coalesce(sum(d.weight) OVER (
            ORDER BY d.due_at, d.session, d.site, d.sender, d.receiver
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before
        FROM due d
    )
    UPDATE outbox o SET attempts = o.attempts + 1, tried_at = clock_timestamp(),
        due_at = clock_timestamp() + least(first * power(2, least(o.attempts, 20) - 1), cap)
    FROM placed d
    WHERE (o.session, o.site, o.sender, o.receiver) = (d.session, d.site, d.sender, d.receiver)
      AND d.before < (SELECT g.batch_bytes_max FROM setting g)
    RETURNING o.session, o.site, o.sender, o.receiver, o.kind, o.header, o.payload, o.context, o.service;
END
$$;

REVOKE ALL ON FUNCTION relay FROM PUBLIC;
GRANT EXECUTE ON FUNCTION relay TO :"sidecar";
