-- A log knows who speaks by the name of the login (`speaker`). A connection outlives its login's name: when the login is
-- renamed, the connection bears the new name from then on. What a sidecar hands over then would be taken for nobody's, or
-- for what the service of that name says: acknowledged, believed by no session, and deleted.
--
-- So a sidecar asks whether it still has its own name: after messages are handed over, in the same transaction, because the
-- name may change while that runs; and with each lease, so that an idle sidecar notices, too. The error is the one of a
-- refused login: the connection is dropped, and a new one is opened when the login has its name again.
CREATE FUNCTION own_name() RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
    IF speaker() <> (SELECT service FROM setting) THEN
        RAISE EXCEPTION 'the login of this connection has another name now: %', session_user
            USING ERRCODE = 'invalid_authorization_specification';
    END IF;
END
$$;

-- As in 0005. What nobody says is not stored: no session would believe it.
CREATE OR REPLACE FUNCTION deliver(
    sessions uuid[], sites text[], senders text[], receivers text[], kinds text[],
    headers bytea[], payloads bytea[], contexts bytea[], home boolean
) RETURNS text[]
LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT
-- a sender does not wait long for a receiver that is, say, being migrated: its message goes by the outbox then
SET lock_timeout = '250ms'
AS $$
    SELECT CASE
        WHEN speaker() = '' THEN array_fill('unknown'::text, ARRAY[cardinality(sessions)])
        ELSE accept(speaker(), sessions, sites, senders, receivers, kinds, headers, payloads, contexts, home)
    END
$$;

-- The functions are changed as they are, whichever revision made them so.
DO $$
DECLARE
    one oid;
BEGIN
    FOR one IN
        SELECT p.oid FROM pg_proc p
        WHERE p.pronamespace = current_schema()::regnamespace AND p.proname IN ('hand_over', 'lease')
    LOOP
        EXECUTE regexp_replace(
            pg_get_functiondef(one), '\n(    (PERFORM committed_reads\(\)|RETURN answers);\n)', E'\n    PERFORM own_name();\n\\1');
    END LOOP;
    EXECUTE 'REVOKE ALL ON FUNCTION own_name FROM PUBLIC';
    EXECUTE format('GRANT EXECUTE ON FUNCTION own_name TO %I', current_setting('accompanist.service') || '_sidecar');
END
$$;
