DROP FUNCTION forget, collect, resend, flush, fence, unfinished, take, release, lease;
DROP TABLE server, audit, forgotten, replica;
DROP INDEX stub_collected, session_over, outbox_waiting;
ALTER TABLE session DROP COLUMN over_at, DROP COLUMN waiting, DROP COLUMN retrying;
ALTER TABLE outbox DROP COLUMN due_at;
CREATE INDEX outbox_waiting ON outbox (tried_at) WHERE answer <> 'clash';
ALTER TABLE inbox RESET (autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold);
ALTER TABLE result RESET (autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold);
ALTER TABLE stub RESET (autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold);
