-- Who may write for which shard (design 3.7), by this database's clock alone, and how replicas share.

DROP FUNCTION lease, release;

-- Announce `asker`, renew what it holds, give up what is beyond its fair share, acquire what is free or expired up to
-- that share. The share is ceil(shards / live replicas): it differs only when a replica comes or goes, so nothing
-- moves otherwise. The highest shards are given up and the lowest free ones acquired.
--
-- One call at a time: each counts the same replicas as the next, and two cannot want each other's rows. A shard is
-- acquired under an exclusive lock that no commit of the old owner holds; one that is still committing is left for the
-- next call. `acquired`: the epoch is new, whatever `asker` remembers of the shard is void.
CREATE FUNCTION lease(asker text, shards_count integer, term interval)
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
    PERFORM pg_advisory_xact_lock('replica'::regclass::oid::integer, 0);
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
        CONTINUE WHEN NOT pg_try_advisory_xact_lock('shard'::regclass::oid::integer, wanted);
        UPDATE shard s SET owner = asker, epoch = s.epoch + 1, expires_at = clock_timestamp() + term
        WHERE s.shard = wanted;
        gained := gained || wanted;
        held := held + 1;
    END LOOP;

    RETURN QUERY
    SELECT s.shard, s.epoch, s.shard = ANY (gained) FROM shard s WHERE s.owner = asker ORDER BY s.shard;
END
$$;

-- Give up everything at once, also the place among those who share. The epoch stays: the next owner's is the next one.
CREATE FUNCTION release(asker text) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT
AS $$
BEGIN
    PERFORM pg_advisory_xact_lock('replica'::regclass::oid::integer, 0);
    DELETE FROM replica WHERE owner = asker;
    UPDATE shard SET owner = NULL, expires_at = NULL WHERE owner = asker;
END
$$;
