-- The composite types of the rows that `flush` is given. A driver sends such a row by position, so
-- `accompanist/log/composites.py` declares the same fields in the same order. `tests/log/test_composites.py` compares
-- the two.
--
-- They are types of their own, not the row types of the tables: a table has columns that no caller writes.

-- A shard that a commit needs, and the epoch under which the commit was decided.
CREATE TYPE held_shard AS (shard smallint, epoch bigint);

-- A write of a row of `session`.
CREATE TYPE session_write AS (
    session uuid,
    role text,
    shard smallint,
    open boolean,
    parked boolean,
    choreography text,
    phase text,
    vote text,
    outcome text,
    reason bytea,
    header bytea,
    body bytea,
    result bytea,
    started_at float8,
    waiting text,
    retrying integer,
    epoch bigint,
    turn bigint
);

-- A row of `result`.
CREATE TYPE result_write AS (
    session uuid,
    role text,
    site text,
    kind text,
    operation text,
    outcome text,
    digest bytea,
    value bytea
);

-- A row of `timer`; `seconds` from the commit on it is due.
CREATE TYPE timer_write AS (
    session uuid,
    role text,
    site text,
    shard smallint,
    operation text,
    seconds float8
);

-- Where the next so many messages go: the schema, and whether their receiver's sidecar has them already.
CREATE TYPE message_target AS (schema text, messages integer, home boolean);

-- A message, and the service it is for.
CREATE TYPE message_write AS (
    session uuid,
    site text,
    sender text,
    receiver text,
    kind text,
    header bytea,
    payload bytea,
    context bytea,
    service text
);
