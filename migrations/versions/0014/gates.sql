-- A commit holds a take-over of its shards off until it is over. Until now both took advisory locks. Any login of the
-- database can take an advisory lock, with no right on anything here, and hold it: nothing was committed any more.
--
-- Now both lock a row of this table, which only the service's own sidecar may lock. The rows are never updated: a row lock
-- is written into the row, so that `shard`, which everybody reads and each renewal updates, is left alone. Row 0 and on:
-- a shard. Row -1: calls of `lease` and `release` come one after the other.
CREATE TABLE gate (
    gate smallint PRIMARY KEY
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);

INSERT INTO gate SELECT n FROM setting, generate_series(-1, shards_count - 1) AS n;

-- Commits that run now read `shard`, and hold locks of the old kind: they end first.
LOCK TABLE shard IN ACCESS EXCLUSIVE MODE;

-- Rows are locked in the order of their numbers, so that no two commits wait for each other in a circle. Whoever waited for
-- a take-over reads the epochs with the next statement, and so sees what the take-over has written.
CREATE OR REPLACE FUNCTION fence(asker text, shards smallint[], epochs bigint[]) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT
AS $$
DECLARE
    lost text;
BEGIN
    PERFORM committed_reads();
    PERFORM FROM gate g WHERE g.gate = ANY (shards) ORDER BY g.gate FOR KEY SHARE;

    SELECT string_agg(wanted.shard::text, ',') INTO lost
    FROM unnest(shards, epochs) AS wanted (shard, epoch)
    LEFT JOIN shard held ON held.shard = wanted.shard AND held.epoch = wanted.epoch AND held.owner = asker
    WHERE held.shard IS NULL;
    IF lost IS NOT NULL THEN
        RAISE EXCEPTION 'shards are held by another owner' USING ERRCODE = 'AC001', DETAIL = lost;
    END IF;
END
$$;

-- As in 0002. A shard whose row a commit of the old owner has locked is left for the next call.
CREATE OR REPLACE FUNCTION lease(asker text, shards_count integer, term interval)
RETURNS TABLE (shard smallint, epoch bigint, acquired boolean)
LANGUAGE plpgsql SET search_path FROM CURRENT SET lock_timeout = '2s'
AS $$
#variable_conflict use_column
DECLARE
    wanted smallint;
    gained smallint[] := '{}';
    share integer;
    held integer;
BEGIN
    PERFORM committed_reads();
    PERFORM FROM gate g WHERE g.gate = -1 FOR UPDATE;
    IF (SELECT count(*) FROM shard) < shards_count THEN
        INSERT INTO shard (shard) SELECT generate_series(0, shards_count - 1) ON CONFLICT DO NOTHING;
    END IF;
    INSERT INTO replica (owner, expires_at) VALUES (asker, clock_timestamp() + term)
    ON CONFLICT (owner) DO UPDATE SET expires_at = excluded.expires_at;
    DELETE FROM replica r WHERE r.expires_at < clock_timestamp();
    share := ceil(shards_count::numeric / (SELECT count(*) FROM replica));

    UPDATE shard s SET owner = NULL, expires_at = NULL
    WHERE s.shard IN (SELECT h.shard FROM shard h WHERE h.owner = asker ORDER BY h.shard OFFSET share);
    UPDATE shard s SET expires_at = clock_timestamp() + term WHERE s.owner = asker;
    GET DIAGNOSTICS held = ROW_COUNT;

    FOR wanted IN
        SELECT s.shard FROM shard s
        WHERE s.shard < shards_count
          AND (s.owner IS NULL OR (s.owner <> asker AND s.expires_at < clock_timestamp()))
        ORDER BY s.shard
    LOOP
        EXIT WHEN held >= share;
        PERFORM FROM gate g WHERE g.gate = wanted FOR UPDATE SKIP LOCKED;
        CONTINUE WHEN NOT FOUND;
        UPDATE shard s SET owner = asker, epoch = s.epoch + 1, expires_at = clock_timestamp() + term
        WHERE s.shard = wanted;
        gained := gained || wanted;
        held := held + 1;
    END LOOP;

    RETURN QUERY
    SELECT s.shard, s.epoch, s.shard = ANY (gained) FROM shard s WHERE s.owner = asker ORDER BY s.shard;
END
$$;

CREATE OR REPLACE FUNCTION release(asker text) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT
AS $$
BEGIN
    PERFORM committed_reads();
    PERFORM FROM gate g WHERE g.gate = -1 FOR UPDATE;
    DELETE FROM replica WHERE owner = asker;
    UPDATE shard SET owner = NULL, expires_at = NULL WHERE owner = asker;
END
$$;

DO $$
BEGIN
    -- who may lock a row has to be one who may update it
    EXECUTE format('GRANT SELECT, UPDATE ON gate TO %I', current_setting('accompanist.service') || '_sidecar');
END
$$;
