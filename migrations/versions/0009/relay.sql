-- Messages to `peers` that are due, longest due first. Each is due again later, whatever becomes of it: a relay that dies
-- with it in its hands is only slow, and of two at once mostly one has it. Read here and sent at once: never from an old
-- copy. Losing this commit would only make the rows due earlier, so it does not wait for the disk.
CREATE OR REPLACE FUNCTION relay(batch integer, peers text[], first interval, cap interval)
RETURNS TABLE (
    session uuid, site text, sender text, receiver text, kind text, header bytea, payload bytea, context bytea,
    service text)
LANGUAGE plpgsql SET search_path FROM CURRENT SET lock_timeout = '2s'
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
#variable_conflict use_column
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    RETURN QUERY
    WITH due AS MATERIALIZED (
        SELECT o.session, o.site, o.sender, o.receiver, o.due_at, octet_length(o.payload) AS weight FROM outbox o
        WHERE o.answer <> 'clash' AND o.answer <> 'refused'
          AND o.due_at <= clock_timestamp() AND o.service = ANY (peers)
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
