-- `mark` sets the mark of a lane, in the transaction of what it marks. `told` is the last mark that its writer was told
-- is durable. Where that one is missing, commits are missing, and nothing is written. A mark never becomes smaller.
--
-- A first mark (`told` is 0) may meet another first mark of the lane that is not committed yet: its connection was
-- lost, or a pooler answered before the commit. It waits for that one.
--
-- Called by: `accompanist/log/guard.py`, `accompanist/log/postgres.py`; the one when a sidecar starts, the other in
--   front of `flush` and `accept`.
-- Locks: the row of the lane in `marker`, until the commit. It waits 2 s for it at most.
-- Answers: nothing.
-- Raises: AC002 where the mark `told` is missing; DETAIL has the mark that was found, or 0.
CREATE FUNCTION mark(m_writer uuid, m_lane smallint, told bigint, next bigint) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT SET lock_timeout = '2s'
AS $$
BEGIN
    UPDATE marker SET number = greatest(number, next)
    WHERE writer = m_writer AND lane = m_lane AND number >= told;
    IF FOUND THEN
        RETURN;
    ELSIF told = 0 THEN
        INSERT INTO marker AS m (writer, lane, number) VALUES (m_writer, m_lane, next)
        ON CONFLICT (writer, lane) DO UPDATE SET number = greatest(m.number, excluded.number);
    ELSE
        RAISE EXCEPTION 'commits are missing' USING ERRCODE = 'AC002', DETAIL = coalesce(
            (SELECT number FROM marker WHERE writer = m_writer AND lane = m_lane), 0)::text;
    END IF;
END
$$;

REVOKE ALL ON FUNCTION mark FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mark TO :"sidecar";
