-- A row stays fresh until the taker comes again and says that it has it (`d_`: what the last call returned): an answer
-- that is lost is simply given again, and there is nothing to sweep. What is acknowledged leaves the queue; where no
-- session row answers for it yet it stays as `early`, for recovery and for the bound. `places` are where the rows lay
-- in the table; a place may have been taken by another row since, so the key has to fit too.
--
-- The acknowledgement is committed without waiting for the disk: losing it, the row comes again. Found by state, never
-- by a cursor: a row that is committed late is as fresh as any.
--
-- At most `batch` rows, and about `batch_bytes_max` of payload, but one row at least.
--
-- `closed`: its session was collected, before it was taken or just while it came in; it begins nothing, and is to be
-- acknowledged as `over`.
CREATE OR REPLACE FUNCTION take(
    asker text, batch integer,
    d_place tid[], d_session uuid[], d_site text[], d_sender text[], d_receiver text[], d_over boolean[]
) RETURNS TABLE (
    place tid, session uuid, site text, sender text, receiver text, kind text,
    header bytea, payload bytea, context bytea, sender_service text, known boolean, closed boolean)
LANGUAGE plpgsql SET search_path FROM CURRENT
-- the queue's size changes faster than any statistics of it: planned once, always by index
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
#variable_conflict use_column
BEGIN
    IF cardinality(d_place) > 0 THEN
        PERFORM set_config('synchronous_commit', 'off', true);
        WITH told AS MATERIALIZED (
            -- a join: EXISTS among the columns may be planned as a hash of the whole table
            SELECT t.*, over OR s.session IS NOT NULL AS answered
            FROM unnest(d_place, d_session, d_site, d_sender, d_receiver, d_over)
                AS t (place, session, site, sender, receiver, over)
            LEFT JOIN session s ON s.session = t.session AND s.role = t.receiver
        ), done AS (
            DELETE FROM arrival a USING told t
            WHERE a.ctid = t.place AND t.answered AND NOT a.early
              AND (a.session, a.site, a.sender, a.receiver) = (t.session, t.site, t.sender, t.receiver)
        )
        UPDATE arrival a SET early = true FROM told t
        WHERE a.ctid = t.place AND NOT t.answered AND NOT a.early
          AND (a.session, a.site, a.sender, a.receiver) = (t.session, t.site, t.sender, t.receiver);
    END IF;

    RETURN QUERY
    WITH fresh AS MATERIALIZED (
        SELECT a.ctid AS place, a.session, a.site, a.sender, a.receiver, a.arrived_at FROM arrival a
        WHERE NOT a.early AND a.shard = ANY (ARRAY(SELECT s.shard FROM shard s WHERE s.owner = asker))
        ORDER BY a.arrived_at LIMIT batch
    ), weighed AS (
        -- what is stored out of line is not read to find out how long it is
        SELECT f.*, i.kind, i.header, i.payload, i.context, i.sender_service,
            coalesce(sum(octet_length(i.payload)) OVER (
                ORDER BY f.arrived_at, f.place ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before
        FROM fresh f LEFT JOIN inbox i USING (session, site, sender, receiver)
    )
    SELECT w.place, w.session, w.site, w.sender, w.receiver, w.kind,
        w.header, w.payload, w.context, w.sender_service, s.session IS NOT NULL,
        w.kind IS NULL OR s.session IS NULL AND b.session IS NOT NULL
    FROM weighed w
    LEFT JOIN session s ON s.session = w.session AND s.role = w.receiver
    LEFT JOIN stub b ON b.session = w.session AND b.role = w.receiver
    WHERE w.before < (SELECT g.batch_bytes_max FROM setting g)
    ORDER BY w.arrived_at, w.place;
END
$$;

-- What recovery has to look at. Early rows whose session came after all (acknowledged while it was being committed)
-- are swept on the way.
CREATE OR REPLACE FUNCTION unfinished(shards smallint[]) RETURNS TABLE (session uuid, role text)
LANGUAGE plpgsql SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
BEGIN
    DELETE FROM arrival a
    WHERE a.early AND a.shard = ANY (shards) AND EXISTS (SELECT FROM session s WHERE s.session = a.session AND s.role = a.receiver);
    RETURN QUERY
    SELECT s.session, s.role FROM session s WHERE s.open AND s.shard = ANY (shards)
    UNION
    SELECT a.session, a.receiver FROM arrival a
    WHERE a.shard = ANY (shards)
      AND NOT EXISTS (SELECT FROM session s WHERE s.session = a.session AND s.role = a.receiver)
      AND NOT EXISTS (SELECT FROM stub b WHERE b.session = a.session AND b.role = a.receiver);
END
$$;
