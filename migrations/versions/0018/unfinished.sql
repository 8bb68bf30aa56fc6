-- What recovery has to look at. Early rows whose session came after all (acknowledged while it was being committed)
-- are swept on the way. What no program could read is not looked at one by one: it is fresh again, so that `take` brings
-- it to the program that runs now, among all else that comes.
CREATE OR REPLACE FUNCTION unfinished(shards smallint[]) RETURNS TABLE (session uuid, role text)
LANGUAGE plpgsql SET search_path FROM CURRENT
SET seq_page_cost = 1 SET random_page_cost = 0.1 SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
#variable_conflict use_column
BEGIN
    DELETE FROM arrival a
    WHERE a.early AND a.shard = ANY (shards) AND EXISTS (SELECT FROM session s WHERE s.session = a.session AND s.role = a.receiver);
    RETURN QUERY
    SELECT s.session, s.role FROM session s WHERE s.open AND s.shard = ANY (shards)
    UNION
    SELECT a.session, a.receiver FROM arrival a
    WHERE NOT a.aside AND a.shard = ANY (shards)
      AND NOT EXISTS (SELECT FROM session s WHERE s.session = a.session AND s.role = a.receiver)
      AND NOT EXISTS (SELECT FROM stub b WHERE b.session = a.session AND b.role = a.receiver);
    UPDATE arrival a SET early = false, aside = false WHERE a.aside AND a.shard = ANY (shards);
END
$$;
