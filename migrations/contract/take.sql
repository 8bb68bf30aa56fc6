-- `take` first acknowledges what the caller was given before, then gives it the oldest fresh messages of the shards
-- that `asker` holds. A row stays fresh until it is acknowledged, so an answer that was lost is given again.
--
-- The `d_` parameters name what was given, with what became of it (`d_fate`):
--
--   here     it was taken in. It leaves the queue; where its session has no row yet, it stays as an early row.
--   over     its session was collected. It leaves the queue.
--   aside    no program here can read it. As `here`; the row that stays is set aside until its shard is swept.
--   refused  it is not believed. `dismiss` removes it, from `inbox` too. What this service itself said is as `here`.
--
-- `d_place` is where the row lay in the table. Another row may lie there by now, so the key has to fit, too.
--
-- Fresh rows are found by their state and never by a cursor: a row that is committed late is as fresh as any. At most
-- `batch` rows are given, and about `batch_bytes_max` of payload, but at least one row.
--
-- The acknowledgement does not wait for the disk. If it is lost, the rows come again.
--
-- Called by: `accompanist/log/postgres.py`.
-- Locks: the rows of `arrival` that it acknowledges, and what `dismiss` removes. It waits 2 s for a lock at most.
-- Answers: a row for each message. `known`: its session has a row. `closed`: its session was collected, or the message
--   is gone; it begins nothing and is to be acknowledged as `over`.
CREATE FUNCTION take(
    asker text, batch integer,
    d_place tid[], d_session uuid[], d_site text[], d_sender text[], d_receiver text[], d_service text[], d_fate text[]
) RETURNS TABLE (
    place tid, session uuid, site text, sender text, receiver text, kind text,
    header bytea, payload bytea, context bytea, sender_service text, known boolean, closed boolean)
LANGUAGE plpgsql SET search_path FROM CURRENT SET lock_timeout = '2s'
-- the queue's size changes faster than any statistics of it: planned once, always by index
SET plan_cache_mode = force_generic_plan SET enable_hashjoin = off SET enable_mergejoin = off
SET seq_page_cost = 1 SET random_page_cost = 0.1
AS $$
#variable_conflict use_column
BEGIN
    IF cardinality(d_place) > 0 THEN
        PERFORM set_config('synchronous_commit', 'off', true);
        IF 'refused' = ANY (d_fate) THEN
            PERFORM dismiss(d_place, d_session, d_site, d_sender, d_receiver, d_service, d_fate);
        END IF;
        WITH told AS MATERIALIZED (
            -- a join: EXISTS among the columns may be planned as a hash of the whole table
            SELECT t.*, fate = 'over' OR s.session IS NOT NULL AS answered
            FROM unnest(d_place, d_session, d_site, d_sender, d_receiver, d_service, d_fate)
                AS t (place, session, site, sender, receiver, service, fate)
            LEFT JOIN session s ON s.session = t.session AND s.role = t.receiver
        ), done AS (
            DELETE FROM arrival a USING told t
            WHERE a.ctid = t.place AND t.answered AND NOT a.early
              AND (a.session, a.site, a.sender, a.receiver, a.sender_service)
                = (t.session, t.site, t.sender, t.receiver, t.service)
        )
        UPDATE arrival a SET early = true, aside = t.fate = 'aside' FROM told t
        WHERE a.ctid = t.place AND NOT t.answered AND NOT a.early
          AND (a.session, a.site, a.sender, a.receiver, a.sender_service)
            = (t.session, t.site, t.sender, t.receiver, t.service);
    END IF;

    RETURN QUERY
    WITH fresh AS MATERIALIZED (
        SELECT a.ctid AS place, a.session, a.site, a.sender, a.receiver, a.sender_service, a.arrived_at FROM arrival a
        WHERE NOT a.early AND a.shard = ANY (ARRAY(SELECT s.shard FROM shard s WHERE s.owner = asker))
        ORDER BY a.arrived_at LIMIT batch
    ), weighed AS (
        -- what is stored out of line is not read to find out how long it is
        SELECT f.*, i.kind, i.header, i.payload, i.context,
            coalesce(sum(octet_length(i.payload)) OVER (
                ORDER BY f.arrived_at, f.place ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before
        FROM fresh f LEFT JOIN inbox i USING (session, site, sender, receiver, sender_service)
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

REVOKE ALL ON FUNCTION take FROM PUBLIC;
GRANT EXECUTE ON FUNCTION take TO :"sidecar";
