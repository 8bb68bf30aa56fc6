-- The tables of one service's log, with their indexes, settings and rights.
--
-- The tables that every saga touches are narrow. They have no index that is not asked for, and their rows are changed
-- in place: an update of `session` or `shard` changes an indexed column once at most, so the row stays on its page.
-- Queues are vacuumed after 500 dead rows, however big they are.
--
-- Free text and values are bytes: they hold whatever a worker said.
--
-- The owner may do everything. What the sidecar may do stands behind each table. What is missing there is done by
-- functions that run as the owner. Nobody else has a right on a table.

-- Whose log this is, the bounds that `accept` keeps, and what `crowd` has noted. One row.
--   early_rows_max        rows of `arrival` up to which new sessions of versions that this log does not keep are taken;
--                         those of versions that it keeps are taken up to twice as many
--   payload_bytes_max     bytes of one payload
--   shards_count          shards of the log; never changed
--   batch_bytes_max       bytes of payload in one answer of `take`, `relay` and `resend`
--   waiting_per_peer_max  rows that one peer may have in `arrival`, before nothing of it may begin a session,
--                         as `crowd` was last told
--   crowded               peers that have so many sessions open here that they begin no further one
--   overfull              peers that have `waiting_per_peer_max` rows
--   undoing               peers that have sent so many aborts and cancels of late that unknown sessions get no more
--   arrival_pages         how big `arrival` was when that was noted
--   released_early        whether a sidecar of this service has ever released messages early: never false again
CREATE TABLE setting (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    service text NOT NULL,
    early_rows_max integer NOT NULL,
    payload_bytes_max integer NOT NULL,
    shards_count integer NOT NULL,
    crowded text[] NOT NULL DEFAULT '{}',
    batch_bytes_max bigint NOT NULL DEFAULT 16777216,
    waiting_per_peer_max integer NOT NULL DEFAULT 10000,
    overfull text[] NOT NULL DEFAULT '{}',
    undoing text[] NOT NULL DEFAULT '{}',
    arrival_pages bigint NOT NULL DEFAULT 0,
    released_early boolean NOT NULL DEFAULT false
);
GRANT SELECT ON setting TO :"sidecar";
GRANT UPDATE (released_early) ON setting TO :"sidecar";
INSERT INTO setting (service, early_rows_max, payload_bytes_max, shards_count) VALUES (:'service', 100000, 1048576, 64);

-- Where a session stands at a role of this service. `open` is false once the role is settled or ended; `over_at` says
-- since when. `vote` and `outcome` are written once. `waiting` and `retrying` repeat what the body says, for people who
-- search. `attributes` repeat what the header says. `epoch` and `turn` say which write of the row it was: the epoch of
-- its shard, and what its sidecar counted in it.
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
    over_at timestamptz,
    waiting text NOT NULL DEFAULT '',
    retrying integer NOT NULL DEFAULT 0,
    attributes text[] GENERATED ALWAYS AS (attributes_of(header)) STORED,
    epoch bigint NOT NULL DEFAULT 0,
    turn bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (session, role)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
CREATE INDEX session_open ON session (shard) WHERE open;
CREATE INDEX session_over ON session (over_at) WHERE NOT open;
CREATE INDEX session_newest ON session (started_at);  -- for lists; no update touches it
CREATE INDEX session_attributes ON session USING gin (attributes) WHERE attributes IS NOT NULL;
GRANT SELECT, INSERT, UPDATE ON session TO :"sidecar";

-- What is left of a collected session at a role. For its messages `accept` answers `closed`.
CREATE TABLE stub (
    session uuid NOT NULL,
    role text NOT NULL,
    outcome text NOT NULL,
    collected_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (session, role)
) WITH (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 1000);
CREATE INDEX stub_collected ON stub (collected_at);
GRANT SELECT ON stub TO :"sidecar";

-- Messages to the roles of this service, kept while their session lives: a replay reads them. Each service that speaks
-- has places of its own, so what a stranger writes takes nobody's place.
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
    PRIMARY KEY (session, site, sender, receiver, sender_service)
) WITH (
    autovacuum_vacuum_insert_scale_factor = 0.1,
    autovacuum_vacuum_scale_factor = 0.05,
    autovacuum_vacuum_threshold = 1000
);
CREATE INDEX inbox_undoing ON inbox (received_at) INCLUDE (sender_service) WHERE kind IN ('abort', 'cancel');
GRANT SELECT ON inbox TO :"sidecar";

