-- `requests_gone` removes the key of each session whose last stub just went. A service that plays several roles of a
-- session has a stub for each, and they may go one after another. The key goes with the last one, and not while a role
-- of the session still has its row.
--
-- Called by: the trigger on `stub` below; as the owner, since `forget` deletes there. Nobody else may execute it.
-- Locks: the rows of `request` that it removes.
-- Answers: null, as a trigger behind its statement does.
CREATE FUNCTION requests_gone() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT
    SET seq_page_cost = 1 SET random_page_cost = 0.1 SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
BEGIN
    DELETE FROM request r USING gone g
    WHERE r.session = g.session
      AND NOT EXISTS (SELECT FROM stub t WHERE t.session = r.session)
      AND NOT EXISTS (SELECT FROM session s WHERE s.session = r.session);
    RETURN NULL;
END
$$;

CREATE TRIGGER requests_gone AFTER DELETE ON stub REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION requests_gone();

REVOKE ALL ON FUNCTION requests_gone FROM PUBLIC;
