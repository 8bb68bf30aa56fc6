"""What `accompanist check` and `accompanist project` say, as text for people and as data for machines."""

from __future__ import annotations

from typing import Any

from accompanist.errors import AuthorError
from accompanist.language.compile import Compiled
from accompanist.language.diagnostic import render
from accompanist.language.load import UNLOADABLE
from accompanist.language.program import Choreography


def check_report(result: Compiled) -> tuple[str, dict[str, Any], int]:
    """Text, JSON form and exit code of `accompanist check FILE`."""
    data: dict[str, Any] = {
        "file": result.file,
        "ok": result.ok,
        "choreographies": [_facts(choreography) for choreography in result.choreographies],
        "diagnostics": [found.as_json() for found in result.diagnostics],
    }
    if result.ok:
        return "\n".join(_lines(choreography) for choreography in result.choreographies), data, 0
    count = len(result.diagnostics)
    found = "\n\n".join(render(one) for one in result.diagnostics)
    return f"{found}\n\n{result.file}: {count} error{'s' if count > 1 else ''}", data, 1


def project_report(choreography: Choreography, role: str) -> tuple[str, dict[str, Any]]:
    """Text and JSON form of `accompanist project FILE --role ROLE`. Raises AuthorError for an unknown role."""
    projection = choreography.projections.get(role)
    if projection is None:
        known = ", ".join(choreography.roles)
        raise AuthorError(UNLOADABLE, f"{choreography.name} has no role {role}", f"one of {known}")
    head = f"# {role} in {choreography.name} ({choreography.file}), fingerprint {choreography.fingerprint}"
    data = {
        "choreography": choreography.name,
        "file": choreography.file,
        "role": role,
        "fingerprint": choreography.fingerprint,
        "digest": projection.digest,
        "source": projection.source,
        "lines": list(projection.lines),
        "sends_to": sorted(projection.sends_to),
        "receives_from": sorted(projection.receives_from),
        "sites_after_commit": sorted(projection.sites_after_commit, key=int),
    }
    return f"{head}\n{projection.source.rstrip()}", data


def _lines(choreography: Choreography) -> str:
    commit = f"{choreography.commit_role} commits" if choreography.commit_role else "everything can be undone"
    lines = [
        f"{choreography.name} ok, fingerprint {choreography.fingerprint}",
        f"  roles {', '.join(choreography.roles)}; {choreography.initiator} starts it; {commit}",
    ]
    lines += [f"  {notice.text}" for notice in choreography.notices]
    return "\n".join(lines)


def _facts(choreography: Choreography) -> dict[str, Any]:
    return {
        "name": choreography.name,
        "fingerprint": choreography.fingerprint,
        "roles": list(choreography.roles),
        "initiator": choreography.initiator,
        "parameters": {parameter.name: parameter.type for parameter in choreography.parameters},
        "returns": choreography.returns,
        "result_owners": sorted(choreography.result_owners),
        "commit_role": choreography.commit_role,
        "selections": [
            {
                "site": notice.site,
                "line": notice.line,
                "guard": notice.guard,
                "known_to": list(notice.known_to),
                "selector": notice.selector,
                "told": list(notice.told),
                "riding": list(notice.riding),
            }
            for notice in choreography.notices
        ],
    }
