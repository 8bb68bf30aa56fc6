"""The purposes of the log's tables, functions and answers: the part of `docs/log.md` that is not in the database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from accompanist.runtime.ports import Delivery, Fate


class Table(NamedTuple):
    """`kind`: whether a row is a record (nothing else could say it), or can be computed or found anew."""

    kind: str
    purpose: str
    collected: str


class Function(NamedTuple):
    """What a function does, and under which heading it stands."""

    group: str
    does: str


WITH_SESSION = "with its session, by `collect`, and its values earlier by `lighten`."
QUEUE = "A queue"
RECORD = "A record"
NOTE = "A note"
"""What can be noted again, and nothing rests on."""

TABLES: Mapping[str, Table] = {
    "alembic_version": Table(NOTE, "The schema's revision; one row. Alembic writes it.", "never."),
    "arrival": Table(
        QUEUE,
        "What waits to be read of `inbox`. A row is fresh (no sidecar has acknowledged it), or early (acknowledged, "
        "and no session row answers for it yet), or aside (early, and no program here can read it). It has no key: "
        "`take` names a row by its place in the table together with its message's key.",
        "by `take` once the message was acknowledged and its session has a row; early rows by the `flush` that writes "
        "that row; by `forget` where nobody ever reads them.",
    ),
    "audit": Table(
        RECORD,
        "What operators did: which verb, to which session, who, and why. It is written in the commit of the deed.",
        "by `forget`, `audit_days` after the deed.",
    ),
    "awaited": Table(
        RECORD,
        "The events that roles of this service wait for, by version, with the types of their values, as a sidecar of "
        "this service published them when it last began.",
        "when a sidecar begins that does not have the version deployed.",
    ),
    "forgotten": Table(
        QUEUE,
        "Sessions whose stub is gone and whose workers have still to be told `accompanist.forget`.",
        "by `forget`, when the workers have answered.",
    ),
    "gate": Table(
        NOTE,
        "Rows to lock, with nothing in them: one for each shard, and `-1` for sharing the shards. A row lock needs a "
        "right on the table; an advisory lock could be taken by any login.",
        "never.",
    ),
    "inbox": Table(
        RECORD,
        "Messages to the roles of this service, each once for every service that spoke it. A replay reads them, so "
        "they stay as long as their session.",
        WITH_SESSION,
    ),
    "marker": Table(
        RECORD,
        "The last number that each lane of each sidecar process has committed. A number that a process was told and "
        "that is not here proves that the server lost commits.",
        "by the next start of a sidecar, which looks for what earlier processes were told and clears it.",
    ),
    "outbox": Table(
        "A queue; a run that is replayed makes its rows again",
        "Messages that their receiver has not taken, with its last answer and the time of the next trial.",
        "when the receiver answers that it has the message or that the session is over there; with its session; and "
        "data and selections when their role goes back.",
    ),
    "projection": Table(
        RECORD,
        "The program of each role of each version that was deployed here, as text, for people.",
        "by `forget_versions`, with its version.",
    ),
    "replica": Table(
        "A lease",
        "The sidecars that share the shards, and until when each is announced. A sidecar renews its one row.",
        "by the next `lease` after it has expired, and by `release`.",
    ),
    "request": Table(
        RECORD,
        "Which session stands for a client's idempotency key, and the digest of the request as it was sent.",
        "with the last stub of its session, and by `forget_requests` where no session ever came of it.",
    ),
    "result": Table(
        RECORD,
        "A worker's answer to a call, an ended wait, a value that was read once: write-once, the first one stays. With "
        "a fenced worker the answer to a call can also be asked for again.",
        WITH_SESSION,
    ),
    "server": Table(
        RECORD,
        "Which server, timeline, database and table this log was last used on; one row.",
        "never.",
    ),
    "session": Table(
        RECORD,
        "Where a session stands at a role of this service. `vote` and `outcome` are write-once. `header` and `body` "
        "are JSON as bytes. `epoch` and `turn` say which write of the row it was.",
        "by `collect`, which leaves a stub; its values earlier by `lighten`.",
    ),
    "setting": Table(
        RECORD,
        "One row: whose log this is, the number of shards and the bounds that `accept` keeps; and, noted by `crowd`, "
        "the peers that have reached one.",
        "never.",
    ),
    "shard": Table(
        RECORD,
        "Who holds each shard, and under which epoch. The epoch grows at each acquisition.",
        "never.",
    ),
    "startable": Table(
        RECORD,
        "The choreographies that `start` may start, with the types of their arguments, as a sidecar of this service "
        "published them when it last began.",
        "when a sidecar begins that does not start it any more.",
    ),
    "stub": Table(
        RECORD,
        "What is left of a collected session at a role: its outcome. It makes `accept` answer `closed`.",
        "by `forget`, when it is older than `tombstone_s`.",
    ),
    "timer": Table(
        RECORD,
        "Timers that are set. `due_at` is the truth, by the clock of this database; `ask_at` is when the sidecar is "
        "told next.",
        "with the result at its site, when its role is undone, and with its session.",
    ),
    "version": Table(
        RECORD,
        "The texts of each version of a choreography that was deployed here, with a digest against damage and a seal "
        "against strangers. Open sessions are hosted from it after a deploy.",
        "by `forget_versions`, when no open session and no waiting message needs it.",
    ),
}

OWNERSHIP = "Shards, leases and the look for work"
WRITING = "Committing"
RECEIVING = "Handing over and receiving"
SENDING = "The outbox"
BOUNDS = "Bounds of peers"
APPLICATIONS = "For applications"
KEPT = "Keys and versions"
COLLECTING = "Collection"
SMALL = "Small ones"

GROUPS: Mapping[str, str] = {
    OWNERSHIP: "Who may write, and what waits for whom.",
    WRITING: "What every burst goes through.",
    RECEIVING: "How a message comes into `inbox` and is read from it.",
    SENDING: "What was not taken, and services in other databases.",
    BOUNDS: "What one peer may have here.",
    APPLICATIONS: "What an application may call inside its own transactions, with the login of the service's worker.",
    KEPT: "What is remembered by a name.",
    COLLECTING: "What is over leaves, a batch in a commit.",
    SMALL: "What the others are made of.",
}

FUNCTIONS: Mapping[str, Function] = {
    "lease": Function(
        OWNERSHIP,
        "renews the caller's row in `replica`, lets go of shards beyond its share, acquires free ones; answers what it "
        "holds, each with its epoch",
    ),
    "release": Function(OWNERSHIP, "gives all shards of the caller up at once"),
    "fence": Function(OWNERSHIP, "raises `AC001` with the shards that the caller does not hold under the given epochs"),
    "announce": Function(
        OWNERSHIP, "notes where a replica takes messages directly, and the key by which it knows callers"
    ),
    "links": Function(
        OWNERSHIP, "where the replicas take messages directly, for which shards, and the proof to show there; for peers"
    ),
    "links_of": Function(OWNERSHIP, "asks a peer's `links`, once it is sure that this is the one that a log has"),
    "unfinished": Function(
        OWNERSHIP, "the sessions of these shards that are not over, and those that have messages and no row"
    ),
    "pending": Function(
        OWNERSHIP, "whether there is anything to take, to send or to relay, and when the next timer is due"
    ),
    "due": Function(OWNERSHIP, "timers that are due in the caller's shards, and in how many seconds the next one is"),
    "flush": Function(
        WRITING,
        "a group of bursts in one commit: the fence, session rows, results, timers, messages; answers each message's "
        "delivery",
    ),
    "mark": Function(WRITING, "sets the next mark of a lane; raises `AC002` where the one before it is missing"),
    "hand_over": Function(
        RECEIVING,
        "calls the `deliver` of each schema that messages are for; a call that fails is answered `unknown`",
    ),
    "deliver": Function(RECEIVING, "takes messages from the service that the caller's login belongs to"),
    "accept": Function(
        RECEIVING,
        "takes messages that a named service spoke: stores what may be stored, answers for each; never raises on "
        "content",
    ),
    "deliver_of": Function(
        RECEIVING, "the `deliver` of each schema that has what a log has: signature, owner, path and all; else none"
    ),
    "take": Function(
        RECEIVING,
        "acknowledges what was taken before, then answers the oldest fresh messages of the caller's shards, by number "
        "and bytes",
    ),
    "dismiss": Function(RECEIVING, "removes messages of peers that the sidecar does not believe"),
    "resend": Function(SENDING, "hands over again what is due, with back-off for what is not taken"),
    "relay": Function(SENDING, "what is due for services in other databases; due again later, until `relayed`"),
    "relayed": Function(SENDING, "what those services answered"),
    "undelivered": Function(SENDING, "messages of open sessions here that nobody will ever take"),
    "heed": Function(RECEIVING, "makes sure that the inbox has what a commit depends on, and takes it from the queue"),
    "confirm": Function(
        RECEIVING, "whether messages that a peer has handed over directly are in the inbox, and their sessions known"
    ),
    "crowd": Function(
        BOUNDS, "counts what each peer has open, waiting and undoing here, notes who is beyond a bound, and answers it"
    ),
    "keep_statistics": Function(
        BOUNDS, "analyses tables that have grown fourfold, so that plans fit before autovacuum comes"
    ),
    "start": Function(APPLICATIONS, "starts a session that is there when the caller's transaction commits"),
    "signal": Function(APPLICATIONS, "tells a role of this service an event when the caller's transaction commits"),
    "misfit": Function(APPLICATIONS, "what is wrong with a value, by the JSON schema of its type"),
    "canonical": Function(APPLICATIONS, "JSON in its one form: keys in order, no spaces"),
    "name_of_key": Function(APPLICATIONS, "the id under which a client's key is kept"),
    "sha1": Function(APPLICATIONS, "SHA-1, which Postgres has in an extension only"),
    "request_of": Function(KEPT, "the session that stands for a client's key, made by whoever asks first"),
    "forget_requests": Function(KEPT, "removes keys that are old and of which nothing is left"),
    "forget_versions": Function(KEPT, "removes versions that are old and that nothing open or waiting needs"),
    "lighten": Function(
        COLLECTING, "removes messages and values of sessions that are over; their line in the list stays"
    ),
    "collect": Function(COLLECTING, "removes sessions that are over and owe nobody a message; leaves stubs"),
    "forget": Function(
        COLLECTING,
        "removes old stubs, audits and unread messages; answers the sessions that workers have to be told to forget",
    ),
    "audit_verb": Function(COLLECTING, "writes the audit of an operator's verb, in the commit of its message"),
    "requests_gone": Function(COLLECTING, "removes the key of a session whose last stub went"),
    "speaker": Function(SMALL, "the service that the login belongs to; empty for a login that is no sidecar's"),
    "own_name": Function(SMALL, "raises where the login is not that of this schema's service any more"),
    "committed_reads": Function(SMALL, "raises in a transaction that is REPEATABLE READ"),
    "sayable": Function(SMALL, "whether a message of this kind may have this sender"),
    "heads": Function(SMALL, "whether a role is the initiator that a header names"),
    "shard_of": Function(SMALL, "the shard of a session: the last byte of its id, modulo the number of shards"),
    "version_of": Function(SMALL, "the fingerprint in a header"),
    "attributes_of": Function(SMALL, "the attributes in a header, for the index that `sessions list` searches"),
}

FATES: Mapping[Fate, str] = {
    Fate.HERE: "forgets it",
    Fate.OVER: "forgets it",
    Fate.AGAIN: "keeps it in `outbox`, tries again",
    Fate.NEVER: "parks its session",
}

ANSWERS: Mapping[Delivery, str] = {
    Delivery.STORED: "it was not there, and is now",
    Delivery.SAME: "it was there with the same content",
    Delivery.CLOSED: "its session is over there, or unknown, and it begins none",
    Delivery.FULL: "a bound on what waits is reached",
    Delivery.UNKNOWN: "the receiver's schema cannot be asked now",
    Delivery.CLASH: "there is other content in its place",
    Delivery.REFUSED: "it is beyond a bound, or not sayable",
    Delivery.NOWHERE: "no schema is known for the receiver's service",
}
