DROP FUNCTION take;

-- A row stays fresh until the taker comes again and says what has become of it (`d_`: what the last call returned): an
-- answer that is lost is simply given again, and there is nothing to sweep. What was taken in (`here`) leaves the queue;
-- where no session row answers for it yet it stays as `early`, for recovery and for the bound. What nobody here can read
-- stays too (`aside`). What is of a session that was collected goes (`over`), and so does what is not believed, also from
-- the inbox (`refused`; of what our own service has said it is `here`). `places` are where the rows lay in the table; a
-- place may have been taken by another row since, so the key has to fit too.
--
-- The acknowledgement is committed without waiting for the disk: losing it, the row comes again. Found by state, never
-- by a cursor: a row that is committed late is as fresh as any.
--
-- At most `batch` rows, and about `batch_bytes_max` of payload, but one row at least.
--
-- `closed`: its session was collected, before it was taken or just while it came in; it begins nothing, and is to be
-- acknowledged as `over`.
CREATE FUNCTION take(
    asker text, batch integer,
    d_place tid[], d_session uuid[], d_site text[], d_sender text[], d_receiver text[], d_service text[], d_fate text[]
) RETURNS TABLE (
    place tid, session uuid, site text, sender text, receiver text, kind text,
    header bytea, payload bytea, context bytea, sender_service text, known boolean, closed boolean)
LANGUAGE plpgsql SET search_path FROM CURRENT
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

-- What a peer said and nobody here believes goes at once: it would count among what waits for ever. It could not be
-- believed later either: whether a speaker plays a role is said by the message itself and by the version it names.
-- Only what peers have said goes this way.
CREATE FUNCTION dismiss(
    places tid[], sessions uuid[], sites text[], senders text[], receivers text[], services text[], fates text[]
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT SET lock_timeout = '2s'
SET plan_cache_mode = force_generic_plan SET enable_hashjoin = off SET enable_mergejoin = off
SET seq_page_cost = 1 SET random_page_cost = 0.1
AS $$
BEGIN
    WITH refused AS MATERIALIZED (
        SELECT * FROM unnest(places, sessions, sites, senders, receivers, services, fates)
            AS r (place, session, site, sender, receiver, service, fate)
        WHERE fate = 'refused' AND service <> (SELECT g.service FROM setting g)
    ), queued AS (
        DELETE FROM arrival a USING refused r
        WHERE a.ctid = r.place
          AND (a.session, a.site, a.sender, a.receiver, a.sender_service)
            = (r.session, r.site, r.sender, r.receiver, r.service)
    )
    DELETE FROM inbox i USING refused r
    WHERE (i.session, i.site, i.sender, i.receiver, i.sender_service)
        = (r.session, r.site, r.sender, r.receiver, r.service);
END
$$;
