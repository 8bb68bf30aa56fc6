DROP FUNCTION forget, collect, resend, flush, fence, unfinished, take, release, lease;
DROP TABLE server, audit, forgotten, replica;
DROP INDEX stub_collected, session_over, outbox_waiting;
ALTER TABLE session DROP COLUMN over_at, DROP COLUMN waiting, DROP COLUMN retrying;
ALTER TABLE outbox DROP COLUMN due_at;
CREATE INDEX outbox_waiting ON outbox (tried_at) WHERE answer <> 'clash';
