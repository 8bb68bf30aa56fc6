-- Marks: how far each sidecar has been told that its commits are durable, kept beside what was committed, so that a
-- server can be asked whether the last of them is there. A row is a writer's lane: one statement at a time.
CREATE TABLE marker (
    writer uuid NOT NULL,
    lane smallint NOT NULL,
    number bigint NOT NULL,
    PRIMARY KEY (writer, lane)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);

-- A copy of the tables, made by a dump, has other numbers for its database and its tables; what streams has not.
-- `era` counts how often somebody said that a server is the right one from now on. `log` is drawn with the row: a log that
-- was made from nothing, on whatever server, has another.
ALTER TABLE server
    ADD COLUMN log uuid NOT NULL DEFAULT gen_random_uuid(),
    ADD COLUMN database_oid bigint,
    ADD COLUMN relation_oid bigint,
    ADD COLUMN era bigint NOT NULL DEFAULT 0;

-- Set the mark of a lane, in the transaction of what it is the mark of. `told` is the last one its writer was told is
-- durable: where that one is missing, commits are, and nothing is written. AC002, with the mark found in DETAIL.
CREATE FUNCTION mark(m_writer uuid, m_lane smallint, told bigint, next bigint) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT
AS $$
BEGIN
    UPDATE marker SET number = greatest(number, next)
    WHERE writer = m_writer AND lane = m_lane AND number >= told;
    IF FOUND THEN
        RETURN;
    ELSIF told = 0 THEN
        INSERT INTO marker (writer, lane, number) VALUES (m_writer, m_lane, next);
    ELSE
        RAISE EXCEPTION 'commits are missing' USING ERRCODE = 'AC002', DETAIL = coalesce(
            (SELECT number FROM marker WHERE writer = m_writer AND lane = m_lane), 0)::text;
    END IF;
END
$$;

DO $$
DECLARE
    sidecar text := current_setting('accompanist.service') || '_sidecar';
BEGIN
    REVOKE ALL ON FUNCTION mark FROM PUBLIC;
    EXECUTE format('GRANT EXECUTE ON FUNCTION mark TO %I', sidecar);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON marker TO %I', sidecar);
END
$$;
