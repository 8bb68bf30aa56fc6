-- As in 0014, with one time for all that a sidecar holds: a shard is its owner's for as long as that is announced in
-- `replica`. Until now each of the shards had a time of its own, always the same one, and every renewal wrote a new row
-- for each of them: nearly all that a sidecar wrote while it had nothing to do.
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

    UPDATE shard s SET owner = NULL
    WHERE s.shard IN (SELECT h.shard FROM shard h WHERE h.owner = asker ORDER BY h.shard OFFSET share);
    SELECT count(*) INTO held FROM shard s WHERE s.owner = asker;

    FOR wanted IN
        SELECT s.shard FROM shard s
        WHERE held < share AND s.shard < shards_count
          AND (s.owner IS NULL OR NOT EXISTS (SELECT FROM replica r WHERE r.owner = s.owner))
        ORDER BY s.shard
    LOOP
        EXIT WHEN held >= share;
        PERFORM FROM gate g WHERE g.gate = wanted FOR UPDATE SKIP LOCKED;
        CONTINUE WHEN NOT FOUND;
        UPDATE shard s SET owner = asker, epoch = s.epoch + 1 WHERE s.shard = wanted;
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
    UPDATE shard SET owner = NULL WHERE owner = asker;
END
$$;

-- An owner whose own row went before its shards' time did, as older programs left it, is announced until then.
INSERT INTO replica (owner, expires_at) SELECT owner, max(expires_at) FROM shard WHERE owner IS NOT NULL GROUP BY owner
ON CONFLICT DO NOTHING;
ALTER TABLE shard DROP COLUMN expires_at;
