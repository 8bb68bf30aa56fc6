-- The durable memory of one service (design 4). Created inside the service's own schema, by its owner role.
--
-- The tables that every saga touches are narrow, insert-only where they can be, and carry no index that is not asked
-- for: an update of `session` or `shard` changes no indexed column but once, so it stays on its page (HOT).

-- One row: whose memory this is, and the bounds that `deliver` keeps.
CREATE TABLE setting (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    service text NOT NULL,
    early_rows_max integer NOT NULL,
    payload_bytes_max integer NOT NULL,
    shards_count integer NOT NULL
);

-- (session, role). `vote` and `outcome` are write-once; `open` is false once the role is settled or ended.
-- Free text and values are bytes: they hold whatever a worker said, and no SQL looks into them.
CREATE TABLE session (
    session uuid NOT NULL,
    role text NOT NULL,
    shard smallint NOT NULL,
    open boolean NOT NULL,
    parked boolean NOT NULL,
    choreography text NOT NULL,
    phase text NOT NULL,
    vote text,
    outcome text,
    reason bytea,
    header bytea NOT NULL,
    body bytea NOT NULL,
    result bytea,
    started_at float8 NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (session, role)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);

CREATE INDEX session_open ON session (shard) WHERE open;
-- For `sessions list`. Appended at its right end once a session; updates never touch it.
CREATE INDEX session_newest ON session (started_at);

-- What is left of a collected session: `deliver` answers `closed` for it.
CREATE TABLE stub (
    session uuid NOT NULL,
    role text NOT NULL,
    outcome text NOT NULL,
    collected_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (session, role)
);

-- Messages, kept while their session lives: a replay reads them. Insert-only.
CREATE TABLE inbox (
    session uuid NOT NULL,
    site text NOT NULL,
    sender text NOT NULL,
    receiver text NOT NULL,
    kind text NOT NULL,
    sender_service text NOT NULL,
    received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    header bytea NOT NULL,
    payload bytea NOT NULL,
    context bytea NOT NULL,
    PRIMARY KEY (session, site, sender, receiver)
) WITH (autovacuum_vacuum_insert_scale_factor = 0.1);

-- Which inbox rows are fresh, or early (taken, and no session row answers for them yet). The queue proper: as small
-- as what waits, so the big table is never searched, marked or rewritten. A row leaves with `take`, or, if it was
-- early, with the commit that makes its session.
CREATE TABLE arrival (
    session uuid NOT NULL,
    site text NOT NULL,
    sender text NOT NULL,
    receiver text NOT NULL,
    shard smallint NOT NULL,
    early boolean NOT NULL DEFAULT false,
    arrived_at timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);

CREATE INDEX arrival_fresh ON arrival (arrived_at) WHERE NOT early;
CREATE INDEX arrival_early ON arrival (session, receiver) WHERE early;

-- A worker's answers, write-once.
CREATE TABLE result (
    session uuid NOT NULL,
    role text NOT NULL,
    site text NOT NULL,
    kind text NOT NULL,
    operation text NOT NULL,
    outcome text NOT NULL,
    digest bytea NOT NULL,
    value bytea NOT NULL,
    answered_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (session, role, site, kind)
) WITH (autovacuum_vacuum_insert_scale_factor = 0.1);

-- Messages that their receiver did not take. `clash`: it holds other content; kept to be seen, not sent again.
CREATE TABLE outbox (
    session uuid NOT NULL,
    site text NOT NULL,
    sender text NOT NULL,
    receiver text NOT NULL,
    kind text NOT NULL,
    service text NOT NULL,
    answer text NOT NULL,
    attempts integer NOT NULL DEFAULT 1,
    tried_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    header bytea NOT NULL,
    payload bytea NOT NULL,
    context bytea NOT NULL,
    PRIMARY KEY (session, site, sender, receiver)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);

CREATE INDEX outbox_waiting ON outbox (tried_at) WHERE answer <> 'clash';

-- Who owns which shard. `epoch` grows at each acquisition and fences every commit.
CREATE TABLE shard (
    shard smallint PRIMARY KEY,
    owner text,
    epoch bigint NOT NULL DEFAULT 0,
    expires_at timestamptz
) WITH (fillfactor = 30, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);

-- Projections by fingerprint, write-once: what a session runs, shown and replayed long after a deploy.
CREATE TABLE projection (
    choreography text NOT NULL,
    fingerprint text NOT NULL,
    role text NOT NULL,
    source bytea NOT NULL,
    registered_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (choreography, fingerprint, role)
);
