-- A peer that begins sessions here without end meets a bound: `accept` answers `full` for what would begin another one,
-- and its messages wait in its own outbox. Who has too many open is looked for by our sidecar, every few seconds, and
-- noted in `setting`, which `accept` reads anyway: a message costs no counting.
ALTER TABLE setting ADD COLUMN crowded text[] NOT NULL DEFAULT '{}';

-- Note, and answer, which peers have `bound` sessions or more open here. Counted is each open (session, role) for the
-- service whose message came first to it; what our own clients begin is nobody's. Where fewer than `bound` are open at
-- all, as nearly always, it ends there; else it costs as much as are open.
CREATE FUNCTION crowd(bound bigint) RETURNS text[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT SET lock_timeout = '2s'
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
DECLARE
    found text[] := '{}';
BEGIN
    IF (SELECT count(*) >= bound FROM (SELECT FROM session s WHERE s.open LIMIT bound) AS o) THEN
        found := ARRAY(
            SELECT b.sender_service
            FROM session s
            CROSS JOIN LATERAL (
                SELECT i.sender_service FROM inbox i
                WHERE i.session = s.session AND i.receiver = s.role AND i.kind IN ('start', 'data', 'choice')
                ORDER BY i.received_at LIMIT 1) AS b
            WHERE s.open AND b.sender_service <> (SELECT service FROM setting)
            GROUP BY b.sender_service HAVING count(*) >= bound
            ORDER BY b.sender_service);
    END IF;
    UPDATE setting SET crowded = found WHERE crowded <> found;
    RETURN found;
END
$$;

DO $$
BEGIN
    EXECUTE format('REVOKE ALL ON FUNCTION crowd FROM PUBLIC');
    EXECUTE format('GRANT EXECUTE ON FUNCTION crowd TO %I', current_setting('accompanist.service') || '_sidecar');
END
$$;
