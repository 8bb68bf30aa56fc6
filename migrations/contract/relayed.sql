-- `relayed` notes what peers answered to messages of `relay`. A message that a peer has, or whose session is over
-- there, is removed. Of any other the answer is kept. Its commit does not wait for the disk. If it is lost, the peers
-- are asked once more.
--
-- Called by: `accompanist/log/postgres.py`.
-- Locks: the rows of `outbox` that are named. It waits 2 s for a lock at most.
-- Answers: nothing.
CREATE FUNCTION relayed(
    t_session uuid[], t_site text[], t_sender text[], t_receiver text[], t_answer text[]
) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT SET lock_timeout = '2s'
SET plan_cache_mode = force_generic_plan SET enable_hashjoin = off SET enable_mergejoin = off
SET seq_page_cost = 1 SET random_page_cost = 0.1
AS $$
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    WITH told AS MATERIALIZED (
        SELECT * FROM unnest(t_session, t_site, t_sender, t_receiver, t_answer)
            AS t (session, site, sender, receiver, answer)
    ), gone AS (
        DELETE FROM outbox o USING told t
        WHERE (o.session, o.site, o.sender, o.receiver) = (t.session, t.site, t.sender, t.receiver)
          AND t.answer IN ('stored', 'same', 'closed')
    )
    UPDATE outbox o SET answer = t.answer FROM told t
    WHERE (o.session, o.site, o.sender, o.receiver) = (t.session, t.site, t.sender, t.receiver)
      AND t.answer NOT IN ('stored', 'same', 'closed');
END
$$;

REVOKE ALL ON FUNCTION relayed FROM PUBLIC;
GRANT EXECUTE ON FUNCTION relayed TO :"sidecar";
