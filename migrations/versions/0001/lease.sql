-- Who may write for which shard (design 3.7), by this database's clock alone.

-- Renew what `asker` holds, acquire what is free or expired; first call makes the rows. A shard is acquired under an
-- exclusive lock that no commit of the old owner holds; one that is still committing is left for the next call.
-- `acquired`: the epoch is new, whatever `asker` remembers of the shard is void.
CREATE FUNCTION lease(asker text, shards_count integer, term interval)
RETURNS TABLE (shard smallint, epoch bigint, acquired boolean)
LANGUAGE plpgsql SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    wanted smallint;
    gained smallint[] := '{}';
BEGIN
    IF (SELECT count(*) FROM shard) < shards_count THEN
        INSERT INTO shard (shard) SELECT generate_series(0, shards_count - 1) ON CONFLICT DO NOTHING;
    END IF;
    UPDATE shard s SET expires_at = clock_timestamp() + term WHERE s.owner = asker;

    FOR wanted IN
        SELECT s.shard FROM shard s
        WHERE s.owner IS NULL OR (s.owner <> asker AND s.expires_at < clock_timestamp())
        ORDER BY s.shard
    LOOP
        CONTINUE WHEN NOT pg_try_advisory_xact_lock('shard'::regclass::oid::integer, wanted);
        UPDATE shard s SET owner = asker, epoch = s.epoch + 1, expires_at = clock_timestamp() + term
        WHERE s.shard = wanted AND (s.owner IS NULL OR (s.owner <> asker AND s.expires_at < clock_timestamp()));
        IF FOUND THEN
            gained := gained || wanted;
        END IF;
    END LOOP;

    RETURN QUERY
    SELECT s.shard, s.epoch, s.shard = ANY (gained) FROM shard s WHERE s.owner = asker ORDER BY s.shard;
END
$$;

-- Give up everything at once. The epoch stays: the next owner's is the next one.
CREATE FUNCTION release(asker text) RETURNS void
LANGUAGE sql SET search_path FROM CURRENT
AS $$
    UPDATE shard SET owner = NULL, expires_at = NULL WHERE owner = asker;
$$;
