-- `shard_of` says which shard a session belongs to: the last byte of its id, modulo the number of shards. `shard_of` of
-- `accompanist/runtime/messages.py` says the same.
--
-- Called by: `accept`.
-- Locks: nothing.
-- Answers: the number of the shard.
CREATE FUNCTION shard_of(session uuid, shards integer) RETURNS smallint
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN (get_byte(uuid_send(session), 15) % shards)::smallint;

REVOKE ALL ON FUNCTION shard_of FROM PUBLIC;
