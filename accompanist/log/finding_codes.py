"""Error codes of the findings of `accompanist doctor`: problems of a log that works."""

from __future__ import annotations

from accompanist.errors import catalogue

STUCK = catalogue(
    "ACC420",
    "open sessions that nothing happens to",
    "They were not written for an hour. A worker or a peer may be down, or they wait for a person or a timer.",
    "See what they wait for with `accompanist sessions show ID`; check that the workers and peers named there are up.",
)
PARKED = catalogue(
    "ACC421",
    "parked sessions",
    "They wait for a person's decision. Other sessions go on.",
    "`accompanist sessions list --parked`; `accompanist sessions show ID` names the verbs that apply to each.",
)
UNHOSTABLE = catalogue(
    "ACC422",
    "messages that no sidecar here can take up",
    "They belong to a choreography, or a version of one, that no running sidecar of this service hosts. The service "
    "named has sent them.",
    "Deploy that choreography or version; the messages are taken up once it is registered. If there is no such "
    "version, ask whoever runs the service that is named.",
)
CROWDED = catalogue(
    "ACC449",
    "a peer has as much here as it may have",
    "The peer has used up its quota. Messages of it that would begin a session are answered `full`, and wait in its "
    "own outbox; other peers go on. Either it has deployed a version that this service has not, or this service is too "
    "slow, or the peer misbehaves.",
    "Deploy the version that it is ahead with (ACC422), or check that this service's sidecar runs. To cut off a peer "
    "that misbehaves, in the same database: REVOKE accompanist_peer FROM PEER_sidecar; across databases: remove its "
    "line from peer_token_file and restart the sidecar. Messages that no program here can read are deleted after "
    "`tombstone_s`.",
)
SNAPSHOT_HELD = catalogue(
    "ACC423",
    "an old snapshot keeps dead rows alive",
    "Postgres cannot remove dead rows that the oldest transaction, slot or prepared transaction might still see. The "
    "queues grow and slow down until it ends.",
    "End the transaction or drop the slot named; set idle_in_transaction_session_timeout for its login.",
)
PREPARED = catalogue(
    "ACC424",
    "prepared transactions",
    "A transaction that was prepared and neither committed nor rolled back holds its locks and its snapshot for ever.",
    "Find out whose it is; then COMMIT PREPARED or ROLLBACK PREPARED it.",
)
DEAD_ROWS = catalogue(
    "ACC425",
    "dead rows pile up",
    "Autovacuum does not keep up with a table of the log, or something blocks it.",
    "Look for a held snapshot (ACC423); else check that autovacuum is on and has free workers.",
)
NOTIFY_QUEUE = catalogue(
    "ACC426",
    "the notification queue fills",
    "A listening connection that stays in a transaction keeps Postgres from trimming the queue. Once the queue is "
    "full, every NOTIFY fails.",
    "Find connections in state `idle in transaction` and end them.",
)
NOT_LISTENING = catalogue(
    "ACC427",
    "sidecars run and nobody listens",
    "Without LISTEN, a message is only found by the next poll, up to a second late.",
    "Give sidecars a direct connection (a pooler in transaction mode cannot listen), or set `poll_only = true`.",
)
WAKEUPS_LOST = catalogue(
    "ACC450",
    "wake-ups are lost",
    "A sidecar notifies the others of new messages and of ends. Without that they are only found by the next poll, up "
    "to a second late: nothing is lost, and everything is slower.",
    "See the log lines listener.lost and notifier.lost of the service's sidecars and of its peers': connections are "
    "refused, or the notification queue is full (ACC426).",
)
NO_OWNER = catalogue(
    "ACC428",
    "shards without an owner",
    "No sidecar runs the sessions in them. After a take-over this ends within the lease; without a running sidecar it "
    "does not.",
    "Start the service's sidecar, and check that it is ready.",
)
CLOCK_SKEW = catalogue(
    "ACC429",
    "this machine's clock and the database's differ",
    "Leases use the database's clock only, but deadlines and displayed times use the machines' clocks.",
    "Synchronise both with NTP; run this on the sidecar's own machine.",
)
UNSAFE_SETTING = catalogue(
    "ACC430",
    "a setting that gives up durability",
    "full_page_writes=off can leave torn pages after a crash. With synchronous_commit=off, a worker that does not "
    "override it can lose acknowledged commits. zero_damaged_pages and ignore_checksum_failure accept damaged data.",
    "Set it back (ALTER SYSTEM; ALTER ROLE or ALTER DATABASE ... RESET if it was set there) and reload Postgres.",
)
ASYNC_STANDBY = catalogue(
    "ACC431",
    "an asynchronous standby",
    "It may lack the last commits. If it is promoted, commits are lost that others have acted upon.",
    "Name it in synchronous_standby_names, or make sure that it is never promoted automatically (ACC409).",
)
OUTBOX_WAITS = catalogue(
    "ACC432",
    "messages that peers do not take",
    "A peer is down or not provisioned, or its inbox is full. The messages are tried again for as long as it takes.",
    "Check that the peers named are migrated and run.",
)
OUTBOX_CLASH = catalogue(
    "ACC433",
    "messages that contradict what their receiver has",
    "The receiver holds other content under the same identity: two runs of one session have diverged.",
    "Compare `accompanist sessions show ID` at both services, and decide there. Keep the rows for a bug report.",
)
NOT_FORGOTTEN = catalogue(
    "ACC434",
    "a worker's fence is not told what it may forget",
    "Sessions were deleted from the log, but the worker has not answered accompanist.forget for an hour.",
    "Check that the service's workers are up; their fence tables grow until then.",
)
PROMISED = catalogue(
    "ACC437",
    "logins may take more connections than the server has",
    "Each login of a service has a connection limit, so that one cannot starve the others. Together these limits "
    "exceed the connections of the server (max_connections, less the reserved ones), or a login has no limit. Under "
    "high load, connections will be refused.",
    "Raise max_connections and restart Postgres, or move services to another server. Then `accompanist migrate "
    "--bootstrap` gives each login its share; a limit that you set yourself stays (ALTER ROLE ... CONNECTION LIMIT).",
)
CRAMPED = catalogue(
    "ACC438",
    "a login may have fewer connections than its programs take",
    "A pool opens no more connections than its login may have, which makes it slower. Several processes of one login "
    "do not share the limit: one that is refused a connection waits as if Postgres were down.",
    "ALTER ROLE ... CONNECTION LIMIT with the number named, if the server has as many (max_connections); or run fewer "
    "processes, or a pooler (`pooler` in accompanist.toml).",
)
REFUSED_CONNECTIONS = catalogue(
    "ACC451",
    "Postgres refuses connections",
    "Too many are open, of the server or of the sidecar's login. What was asked is asked again after a while: nothing "
    "is lost, and everything is slower.",
    "Raise max_connections, or the login's CONNECTION LIMIT (ACC437, ACC438); run fewer processes, or a pooler.",
)
DAMAGED = catalogue(
    "ACC445",
    "sessions that the log refuses",
    "A part of the session cannot be written to the log or read from it: a value that a column refuses, a row that was "
    "changed by hand, or a bug. The session stands still; other sessions go on.",
    "See the problem named, and the sidecar's log lines (session.damaged). Once the cause is repaired, the session "
    "goes on by itself within minutes. If nothing is wrong with the database, report a bug.",
)
TASK_FAILS = catalogue(
    "ACC446",
    "a task of the sidecar fails",
    "A background task of the sidecar raises an error each time it is restarted. Its work is not done in the meantime.",
    "The sidecar's log lines (task.failed) say where it fails. Repair the cause and restart the sidecar; else report a "
    "bug.",
)
VERSION_LOST = catalogue(
    "ACC435",
    "open sessions of a version that the log cannot bring back",
    "They can only go on at a sidecar that has this version deployed. The log never stored the version, its texts are "
    "damaged, or this release of Accompanist compiles them to another program.",
    "Run a sidecar with the release and the file that they began with, until they are over; `accompanist sessions "
    "list` names them.",
)
ISOLATION = catalogue(
    "ACC436",
    "a worker may be given an isolation level that its fence refuses",
    "Under REPEATABLE READ, the fence would read an old snapshot after waiting for its lock, and not see what was "
    "executed. Our own connections set READ COMMITTED. A worker in another language that uses the server's default is "
    "refused (SQLSTATE AC002).",
    "Let the worker begin with BEGIN ISOLATION LEVEL READ COMMITTED, or reset the default: ALTER ROLE, ALTER DATABASE "
    "or ALTER SYSTEM ... RESET default_transaction_isolation.",
)