-- What waits to be read of `inbox`: as small as what waits, so the big table is never searched, marked or rewritten. A
-- row is fresh, or `early` (acknowledged, and no session row answers for it yet), or `aside` (early, and no program
-- here can read its message).
CREATE TABLE arrival (
    session uuid NOT NULL,
    site text NOT NULL,
    sender text NOT NULL,
    receiver text NOT NULL,
    shard smallint NOT NULL,
    early boolean NOT NULL DEFAULT false,
    arrived_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    sender_service text NOT NULL,
    aside boolean NOT NULL DEFAULT false
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);
CREATE INDEX arrival_fresh ON arrival (arrived_at) WHERE NOT early;
CREATE INDEX arrival_early ON arrival (session, receiver);
CREATE INDEX arrival_told ON arrival (arrived_at) WHERE early AND site LIKE '!event/%';  -- events before their session
CREATE INDEX arrival_of ON arrival (sender_service);  -- what one peer has waiting
CREATE INDEX arrival_aside ON arrival (arrived_at) WHERE aside;
GRANT SELECT, UPDATE, DELETE ON arrival TO :"sidecar";

-- What a worker answered, a wait that ended, a value that was read once. The first one stays.
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
) WITH (
    autovacuum_vacuum_insert_scale_factor = 0.1,
    autovacuum_vacuum_scale_factor = 0.05,
    autovacuum_vacuum_threshold = 1000
);
GRANT SELECT, INSERT ON result TO :"sidecar";

-- Timers that are set, until each has ended or its session is over. `due_at` is the truth, by the clock of this
-- database; only operators move it. `ask_at` is when the sidecar is told next: first when it is due, then again and
-- again.
CREATE TABLE timer (
    session uuid NOT NULL,
    role text NOT NULL,
    site text NOT NULL,
    shard smallint NOT NULL,
    operation text NOT NULL,
    set_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    due_at timestamptz NOT NULL,
    ask_at timestamptz NOT NULL,
    PRIMARY KEY (session, role, site)
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
CREATE INDEX timer_due ON timer (ask_at);
GRANT SELECT, INSERT, UPDATE, DELETE ON timer TO :"sidecar";

-- Messages that their receiver has not taken, with its last answer. `due_at` is when one is tried again; a row that is
-- not taken again and again is tried less and less often. A `clash` and a `refused` are kept to be seen, and not sent
-- again.
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
    due_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (session, site, sender, receiver)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);
CREATE INDEX outbox_waiting ON outbox (due_at) WHERE answer <> 'clash' AND answer <> 'refused';
CREATE INDEX outbox_undelivered ON outbox (tried_at) WHERE answer IN ('clash', 'refused', 'nowhere');
GRANT SELECT, INSERT, UPDATE, DELETE ON outbox TO :"sidecar";

-- Who holds which shard. `epoch` grows at each acquisition, and every commit is fenced by it.
CREATE TABLE shard (
    shard smallint PRIMARY KEY,
    owner text,
    epoch bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 30, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);
GRANT SELECT, INSERT, UPDATE ON shard TO :"sidecar";

-- The sidecars that share the shards, and until when each is announced. A shard is its owner's for that long. `link` is
-- the address where it takes messages directly, if it does, and `link_key` its secret there.
CREATE TABLE replica (
    owner text PRIMARY KEY,
    expires_at timestamptz NOT NULL,
    link text,
    link_key bytea
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);
GRANT SELECT, INSERT, UPDATE, DELETE ON replica TO :"sidecar";

-- Rows to lock. From 0 on: a shard, which nobody acquires while a commit is being made for it. -1: calls of `lease` and
-- `release` come one after the other. Rows are locked, and no advisory locks taken, because any login could take those
-- and keep them. A row lock is written into the row, so these rows are apart from `shard`, which everybody reads.
CREATE TABLE gate (
    gate smallint PRIMARY KEY
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);
GRANT SELECT, UPDATE ON gate TO :"sidecar";  -- who may lock a row is who may update it
INSERT INTO gate SELECT n FROM setting, generate_series(-1, shards_count - 1) AS n;

-- How far each sidecar has been told that its commits are durable. A row is a writer's lane: one statement at a time.
CREATE TABLE marker (
    writer uuid NOT NULL,
    lane smallint NOT NULL,
    number bigint NOT NULL,
    PRIMARY KEY (writer, lane)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);
GRANT SELECT, INSERT, UPDATE, DELETE ON marker TO :"sidecar";

-- Which server this log was last used on; one row, from the first start on. Another server, or another timeline, is a
-- copy or a standby that was promoted: it may lack commits that were acted upon. A copy made by a dump has other
-- numbers for its database and this table. `log` is drawn with the row, so a log that was made from nothing has
-- another. `era` counts how often somebody said that a server is the right one from now on.
CREATE TABLE server (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    system_identifier bigint NOT NULL,
    timeline bigint NOT NULL,
    noted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    log uuid NOT NULL DEFAULT gen_random_uuid(),
    database_oid bigint,
    relation_oid bigint,
    era bigint NOT NULL DEFAULT 0
);
GRANT SELECT, INSERT, UPDATE ON server TO :"sidecar";

