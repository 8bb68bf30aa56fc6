-- What is searched for goes with the values: a session that is over asks nobody again, and waits for nothing. The function
-- is changed as it is, whichever revision made it so; once changed, it is right for the program before, too.
DO $$
BEGIN
    EXECUTE regexp_replace(
        pg_get_functiondef((
            SELECT p.oid FROM pg_proc p
            WHERE p.pronamespace = current_schema()::regnamespace AND p.proname = 'lighten')),
        'SET result = NULL,(\s+)body', 'SET result = NULL, retrying = 0, waiting = '''',\1body');
END
$$;
