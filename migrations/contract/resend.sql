-- `resend` hands over again what is due in `outbox`, longest due first. What is not taken waits twice as long as the
-- time before, from `first` to `cap`. `services[i]` is reached in `schemas[i]`; a service that is in neither list is
-- `nowhere`. What is for services in `away` is left to `relay`. A `clash` and a `refused` are not sent again.
--
-- At most `batch` rows are sent, and about `batch_bytes_max` of payload, but at least one row. The rows are read under
-- their lock, so nothing is sent from an old copy.
--
-- Called by: `accompanist/log/postgres.py`.
-- Locks: the rows of `outbox` that are due; those that another call has locked are passed over. Then what `accept`
--   locks in each receiver's schema. It waits 2 s for a lock at most.
-- Answers: how many messages of each service got which answer.
-- Raises: what `hand_over` raises.
CREATE FUNCTION resend(
    batch integer, services text[], schemas text[], first interval, cap interval, away text[]
)
RETURNS TABLE (service text, answer text, messages bigint)
LANGUAGE plpgsql SET search_path FROM CURRENT SET lock_timeout = '2s'
SET plan_cache_mode = force_generic_plan SET enable_hashjoin = off SET enable_mergejoin = off
SET seq_page_cost = 1 SET random_page_cost = 0.1
AS $$
#variable_conflict use_column
DECLARE
    due record;
    answers text[];
    targets text[];
    counts integer[];
BEGIN
    WITH waiting AS MATERIALIZED (
        SELECT o.*, coalesce(k.schema, '') AS schema
        FROM outbox o LEFT JOIN unnest(services, schemas) AS k (service, schema) ON k.service = o.service
        WHERE o.answer <> 'clash' AND o.answer <> 'refused'
          AND o.due_at <= statement_timestamp() AND o.service <> ALL (away)
        ORDER BY o.due_at LIMIT batch
        FOR UPDATE OF o SKIP LOCKED
    ), placed AS (
        SELECT w.*, coalesce(sum(octet_length(w.payload)) OVER (
            ORDER BY w.due_at, w.session, w.site, w.sender, w.receiver
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before
        FROM waiting w
    ), ordered AS MATERIALIZED (
        SELECT * FROM placed WHERE before < (SELECT g.batch_bytes_max FROM setting g)
        ORDER BY schema, session, site, sender, receiver
    )
    SELECT array_agg(schema) AS schemas, array_agg(session) AS session, array_agg(site) AS site,
        array_agg(sender) AS sender, array_agg(receiver) AS receiver, array_agg(kind) AS kind,
        array_agg(header) AS header, array_agg(payload) AS payload, array_agg(context) AS context,
        array_agg(service) AS service
    INTO due FROM ordered;
    IF due.session IS NULL THEN
        RETURN;
    END IF;

    SELECT array_agg(schema ORDER BY schema), array_agg(n ORDER BY schema) INTO targets, counts
    FROM (SELECT schema, count(*)::integer AS n FROM unnest(due.schemas) AS schema GROUP BY schema) AS grouped;
    answers := hand_over(
        targets, counts, array_fill(false, ARRAY[cardinality(counts)]),
        due.session, due.site, due.sender, due.receiver, due.kind, due.header, due.payload, due.context);

    RETURN QUERY
    WITH told AS MATERIALIZED (
        SELECT * FROM unnest(due.session, due.site, due.sender, due.receiver, due.service, answers)
            AS t (session, site, sender, receiver, service, answer)
    ), gone AS (
        DELETE FROM outbox o USING told t
        WHERE (o.session, o.site, o.sender, o.receiver) = (t.session, t.site, t.sender, t.receiver)
          AND t.answer IN ('stored', 'same', 'closed')
    ), kept AS (
        UPDATE outbox o SET answer = t.answer, attempts = o.attempts + 1, tried_at = clock_timestamp(),
            due_at = clock_timestamp() + least(first * power(2, least(o.attempts, 20) - 1), cap)
        FROM told t
        WHERE (o.session, o.site, o.sender, o.receiver) = (t.session, t.site, t.sender, t.receiver)
          AND t.answer NOT IN ('stored', 'same', 'closed')
    )
    SELECT service, answer, count(*) FROM told GROUP BY service, answer;
END
$$;

REVOKE ALL ON FUNCTION resend FROM PUBLIC;
GRANT EXECUTE ON FUNCTION resend TO :"sidecar";
