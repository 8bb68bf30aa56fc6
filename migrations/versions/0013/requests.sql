-- A key is remembered as long as anything here remembers its session. A service that plays several roles has a stub for
-- each of them, and they may go one after another: the key goes with the last one.
CREATE OR REPLACE FUNCTION requests_gone() RETURNS trigger
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
