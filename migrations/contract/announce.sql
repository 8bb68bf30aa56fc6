-- `announce` says at which address the replica `asker` takes messages directly, and with which key it knows who calls.
-- The addresses are told by `links`. A replica that has expired announces nothing until it has shards again.
--
-- Called by: `accompanist/log/links.py`; when a sidecar has begun, and when it has acquired shards.
-- Locks: the row of `asker` in `replica`. It waits 2 s for a lock at most.
-- Answers: nothing.
CREATE FUNCTION announce(asker text, address text, key bytea) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT SET lock_timeout = '2s'
AS $$
BEGIN
    UPDATE replica SET link = address, link_key = key WHERE owner = asker;
END
$$;

REVOKE ALL ON FUNCTION announce FROM PUBLIC;
GRANT EXECUTE ON FUNCTION announce TO :"sidecar";
