-- What goes to services whose logs are in other databases: from the outbox to their sidecars, and what these answered.

-- Messages to `peers` that are due, longest due first. Each is due again later, whatever becomes of it: a relay that dies
-- with it in its hands is only slow, and of two at once mostly one has it. Read here and sent at once: never from an old
-- copy. Losing this commit would only make the rows due earlier, so it does not wait for the disk.
CREATE FUNCTION relay(batch integer, peers text[], first interval, cap interval)
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
        SELECT o.session, o.site, o.sender, o.receiver FROM outbox o
        WHERE o.answer <> 'clash' AND o.due_at <= clock_timestamp() AND o.service = ANY (peers)
        ORDER BY o.due_at LIMIT batch
        FOR UPDATE SKIP LOCKED
    )
    UPDATE outbox o SET attempts = o.attempts + 1, tried_at = clock_timestamp(),
        due_at = clock_timestamp() + least(first * power(2, least(o.attempts, 20) - 1), cap)
    FROM due d
    WHERE (o.session, o.site, o.sender, o.receiver) = (d.session, d.site, d.sender, d.receiver)
    RETURNING o.session, o.site, o.sender, o.receiver, o.kind, o.header, o.payload, o.context, o.service;
END
$$;

-- What the peers answered. Forgotten is what they have on disk, or refuse for ever because the session is over there; a
-- clash stays to be seen. Losing this commit means asking them once more.
CREATE FUNCTION relayed(
    t_session uuid[], t_site text[], t_sender text[], t_receiver text[], t_answer text[]
) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT SET lock_timeout = '2s'
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    WITH told AS MATERIALIZED (
        SELECT * FROM unnest(t_session, t_site, t_sender, t_receiver, t_answer)
            AS t (session, site, sender, receiver, answer)
    ), gone AS (
        DELETE FROM outbox o USING told t
        WHERE (o.session, o.site, o.sender, o.receiver) = (t.session, t.site, t.sender, t.receiver)
          AND t.answer IN ('stored', 'same', 'closed')
    )
    UPDATE outbox o SET answer = t.answer FROM told t
    WHERE (o.session, o.site, o.sender, o.receiver) = (t.session, t.site, t.sender, t.receiver)
      AND t.answer NOT IN ('stored', 'same', 'closed');
END
$$;
