-- `mark` raises AC002, too: for commits that are missing. The two were told apart by their DETAIL. No sidecar of before
-- looks for the code of this one.
CREATE OR REPLACE FUNCTION committed_reads() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('transaction_isolation') = 'repeatable read' THEN
        RAISE EXCEPTION 'the log cannot be written in a transaction that is REPEATABLE READ' USING
            ERRCODE = 'AC003', HINT = 'Begin with BEGIN ISOLATION LEVEL READ COMMITTED.';
    END IF;
END
$$;

-- Each waits for rows that another session has locked. A connection of a sidecar sets no lock timeout, so they waited
-- until the statement was cancelled. Now they are asked again earlier, as all others are.
ALTER FUNCTION mark SET lock_timeout = '2s';
ALTER FUNCTION take SET lock_timeout = '2s';
ALTER FUNCTION release SET lock_timeout = '2s';
ALTER FUNCTION unfinished SET lock_timeout = '2s';

-- Only `accept` calls these, and it runs as the owner.
DO $$
BEGIN
    EXECUTE format('REVOKE EXECUTE ON FUNCTION heads, sayable, shard_of FROM %I',
        current_setting('accompanist.service') || '_sidecar');
END
$$;

-- What was refused is not sent again. In this index it lay in front of all that is: each look for what is due read it.
DROP INDEX outbox_waiting;
CREATE INDEX outbox_waiting ON outbox (due_at) WHERE answer <> 'clash' AND answer <> 'refused';

-- Nothing has ever read these. No statement of a sidecar names them, so those of before go on without them.
ALTER TABLE replica DROP COLUMN announced_at;
ALTER TABLE version DROP COLUMN kept_at;
ALTER TABLE projection DROP COLUMN registered_at;
