-- `crowd` counts what each peer has here, and notes in `setting` who has reached a bound. `accept` reads that row
-- anyway, so a message costs no counting. What this service's own clients begin counts for nobody.
--
--   sessions  `bound` open sessions or more. A session at a role counts for the service whose message came first to it.
--   waiting   `waiting_max` rows or more in `arrival`, early ones too
--   undoing   `undoing_max` aborts and cancels or more within `lately`
--
-- Where all together have less than a bound, as nearly always, nobody is counted by itself. It also notes `waiting_max`
-- and the size of `arrival`.
--
-- Called by: `accompanist/log/postgres.py`; every few seconds.
-- Locks: the row of `setting`, where something changed. It waits 2 s for a lock at most.
-- Answers: each peer that has reached a bound, and which. The empty name stands for all: `arrival` has no room for
--   anybody's new sessions.
CREATE FUNCTION crowd(bound bigint, waiting_max integer, undoing_max bigint, lately interval)
RETURNS TABLE (peer text, reached text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT SET lock_timeout = '2s'
SET enable_hashjoin = off SET enable_mergejoin = off SET seq_page_cost = 1 SET random_page_cost = 0.1
AS $$
DECLARE
    mine setting;
    many text[] := '{}';
    waiting text[] := '{}';
    undone text[] := '{}';
    waiting_rows bigint;
    pages bigint := pg_relation_size('arrival') / 8192;
BEGIN
    SELECT * INTO STRICT mine FROM setting;
    IF (SELECT count(*) >= bound FROM (SELECT FROM session s WHERE s.open LIMIT bound) AS o) THEN
        many := ARRAY(
            SELECT b.sender_service
            FROM session s
            CROSS JOIN LATERAL (
                SELECT i.sender_service FROM inbox i
                WHERE i.session = s.session AND i.receiver = s.role AND i.kind IN ('start', 'data', 'choice')
                ORDER BY i.received_at LIMIT 1) AS b
            WHERE s.open AND b.sender_service <> mine.service
            GROUP BY b.sender_service HAVING count(*) >= bound
            ORDER BY b.sender_service);
    END IF;
    -- a table that is too small to hold so many is not looked into
    IF pages * 128 >= waiting_max OR mine.overfull <> '{}' THEN
        waiting := ARRAY(
            SELECT a.sender_service FROM arrival a
            WHERE a.sender_service <> mine.service
            GROUP BY a.sender_service HAVING count(*) >= waiting_max
            ORDER BY a.sender_service);
    END IF;
    IF (SELECT count(*) >= undoing_max FROM (
            SELECT FROM inbox i WHERE i.kind IN ('abort', 'cancel') AND i.received_at > statement_timestamp() - lately
            LIMIT undoing_max) AS u)
    THEN
        undone := ARRAY(
            SELECT i.sender_service FROM inbox i
            WHERE i.kind IN ('abort', 'cancel') AND i.received_at > statement_timestamp() - lately
              AND i.sender_service <> mine.service
            GROUP BY i.sender_service HAVING count(*) >= undoing_max
            ORDER BY i.sender_service);
    END IF;
    UPDATE setting SET crowded = many, overfull = waiting, undoing = undone, waiting_per_peer_max = waiting_max,
        arrival_pages = pages
    WHERE (crowded, overfull, undoing, waiting_per_peer_max) <> (many, waiting, undone, waiting_max)
       OR abs(arrival_pages - pages) > waiting_max / 1024;

    RETURN QUERY SELECT unnest(many), 'sessions' UNION ALL SELECT unnest(waiting), 'waiting'
        UNION ALL SELECT unnest(undone), 'undoing';
    IF pages * 128 >= mine.early_rows_max * 2 THEN
        SELECT count(*) INTO waiting_rows FROM (SELECT FROM arrival LIMIT mine.early_rows_max * 2) AS w;
        IF waiting_rows >= mine.early_rows_max * 2 THEN
            RETURN QUERY SELECT '', 'waiting';
        END IF;
    END IF;
END
$$;

REVOKE ALL ON FUNCTION crowd FROM PUBLIC;
GRANT EXECUTE ON FUNCTION crowd TO :"sidecar";
