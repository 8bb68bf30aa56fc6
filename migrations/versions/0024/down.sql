-- As it was, but that the columns stand last, and have the time of now.
CREATE OR REPLACE FUNCTION committed_reads() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('transaction_isolation') = 'repeatable read' THEN
        RAISE EXCEPTION 'the log cannot be written in a transaction that is REPEATABLE READ' USING
            ERRCODE = 'AC002', HINT = 'Begin with BEGIN ISOLATION LEVEL READ COMMITTED.';
    END IF;
END
$$;

ALTER FUNCTION mark RESET lock_timeout;
ALTER FUNCTION take RESET lock_timeout;
ALTER FUNCTION release RESET lock_timeout;
ALTER FUNCTION unfinished RESET lock_timeout;

DO $$
BEGIN
    EXECUTE format('GRANT EXECUTE ON FUNCTION heads, sayable, shard_of TO %I',
        current_setting('accompanist.service') || '_sidecar');
END
$$;

DROP INDEX outbox_waiting;
CREATE INDEX outbox_waiting ON outbox (due_at) WHERE answer <> 'clash';

ALTER TABLE replica ADD COLUMN announced_at timestamptz NOT NULL DEFAULT clock_timestamp();
ALTER TABLE version ADD COLUMN kept_at timestamptz NOT NULL DEFAULT clock_timestamp();
ALTER TABLE projection ADD COLUMN registered_at timestamptz NOT NULL DEFAULT clock_timestamp();