-- Which session stands for a client's key, and a digest of the request as it was sent. It is not the digest of what was
-- made of the request: a choreography's types change, and the same request has to be the same after that. The session's
-- id is drawn and not computed from the key. A key that was forgotten here may be used again, while a peer still
-- remembers the first session: two sessions of one id could wait for that peer for ever.
CREATE TABLE request (
    name uuid PRIMARY KEY,  -- made from the service and the key
    session uuid NOT NULL,
    choreography text NOT NULL,
    digest bytea,  -- null: it was begun before digests were kept
    seen_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX request_session ON request (session);
CREATE INDEX request_seen ON request (seen_at);
GRANT SELECT ON request TO :"sidecar";

-- The texts of each version of a choreography that was deployed here: what an open session is hosted from after a
-- deploy. `digest` finds damage. `seal` finds strangers: it is made with a key that is not in the database, and a
-- sidecar runs nothing that is not sealed with its key. `known` is the digest of what was kept before there were seals;
-- only the owner writes it. A row that is not sealed is written over by a sidecar that has the version's own files.
CREATE TABLE version (
    fingerprint text PRIMARY KEY,
    choreography text NOT NULL,
    kept bytea NOT NULL,
    digest bytea NOT NULL,
    seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    seal bytea,
    known bytea
);
GRANT SELECT ON version TO :"sidecar";
GRANT INSERT (fingerprint, choreography, kept, digest, seal) ON version TO :"sidecar";
GRANT UPDATE (choreography, kept, digest, seal, seen_at) ON version TO :"sidecar";

-- What `start` may start: the choreographies that begin at a role of this service, as its sidecar published them when
-- it last began. `heading` is what the header of such a session says of its version, as members of a JSON object.
-- `parameters` is the JSON schema of the arguments, as one object; what it names stands in `types`.
CREATE TABLE startable (
    choreography text PRIMARY KEY,
    role text NOT NULL,
    heading text NOT NULL,
    parameters jsonb NOT NULL,
    types jsonb NOT NULL,
    published_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
GRANT SELECT, INSERT, UPDATE, DELETE ON startable TO :"sidecar";

-- What `signal` may tell: for each version that the sidecar had deployed when it last began, and each role of this
-- service in it, the events that the role waits for, with the JSON schema of each one's value. What these name stands
-- in `types`.
CREATE TABLE awaited (
    fingerprint text NOT NULL,
    role text NOT NULL,
    events jsonb NOT NULL,
    types jsonb NOT NULL,
    PRIMARY KEY (fingerprint, role)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON awaited TO :"sidecar";

-- The program of each role of each version, as text, for people. The first one stays.
CREATE TABLE projection (
    choreography text NOT NULL,
    fingerprint text NOT NULL,
    role text NOT NULL,
    source bytea NOT NULL,
    PRIMARY KEY (choreography, fingerprint, role)
);
GRANT SELECT, INSERT ON projection TO :"sidecar";

-- Sessions whose stub is gone and whose workers have still to be told `accompanist.forget`.
CREATE TABLE forgotten (
    session uuid PRIMARY KEY,
    forgotten_at timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
GRANT SELECT ON forgotten TO :"sidecar";

-- What operators did to sessions, who, and why. A sidecar may add to it and read it.
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
GRANT SELECT, INSERT ON audit TO :"sidecar";

-- Large values are compressed with lz4 where the server was built with it. Elsewhere they are left as they are: to
-- compress 1 MB with Postgres's own form takes four times as long as to store it, for each copy on its way. What was
-- written before is read as it is.
DO $$
BEGIN
    ALTER TABLE session ALTER result SET COMPRESSION lz4;
    ALTER TABLE result ALTER value SET COMPRESSION lz4;
    ALTER TABLE inbox ALTER payload SET COMPRESSION lz4;
    ALTER TABLE outbox ALTER payload SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported THEN
    ALTER TABLE session ALTER result SET STORAGE EXTERNAL;
    ALTER TABLE result ALTER value SET STORAGE EXTERNAL;
    ALTER TABLE inbox ALTER payload SET STORAGE EXTERNAL;
    ALTER TABLE outbox ALTER payload SET STORAGE EXTERNAL;
END
$$;

-- The revision that the schema is at. Alembic reads and writes it; a sidecar compares it when it starts.
CREATE TABLE alembic_version (
    version_num varchar(32) NOT NULL,
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
GRANT SELECT ON alembic_version TO :"sidecar";
INSERT INTO alembic_version VALUES ('0030');
