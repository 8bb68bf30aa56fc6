-- The functions as they were before, with the locks they took.
LOCK TABLE gate IN ACCESS EXCLUSIVE MODE;

CREATE OR REPLACE FUNCTION fence(asker text, shards smallint[], epochs bigint[]) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT
AS $$
DECLARE
    lost text;
BEGIN
    PERFORM committed_reads();
    PERFORM pg_advisory_xact_lock_shared('shard'::regclass::oid::integer, wanted.shard)
    FROM (SELECT s AS shard FROM unnest(shards) AS s ORDER BY s) AS wanted;

    SELECT string_agg(wanted.shard::text, ',') INTO lost
    FROM unnest(shards, epochs) AS wanted (shard, epoch)
    LEFT JOIN shard held ON held.shard = wanted.shard AND held.epoch = wanted.epoch AND held.owner = asker
    WHERE held.shard IS NULL;
    IF lost IS NOT NULL THEN
        RAISE EXCEPTION 'shards are held by another owner' USING ERRCODE = 'AC001', DETAIL = lost;
    END IF;
END
$$;

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

CREATE OR REPLACE FUNCTION release(asker text) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT
AS $$
BEGIN
    PERFORM committed_reads();
    PERFORM pg_advisory_xact_lock('replica'::regclass::oid::integer, 0);
    DELETE FROM replica WHERE owner = asker;
    UPDATE shard SET owner = NULL, expires_at = NULL WHERE owner = asker;
END
$$;

DROP TABLE gate;
