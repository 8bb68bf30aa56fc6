-- `committed_reads` refuses a transaction that is REPEATABLE READ. Its callers wait for a lock and then read what the
-- holder wrote. Under that level they would read what was there before the lock, and an owner that has lost its lease
-- would go on writing. Every connection of a sidecar states READ COMMITTED.
--
-- Called by: `fence`, `lease`, `release`.
-- Locks: nothing.
-- Answers: nothing.
-- Raises: AC003 in such a transaction.
CREATE FUNCTION committed_reads() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('transaction_isolation') = 'repeatable read' THEN
        RAISE EXCEPTION 'the log cannot be written in a transaction that is REPEATABLE READ' USING
            ERRCODE = 'AC003', HINT = 'Begin with BEGIN ISOLATION LEVEL READ COMMITTED.';
    END IF;
END
$$;

REVOKE ALL ON FUNCTION committed_reads FROM PUBLIC;
GRANT EXECUTE ON FUNCTION committed_reads TO :"sidecar";
