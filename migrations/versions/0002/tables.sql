-- What 0001's tables lack, and four small ones beside them.

-- Who shares the shards: one row a sidecar that runs, renewed with its leases.
CREATE TABLE replica (
    owner text PRIMARY KEY,
    announced_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz NOT NULL
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);

-- `over_at`: when the role was settled or ended, which `open` alone cannot order. It changes once, together with
-- `open`, so that every other update of the row stays on its page.
-- `waiting`, `retrying`: copies of what the body says, for people who search.
ALTER TABLE session
    ADD COLUMN over_at timestamptz,
    ADD COLUMN waiting text NOT NULL DEFAULT '',
    ADD COLUMN retrying integer NOT NULL DEFAULT 0;
UPDATE session SET over_at = updated_at WHERE NOT open;
CREATE INDEX session_over ON session (over_at) WHERE NOT open;

CREATE INDEX stub_collected ON stub (collected_at);

-- Sessions whose stubs went; the worker's fence is still to be told.
CREATE TABLE forgotten (
    session uuid PRIMARY KEY,
    forgotten_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- A row that is refused again and again is tried less and less often.
ALTER TABLE outbox ADD COLUMN due_at timestamptz NOT NULL DEFAULT clock_timestamp();
DROP INDEX outbox_waiting;
CREATE INDEX outbox_waiting ON outbox (due_at) WHERE answer <> 'clash';

-- What operators did to sessions. A sidecar may add to it and read it, nothing else. Free text is bytes, as elsewhere.
CREATE TABLE audit (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    session uuid NOT NULL,
    role text NOT NULL,
    verb text NOT NULL,
    who bytea NOT NULL,
    why bytea NOT NULL
);
CREATE INDEX audit_of_session ON audit (session);
CREATE INDEX audit_at ON audit (at);

-- One row: which server this schema was last started on. Another one, or another timeline, is a copy or a standby that
-- was promoted: it may lack commits that were acted upon.
CREATE TABLE server (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    system_identifier bigint NOT NULL,
    timeline bigint NOT NULL,
    noted_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- These were insert-only; now as much goes as comes.
ALTER TABLE inbox SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 1000);
ALTER TABLE result SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 1000);
ALTER TABLE stub SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 1000);
ALTER TABLE forgotten SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
