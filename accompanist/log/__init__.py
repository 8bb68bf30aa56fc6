"""A service's durable memory: Postgres, and its verified fake.

What it promises. One schema holds what a service must not lose: sessions, inbox, results, timers, outbox, leases and
versions. A flush is one commit of everything it was given, or of nothing, and checks the epochs of its shards in that
same commit. It also delivers messages for services in the same database. Every operation is idempotent. A failure is
`LogUnavailable`, after which it is unknown whether the commit happened, or an error that is caused by the values.

What it does not promise. Anything on a server with `fsync=off`, or after an asynchronous standby was promoted or a
backup was restored; it detects what can be detected of that. NOTIFY only wakes: after a lost notification, the next
poll of the tables finds the message.

What it imports. `runtime`, whose ports it implements and whose records it writes; of `language`, the definitions of a
wait and of a version's texts; asyncpg, and Alembic for revisions. Only this package and the worker's fence contain SQL.
It does not import its neighbours `rpc` and `telemetry`, so that each can be replaced alone.

Where to begin.
    accompanist/runtime/ports.py  the contract
    accompanist/log/postgres.py   the log in Postgres: every method is one round trip
    accompanist/log/group.py      the group commit: bursts that wait at the same time share a flush
    accompanist/log/leases.py     the epochs under which a sidecar may write
    accompanist/log/memory.py     the fake, which passes the same tests: tests/log/test_alike.py
    accompanist/log/diagnosis.py  the checks of `accompanist doctor`
    migrations/versions                the tables and functions, revision by revision
"""
