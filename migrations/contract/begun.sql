-- `begun` says which sessions the log knows at a role: those that have a row or a stub. A message for one that it does
-- not know may begin it.
--
-- Called by: `accompanist/log/postgres.py`; for messages that a peer has handed over directly.
-- Locks: nothing.
-- Answers: one value for each session, in the order given.
CREATE FUNCTION begun(sessions uuid[], roles text[]) RETURNS boolean[]
LANGUAGE plpgsql STABLE SET search_path FROM CURRENT SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
BEGIN
    RETURN ARRAY(
        SELECT EXISTS (SELECT FROM session s WHERE s.session = k.session AND s.role = k.role)
            OR EXISTS (SELECT FROM stub b WHERE b.session = k.session AND b.role = k.role)
        FROM unnest(sessions, roles) WITH ORDINALITY AS k (session, role, place) ORDER BY k.place);
END
$$;

REVOKE ALL ON FUNCTION begun FROM PUBLIC;
GRANT EXECUTE ON FUNCTION begun TO :"sidecar";
