"""Coverage marks: situations that simulation runs must reach (as in TigerBeetle and s2n).

A run counts each situation under a name. Over many seeds, every name below has to come up. A range of seeds without a
crash, for example, or without a compensation, has failed even if no property was broken.
"""

from __future__ import annotations

from collections import Counter

REQUIRED = {
    "settled": "a saga settles",
    "ended": "a saga is undone",
    "compensated": "a transaction is compensated",
    "declined": "a worker declines",
    "reason deadline": "a deadline undoes a saga",
    "reason cancelled": "a cancel undoes a saga",
    "parked": "a session is parked",
    "operator resumes": "a person lets one go on",
    "door shut": "a call finds the door shut",
    "held": "a call in doubt turns out to have succeeded",
    "query differed": "a query answers otherwise when it is asked again",
    "evicted": "a session leaves memory while it waits",
    "recovered": "sessions are taken up from the log",
    "taken over": "a shard goes to another sidecar",
    "left": "a sidecar leaves cleanly",
    "write refused by epoch": "a sidecar that lost its lease writes",
    "late write done": "a write that was given up happens after all",
    "crash-before start": "a sidecar dies before a start is written",
    "crash-before replied": "... before a reply is",
    "crash-before vote-abort": "... before an abort is",
    "crash-before done": "... before a vote is",
    "crash-after start": "a sidecar dies when a start is written",
    "crash-after replied": "... when a reply is",
    "crash-after done": "... when a vote is",
    "crash-after settled": "... when a settlement is",
    "crash-after take": "... when messages were taken",
    "log-lost start": "the answer that a start was written is lost",
    "log-lost replied": "... that a reply was",
    "log-lost settled": "... that a settlement was",
    "log-lost lease": "... that shards are ours",
    "log-lost take": "... with the inbox",
    "delivered full": "a receiver takes no more",
    "delivered unknown": "a receiver is not there",
    "delivered same": "a message is handed over twice",
    "delivered closed": "a message comes for a saga that was collected",
    "pause": "a sidecar stands still",
    "partition": "a service cannot reach the database",
    "database-down": "the database is away",
    "worker-down": "a worker is away",
    "call-late": "a call that was given up arrives later",
    "call-twice": "a call arrives twice",
    "call-hangs": "a call is never answered",
    "notify-lost": "a wake-up is lost",
    "plain late": "a worker without a fence does something that nobody waits for any more",
    "relayed stored": "a message goes from one database to another",
    "relayed same": "a message goes there twice",
    "relayed closed": "a message comes there for a saga that was collected",
    "relay-lost": "a call of a peer is lost, or its answer",
    "relay-late": "a call of a peer that was given up arrives later",
    "relay-twice": "a call of a peer arrives twice",
    "peer-down": "a peer is away",
    "lie stored": "a hostile service says something that is let in",
    "lie refused": "... that is refused at the door",
    "lies to another database": "... to a service in another database",
    "deploy": "a changed choreography is deployed",
    "said version.brought_back": "a version that is not deployed any more comes from the log",
    "key across a deploy": "a request is repeated under its key after another version was deployed",
    "old version ends": "a saga ends on the version that it began with, after another was deployed",
    "said sessions.collected": "sagas are collected",
}


RARE = frozenset(
    {
        "held",
        "query differed",
        "crash-before start",
        "crash-before replied",
        "crash-before vote-abort",
        "crash-before done",
        "crash-after start",
        "crash-after done",
        "crash-after settled",
        "delivered closed",
        "relayed closed",
        "operator resumes",
    }
)
"""The marks that fewer than `rare_from` seeds need not reach."""
rare_from = 500


def unreached(marks: Counter[str], seeds: int) -> list[str]:
    """The situations that so many seeds should have reached and did not, in words."""
    wanted = {name: words for name, words in REQUIRED.items() if seeds >= rare_from or name not in RARE}
    return [f"{name}: {words}" for name, words in wanted.items() if not marks[name]]
