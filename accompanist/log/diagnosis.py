"""Judges the facts about a log: findings, each with a code, a severity and a remedy.

    error     promises are broken, or will be when the machine stops
    warning   somebody should look; nothing is lost yet

A pure function: facts in, findings out, the worst first. Not promised: that a log without findings is healthy.
Workers, their databases and the network are not checked.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Literal

import msgspec

from accompanist import limits
from accompanist.errors import CATALOGUE
from accompanist.log import finding_codes, names, refusals, server
from accompanist.log.health_facts import CountedSessions, HealthFacts
from accompanist.log.schema import REVISIONS

Severity = Literal["error", "warning"]

UNSAFE = {
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "zero_damaged_pages": "on",
    "ignore_checksum_failure": "on",
}


WORDS = {**dict.fromkeys(("false", "no", "0"), "off"), **dict.fromkeys(("true", "yes", "1"), "on")}


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    service: str
    code: str
    severity: Severity
    text: str
    remedy: str


def judge(facts: HealthFacts, *, poll_only: bool = False, pooled: bool = False) -> list[Finding]:
    """The findings, the worst first, then by code. `poll_only`: no sidecar is meant to listen. `pooled`: a pooler holds
    the connections and limits them."""
    connections = partial(_connections, lines=0 if poll_only else limits.log_lines_count, pooled=pooled)
    found = [
        Finding(service=facts.service, code=code, severity=severity, text=text, remedy=CATALOGUE[code].remedy)
        for part in (_schema, _server, connections, _snapshots, _ownership, _sessions, _tables)
        for code, severity, text in part(facts)
        if not (poll_only and code == finding_codes.NOT_LISTENING)
    ]
    return sorted(found, key=lambda finding: (finding.severity, finding.code))


Judged = Iterator[tuple[str, Severity, str]]


def _schema(facts: HealthFacts) -> Judged:
    if facts.revision == facts.head:
        return
    ahead = facts.revision is not None and facts.revision not in REVISIONS
    code = refusals.TOO_NEW if ahead else refusals.NOT_MIGRATED
    yield code, "error", f"the log is at {facts.revision or 'nothing'}, this program at {facts.head}"


def _server(facts: HealthFacts) -> Judged:
    seen = facts.server
    if seen.settings.get("fsync") == "off":
        yield server.UNSAFE, "error", "fsync is off"
    for name, value in seen.settings.items():
        yield from _setting(name, value)
    for place, setting in seen.overrides:
        name, _, value = setting.partition("=")
        yield from _setting(name, value, f" for {place}")
    if seen.standbys and (weak := seen.settings.get("synchronous_commit", "")) in ("local", "remote_write"):
        text = f"synchronous_commit is {weak}: no standby has a commit on disk when it is acknowledged"
        yield finding_codes.ASYNC_STANDBY, "warning", text
    if seen.identity and seen.identity_noted and seen.identity != seen.identity_noted:
        yield server.OTHER_SERVER, "error", f"last used on {seen.identity_noted}; this is {seen.identity}"
    if seen.standbys_async:
        yield finding_codes.ASYNC_STANDBY, "warning", f"{seen.standbys_async} of {seen.standbys} standbys"
    elif seen.standbys_async is None:
        text = f"{seen.standbys} standbys, and this login may not see how they replicate: use --database"
        yield finding_codes.ASYNC_STANDBY, "warning", text
    if seen.notify_usage > limits.queue_warning_share:
        severity: Severity = "error" if seen.notify_usage > limits.queue_error_share else "warning"
        yield finding_codes.NOTIFY_QUEUE, severity, f"{seen.notify_usage:.0%} of it is used"
    skew = abs(seen.skew_s) - seen.round_trip_s / 2
    if skew > limits.skew_warning_s:
        severity = "error" if skew > limits.skew_error_s else "warning"
        side = "ahead of" if seen.skew_s > 0 else "behind"
        yield finding_codes.CLOCK_SKEW, severity, f"the database is {abs(seen.skew_s):.1f} s {side} this machine"


def _setting(name: str, given: str, place: str = "") -> Judged:
    """Judge a setting. `given` is as it was written: Postgres accepts several words for on and off."""
    value = WORDS.get(given.lower(), given.lower())
    if UNSAFE.get(name) == value:
        yield finding_codes.UNSAFE_SETTING, "error", f"{name} is {value}{place}"
    if (name, value) == ("default_transaction_isolation", "repeatable read"):
        yield finding_codes.ISOLATION, "warning", f"{name} is {value}{place}"


def _connections(facts: HealthFacts, lines: int, pooled: bool) -> Judged:
    """Judge connection limits. `lines`: connections of each sidecar beside its pool."""
    seen = facts.server.connections
    if seen is None:
        return
    if seen.given > seen.there or seen.unbounded:
        text = f"{seen.logins} logins may take {seen.given} connections, of {seen.there} that there are for them"
        yield finding_codes.PROMISED, "warning", text + (f"; {seen.unbounded} have no bound" if seen.unbounded else "")
    sidecars = max(1, sum(seconds > 0 for _, seconds in facts.replicas))
    needs = {
        names.sidecar_role(facts.service): sidecars * (limits.log_connections_max + lines) + limits.lookers_count,
        names.worker_role(facts.service): limits.worker_connections_max,
    }
    if pooled:
        del needs[names.sidecar_role(facts.service)]
    whose = {names.sidecar_role(facts.service): "one sidecar" if sidecars == 1 else f"{sidecars} sidecars"}
    for role, need in needs.items():
        if 0 <= (bound := seen.own.get(role, -1)) < need:
            text = f"{role} may have {bound}; {whose.get(role, 'one process of a worker')} may take {need}"
            yield finding_codes.CRAMPED, "warning", text


def _snapshots(facts: HealthFacts) -> Judged:
    for holder in facts.server.holders:
        seconds = holder.seconds or 0.0
        if seconds < limits.snapshot_warning_s and holder.transactions < limits.snapshot_transactions_max:
            continue
        severity: Severity = "error" if seconds > limits.snapshot_error_s else "warning"
        age = f"for {_ago(seconds)}, " if holder.seconds is not None else ""
        text = f"{holder.kind} {holder.name}: {age}{holder.transactions} transactions"
        yield finding_codes.SNAPSHOT_HELD, severity, text
    for gid, seconds in facts.server.prepared:
        if seconds > limits.prepared_s:
            yield finding_codes.PREPARED, "warning", f"{gid}, for {_ago(seconds)}"


def _ownership(facts: HealthFacts) -> Judged:
    if facts.revision != facts.head:
        return
    live = sum(seconds > 0 for _, seconds in facts.replicas)
    if facts.shards_free:
        waits = f"{facts.sessions_open} open sessions"
        text = f"{facts.shards_free} shards, {live} sidecars, {waits}"
        yield finding_codes.NO_OWNER, "warning" if live or not facts.sessions_open else "error", text
    if facts.listeners < live:
        yield finding_codes.NOT_LISTENING, "warning", f"{live} sidecars, {facts.listeners} listeners"


def _sessions(facts: HealthFacts) -> Judged:
    for code, held in (
        (finding_codes.STUCK, facts.stuck),
        (finding_codes.PARKED, facts.parked),
        (finding_codes.DAMAGED, facts.damaged),
        (finding_codes.UNHOSTABLE, facts.unhostable),
        (finding_codes.OUTBOX_WAITS, facts.outbox),
        (finding_codes.OUTBOX_CLASH, facts.clashes),
    ):
        if held.count:
            yield code, "warning", _counted(held)
    for one in facts.crowded:
        text = f"{one.peer} has {one.waiting} messages waiting here"
        text += f", {one.unread} of which no program could read" if one.unread else ""
        text += ", as many sessions open as it may begin" if one.sessions else ""
        yield finding_codes.CROWDED, "warning", text + (", and aborts without end" if one.undoing else "")
    for version in facts.versions:
        if version.problem:
            what = f"version {version.fingerprint[:12]} of {version.choreography}"
            text = f"{version.sessions} sessions began with {what}; {version.problem}"
            yield finding_codes.VERSION_LOST, "warning", text
    if facts.forgotten and facts.forgotten_s > limits.forget_warning_s:
        text = f"{facts.forgotten} sessions, the oldest for {_ago(facts.forgotten_s)}"
        yield finding_codes.NOT_FORGOTTEN, "warning", text


def _tables(facts: HealthFacts) -> Judged:
    for table in facts.tables:
        if table.dead > max(limits.dead_rows_max, limits.dead_share * table.live):
            megabytes = table.total_bytes / 1_000_000
            text = f"{table.name}: {table.dead} dead rows beside {table.live}, {megabytes:.0f} MB"
            yield finding_codes.DEAD_ROWS, "warning", text


def _counted(held: CountedSessions) -> str:
    lines = [
        f"{session} at {role}, {_ago(seconds)}{f': {words}' if words else ''}"
        for session, role, seconds, words in held.oldest
    ]
    return f"{held.count}; the oldest: {'; '.join(lines)}"


def _ago(seconds: float) -> str:
    for unit, name in ((86_400, "days"), (3_600, "hours"), (60, "min")):
        if seconds >= 2 * unit:
            return f"{seconds / unit:.0f} {name}"
    return f"{seconds:.0f} s"
