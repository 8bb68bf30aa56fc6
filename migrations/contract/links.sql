-- `links` tells a peer where the replicas of this service take messages directly, and for which shards. With each goes
-- a proof, made of the replica's key and of the service that the caller's login belongs to: whoever shows it there
-- speaks for that service. It is of no use in another's name, nor at another replica.
--
-- Called by: `links_of`; of the peers' schemas.
-- Locks: nothing.
-- Answers: a row for each shard whose owner is announced and has not expired. None to a login that is no sidecar's.
CREATE FUNCTION links() RETURNS TABLE (shard smallint, owner text, address text, proof bytea)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT s.shard, r.owner, r.link,
        sha256(r.link_key || sha256(r.link_key || convert_to(speaker(), 'UTF8')))
    FROM shard s JOIN replica r ON r.owner = s.owner
    WHERE r.link IS NOT NULL AND r.expires_at >= clock_timestamp() AND speaker() <> '';
END
$$;

REVOKE ALL ON FUNCTION links FROM PUBLIC;
GRANT EXECUTE ON FUNCTION links TO :"sidecar";
GRANT EXECUTE ON FUNCTION links TO accompanist_peer;
