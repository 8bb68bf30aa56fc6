-- Fresh messages for the shards that `asker` holds, oldest first. Found by state, never by a cursor: a row that is
-- committed late is as fresh as any. The mark is committed without waiting for the disk: losing it, the row comes
-- again. A row whose session row is missing stays behind as `early`, for recovery and for the bound.
CREATE FUNCTION take(asker text, batch integer)
RETURNS TABLE (
    session uuid, site text, sender text, receiver text, kind text,
    header bytea, payload bytea, context bytea, sender_service text, known boolean)
LANGUAGE plpgsql SET search_path FROM CURRENT
-- the queue's size changes faster than any statistics of it: planned once, always by index
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
#variable_conflict use_column
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    RETURN QUERY
    WITH fresh AS MATERIALIZED (
        SELECT a.ctid AS place, a.session, a.site, a.sender, a.receiver FROM arrival a
        WHERE NOT a.early AND a.shard = ANY (ARRAY(SELECT s.shard FROM shard s WHERE s.owner = asker))
        ORDER BY a.arrived_at LIMIT batch
        FOR UPDATE SKIP LOCKED
    ), judged AS MATERIALIZED (
        SELECT f.*, EXISTS (SELECT FROM session s WHERE s.session = f.session AND s.role = f.receiver) AS known
        FROM fresh f
    ), done AS (
        DELETE FROM arrival a USING judged j WHERE a.ctid = j.place AND j.known
    ), kept AS (
        UPDATE arrival a SET early = true FROM judged j WHERE a.ctid = j.place AND NOT j.known
    )
    SELECT i.session, i.site, i.sender, i.receiver, i.kind,
        i.header, i.payload, i.context, i.sender_service, j.known
    FROM judged j JOIN inbox i USING (session, site, sender, receiver);
END
$$;

-- What recovery has to look at. Early rows whose session came after all (taken while it was being committed) are
-- swept on the way.
CREATE FUNCTION unfinished(shards smallint[]) RETURNS TABLE (session uuid, role text)
LANGUAGE plpgsql SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
BEGIN
    DELETE FROM arrival a
    WHERE a.early AND EXISTS (SELECT FROM session s WHERE s.session = a.session AND s.role = a.receiver);
    RETURN QUERY
    SELECT s.session, s.role FROM session s WHERE s.open AND s.shard = ANY (shards)
    UNION
    SELECT a.session, a.receiver FROM arrival a
    WHERE a.shard = ANY (shards)
      AND NOT EXISTS (SELECT FROM session s WHERE s.session = a.session AND s.role = a.receiver);
END
$$;
