"""What can be wrong with a log that works: the codes of `accompanist doctor`'s findings."""

from __future__ import annotations

from accompanist.errors import catalogue

STUCK = catalogue(
    "ACC420",
    "open sessions that nothing happens to",
    "Nothing was written to them for an hour. A worker or a peer may be away, or they wait for a person or a timer.",
    "Look at what they wait for with `accompanist sessions show ID`; see that the workers and peers named are up.",
)
PARKED = catalogue(
    "ACC421",
    "parked sessions",
    "They met something that only a person can decide, and wait; others are not held up.",
    "`accompanist sessions list --parked`; `accompanist sessions show ID` names the verbs that apply to each.",
)
UNHOSTABLE = catalogue(
    "ACC422",
    "messages that no sidecar here can take up",
    "They belong to a version of a choreography that is not hosted by any running sidecar of this service, or to none. "
    "Named is the service that has said them.",
    "Deploy the choreography they name, or the version of it; they are taken up when it is registered. Where there is "
    "no such version, ask whoever runs the service that is named.",
)
CROWDED = catalogue(
    "ACC449",
    "a peer has as much here as it may have",
    "Its messages are answered `full`, as far as they would begin something, and wait in its own outbox; others go on. "
    "Either it is ahead with a deployment, or this service takes up too little, or something is wrong with the peer.",
    "Deploy the version that it is ahead with (ACC422), or see that this service's sidecar runs. To stop a peer that "
    "is not itself, in Postgres: REVOKE accompanist_peer FROM PEER_sidecar; across databases: take its line out of "
    "peer_token_file and restart the sidecar. What no program here can read goes by itself after `tombstone_s`.",
)
SNAPSHOT_HELD = catalogue(
    "ACC423",
    "an old snapshot keeps dead rows alive",
    "Postgres cleans nothing that the oldest transaction, slot or prepared transaction might still see; the queues "
    "grow and slow down until it ends.",
    "End the transaction or drop the slot named; give its owner idle_in_transaction_session_timeout.",
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
    "Autovacuum does not keep up with a table of the log, or something holds it off.",
    "Look for a held snapshot (ACC423); else see that autovacuum is on and has workers to spare.",
)
NOTIFY_QUEUE = catalogue(
    "ACC426",
    "the notification queue fills",
    "A connection that listens and sits in a transaction keeps Postgres from trimming the queue; when it is full, "
    "every NOTIFY fails.",
    "Find connections in state `idle in transaction` and end them.",
)
NOT_LISTENING = catalogue(
    "ACC427",
    "sidecars run and nobody listens",
    "Without LISTEN a message is found by the poll, up to a second late.",
    "Give sidecars a direct connection (a pooler in transaction mode cannot listen), or say `poll_only = true`.",
)
NO_OWNER = catalogue(
    "ACC428",
    "shards without an owner",
    "Nobody runs the sessions in them. Right after a take-over that passes within the lease; with no sidecar up it "
    "does not.",
    "Start the service's sidecar, and see that it is ready.",
)
CLOCK_SKEW = catalogue(
    "ACC429",
    "this machine's clock and the database's differ",
    "Leases go by the database's clock alone, but deadlines and times on pages come from the machines.",
    "Synchronise both with NTP; run this on the sidecar's own machine.",
)
UNSAFE_SETTING = catalogue(
    "ACC430",
    "a setting that gives up durability",
    "full_page_writes=off can leave torn pages after a crash; synchronous_commit=off lets commits of workers that do "
    "not overrule it vanish after they were acknowledged; zero_damaged_pages and ignore_checksum_failure take damage "
    "for data.",
    "Set it back (ALTER SYSTEM; ALTER ROLE or ALTER DATABASE ... RESET if it was set there) and reload Postgres.",
)
ASYNC_STANDBY = catalogue(
    "ACC431",
    "an asynchronous standby",
    "It may lack the last commits. Promoted, it forgets what others have acted upon.",
    "Name it in synchronous_standby_names, or see that it is never promoted without a decision (ACC409).",
)
OUTBOX_WAITS = catalogue(
    "ACC432",
    "messages that peers do not take",
    "A peer is away, not provisioned, or its inbox is full; they are tried again for as long as it takes.",
    "See that the peers named are migrated and run.",
)
OUTBOX_CLASH = catalogue(
    "ACC433",
    "messages that contradict what their receiver has",
    "The receiver holds other content under the same identity: two runs of one session have diverged.",
    "`accompanist sessions show ID` at both services; decide there, and keep the rows for the report of the defect.",
)
NOT_FORGOTTEN = catalogue(
    "ACC434",
    "a worker's fence is not told what it may forget",
    "Sessions have gone from the log, and the worker has not answered accompanist.forget for an hour.",
    "See that the service's workers are up; their fence tables grow until then.",
)
PROMISED = catalogue(
    "ACC437",
    "logins may take more connections than the server has",
    "Each login of a service has a bound on its connections, so that one that runs wild leaves room for the others. "
    "Together these come to more than the server has for them (max_connections, less what is reserved), or a login has "
    "none: then somebody is refused when there is most to do.",
    "Raise max_connections and restart Postgres, or move services to another server. Then `accompanist migrate "
    "--bootstrap` gives each login its part; a bound that you set yourself stays (ALTER ROLE ... CONNECTION LIMIT).",
)
CRAMPED = catalogue(
    "ACC438",
    "a login may have fewer connections than its programs take",
    "A pool takes no more than its login may have, and is slower for it; several processes of one login do not know "
    "of one another, and one that is refused a connection waits as if Postgres were away.",
    "ALTER ROLE ... CONNECTION LIMIT with the number named, where the server has as many (max_connections); or run "
    "fewer processes, or a pooler (`pooler` in accompanist.toml).",
)
DAMAGED = catalogue(
    "ACC445",
    "sessions that the log refuses",
    "Something of a session cannot be written to the log or read from it: a value that a column refuses, a row that "
    "somebody changed by hand, or a defect of ours. The session stands still, and others go on.",
    "See the problem named, and the log of the sidecar (session.damaged). Once the cause is mended the session goes on "
    "by itself within minutes; if nothing is wrong with the database, report it.",
)
TASK_FAILS = catalogue(
    "ACC446",
    "a task of the sidecar fails",
    "Something that a sidecar does in the background raises an error each time it is begun again. What it is for is "
    "not done meanwhile.",
    "See the sidecar's log (task.failed) for where it fails. Restart it if the cause is mended; else report it.",
)
VERSION_LOST = catalogue(
    "ACC435",
    "open sessions of a version that the log cannot bring back",
    "They go on only at a sidecar that has this version deployed: the log never kept it, its texts are damaged, or "
    "this release of Accompanist makes another program of them.",
    "Run a sidecar with the release and the file they began with until they are over; `accompanist sessions list` "
    "names them.",
)
ISOLATION = catalogue(
    "ACC436",
    "a worker may be given an isolation level that its fence refuses",
    "Under REPEATABLE READ the fence would read from before the lock it waited for, and not see what was executed. Our "
    "own connections state READ COMMITTED; a worker in another language that leaves the level to the default is "
    "refused (SQLSTATE AC002) and can do nothing.",
    "Have the worker begin with BEGIN ISOLATION LEVEL READ COMMITTED, or set it back: ALTER ROLE, ALTER DATABASE or "
    "ALTER SYSTEM ... RESET default_transaction_isolation.",
)
