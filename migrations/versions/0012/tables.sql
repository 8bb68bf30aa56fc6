-- Which write of its row a session has: the epoch of its shard, and the turn that its sidecar counted in it.
ALTER TABLE session ADD COLUMN epoch bigint NOT NULL DEFAULT 0, ADD COLUMN turn bigint NOT NULL DEFAULT 0;
