"""What `accompanist diff` says, as text for people and as data for machines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from accompanist.language.shown.diff import Change, ChoreographyDiff, Diff, RoleDiff

_VERDICT = {
    "same": "same program: sessions in flight go on",
    "kept": "sessions in flight go on with the old projection, which the log keeps",
    "broken": "SESSIONS IN FLIGHT CANNOT GO ON with the worker that would be deployed",
    "new": "new: no session in flight knows it",
}
_SIGN = {"added": "+", "removed": "-", "changed": "~"}


def diff_report(found: Diff) -> tuple[str, dict[str, Any], int]:
    """Text, JSON form and exit code: 1 if a session in flight could not go on."""
    data = {
        "broken": found.broken,
        "choreographies": [{**asdict(one), "broken": one.broken} for one in found.choreographies],
    }
    text = "\n\n".join("\n".join(_choreography(one)) for one in found.choreographies)
    return text, data, int(found.broken)


def _choreography(found: ChoreographyDiff) -> Iterator[str]:
    old, new = (one[:12] for one in found.fingerprints)
    match found.state:
        case "same":
            yield f"{found.name}: the same, {old}"
            return
        case "added":
            yield f"{found.name}: added, {new}"
            return
        case "removed":
            yield f"{found.name}: removed, was {old}; it cannot be started any more"
        case _:
            yield f"{found.name}: {old} -> {new}"
    for role in found.roles:
        yield from _role(role)


def _role(found: RoleDiff) -> Iterator[str]:
    yield f"  {found.role}: {_VERDICT[found.verdict]}"
    yield from (f"    ! {why}" for why in found.breaks)
    for change in found.changes:
        if change.kind != "renumbered":
            yield f"    {_SIGN[change.kind]} {_change(change)}"
    moved = [
        f"{one.old.site}→{one.new.site}" for one in found.changes if one.kind == "renumbered" and one.old and one.new
    ]
    if moved:
        yield f"    renumbered sites: {', '.join(dict.fromkeys(moved))}"
    if found.verdict in ("kept", "broken") and not (found.changes or found.breaks):
        yield "    its steps are the same; what it computes between them, or a declaration it rests on, has changed"
    if found.workers:
        yield f"    old workers cannot serve it: {'; '.join(found.workers)}"
    elif found.verdict in ("kept", "broken"):
        yield "    old workers can serve the new projection"


def _change(change: Change) -> str:
    match change:
        case Change(old=None, new=new) if new is not None:
            return f"{new.text}  (line {new.line}, site {new.site or 'none'})"
        case Change(old=old, new=None) if old is not None:
            return f"{old.text}  (was line {old.line}, site {old.site or 'none'})"
        case Change(old=old, new=new) if old is not None and new is not None:
            return f"{old.text}  (was line {old.line})  ->  {new.text}  (line {new.line})"
    raise AssertionError("a change has an old step or a new one")
