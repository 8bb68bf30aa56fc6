-- As in 0010, for a lane whose first mark is still being committed by another transaction: one whose connection was lost,
-- or, behind a pooler, one that was answered and not committed yet. It is waited for. Until now the second mark failed
-- with a duplicate key, which was taken for an error of what was written.
CREATE OR REPLACE FUNCTION mark(m_writer uuid, m_lane smallint, told bigint, next bigint) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT
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
