-- Messages of open sessions, in the shards that `asker` holds, that their receivers will never take (`clash`: they hold
-- others under the same identity; `refused`: beyond a bound) or that nobody can bring there (`nowhere`: this service
-- knows no service of that name). They are answered until their session stands still for it, or goes back, whoever found
-- out about them and when.
CREATE FUNCTION undelivered(asker text, batch integer)
RETURNS TABLE (session uuid, site text, sender text, receiver text, answer text, service text)
LANGUAGE plpgsql SET search_path FROM CURRENT
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT o.session, o.site, o.sender, o.receiver, o.answer, o.service
    FROM outbox o
    JOIN session s ON s.session = o.session AND s.role = o.sender
    WHERE o.answer IN ('clash', 'refused', 'nowhere') AND s.open AND NOT s.parked AND s.phase IN ('running', 'done')
      AND s.shard = ANY (ARRAY(SELECT h.shard FROM shard h WHERE h.owner = asker))
    ORDER BY o.tried_at LIMIT batch;
END
$$;
