"""What `accompanist check` and `accompanist project` say, as text for people and as data for machines.

`check` says by default what everybody needs: accepted or why not, who starts it, who commits, who is told of which
branch, what could be left out. The reasons for what was inserted, and who learns what, are asked for.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from accompanist.errors import AuthorError
from accompanist.language.compile import Compiled
from accompanist.language.program.load import UNLOADABLE
from accompanist.language.program.operations import points
from accompanist.language.program.program import Choreography
from accompanist.language.shown.inserted import remarks
from accompanist.language.shown.learns import learns_json, learns_text
from accompanist.language.text.diagnostic import Diagnostic, render


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """What else than the verdict is wanted: why what was inserted is there, and who learns what."""

    explain: bool = False
    learns: bool = False


VERDICT = ReportOptions()


def check_report(
    result: Compiled, warnings: Sequence[Diagnostic] = (), asked: ReportOptions = VERDICT
) -> tuple[str, dict[str, Any], int]:
    """Text, JSON form and exit code of `accompanist check FILE`. Warnings do not change the exit code."""
    data: dict[str, Any] = {
        "file": result.file,
        "ok": result.ok,
        "choreographies": [_facts(choreography, asked) for choreography in result.choreographies],
        "diagnostics": [found.as_json() for found in result.diagnostics],
        "warnings": [found.as_json() for found in warnings],
    }
    if result.ok:
        shown = [_lines(choreography, asked) for choreography in result.choreographies]
        return "\n\n".join(["\n".join(shown), *(f"warning {render(one)}" for one in warnings)]), data, 0
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
        "sites_after_commit": sorted(sorted(points(projection.sites_after_commit)), key=_in_order),
    }
    return f"{head}\n{projection.source.rstrip()}", data


def _lines(choreography: Choreography, asked: ReportOptions) -> str:
    commit = f"{choreography.commit_role} commits" if choreography.commit_role else "everything can be undone"
    lines = [
        f"{choreography.name} ok, fingerprint {choreography.fingerprint}",
        f"  roles {', '.join(choreography.roles)}; {choreography.initiator} starts it; {commit}",
    ]
    lines += [f"  {notice.text}" for notice in choreography.notices]
    if asked.explain:
        # what stands behind a branch is in both of its sides: it is said once
        lines += ["", *dict.fromkeys(f"  line {one.line}: {one.text}" for one in remarks(choreography))]
    if asked.learns:
        lines += ["", learns_text(choreography)]
    return "\n".join(lines)


def _facts(choreography: Choreography, asked: ReportOptions) -> dict[str, Any]:
    facts: dict[str, Any] = {
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
    if asked.explain:
        facts["remarks"] = [asdict(one) for one in remarks(choreography)]
    if asked.learns:
        facts["learns"] = learns_json(choreography)
    return facts


def _in_order(site: str) -> list[int]:
    """Sites sort by the numbers in them."""
    return [int(number) for number in re.findall(r"\d+", site)]
