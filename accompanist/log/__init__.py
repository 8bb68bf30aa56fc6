"""A service's durable memory: Postgres, and its verified fake.

What it promises. One schema holds what a service must not lose: sessions, inbox, results, timers, outbox, leases and
versions. A flush is one commit of all that it was given, or nothing, and it checks the epochs of its shards in that
same commit. Messages for a service in the same database are delivered in it, too. Everything may be asked for twice. A
failure is `LogUnavailable`, of which it is unknown whether the commit happened, or it is proved to be about the values.

What it does not promise. Anything on a server with `fsync=off`, after an asynchronous standby was promoted or a backup
was restored; what can be detected of that, is. NOTIFY only wakes: a message that nobody was told of is found by the
next look into the tables.

What it imports. `runtime`, whose ports it implements and whose records it writes; of `language`, what a wait and the
texts of a version are; asyncpg, and Alembic for revisions. It is the only package with SQL beside the worker's fence.
It knows none of its neighbours `rpc` and `telemetry`: a log that used another could not be replaced alone.

Where to begin.
    accompanist/runtime/ports.py  the contract
    accompanist/log/postgres.py   the log in Postgres: every method is one round trip
    accompanist/log/group.py      the group commit: bursts that wait at the same time share a flush
    accompanist/log/leases.py     epochs: under which a sidecar may write
    accompanist/log/memory.py     the fake, held to the same tests: tests/log/test_alike.py
    accompanist/log/diagnosis.py  what `accompanist doctor` looks for
    migrations/versions                the tables and functions, revision by revision
"""
