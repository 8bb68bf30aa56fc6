"""`accompanist conformance URL`: tests whether a worker, in any language, keeps the worker contract.

The worker serves the role Till (`accompanist conformance --contract` describes it). Its answers are judged, and with
--ledger also its effects, as its operations recorded them.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from accompanist.cli.output import show, table
from accompanist.errors import OperatorError, catalogue
from accompanist.rpc import address
from accompanist.worker.conformance import cases, ledger
from accompanist.worker.conformance.cases import ConformanceCase
from accompanist.worker.conformance.drive import CaseResult, drive
from accompanist.worker.conformance.wire import ConnectionEnded, connection, shut

NOBODY = catalogue(
    "ACC823",
    "no worker to be judged",
    "The suite tests a running worker, but nothing answers at the given address.",
    "Start the worker, and give the address at which it listens: unix:/path, tcp:host:port, http+unix:/path or "
    "http://host:port/path.",
)
NO_CASE = catalogue(
    "ACC824",
    "no such conformance case",
    "No case has this name or matches this pattern; examples are close/late-call and 'close/*'.",
    "Run it without --only to see all names.",
)


@dataclass(frozen=True, slots=True)
class SuiteRequest:
    """What is asked for."""

    url: str
    level: str
    only: str
    ledger: str
    schema: str
    directory: Path | None
    allow_remote: bool


def run(wanted: SuiteRequest, as_json: bool) -> int:
    """Run the suite. Returns 0 if every case of the level has passed, else 1. Raises OperatorError."""
    chosen = _chosen(wanted)
    found = ledger.open_ledger(wanted.ledger, wanted.schema) if wanted.ledger else None
    place = address.parse(address.located(wanted.url, Path.cwd()), allow_remote=wanted.allow_remote)
    verdicts = asyncio.run(_driven(chosen, place, found))
    counts: Counter[str] = Counter(verdict.outcome for verdict in verdicts)
    unjudged = sum(verdict.unjudged for verdict in verdicts)
    data = {
        "url": wanted.url,
        "level": wanted.level,
        "passed": counts["passed"],
        "failed": counts["failed"],
        "skipped": counts["skipped"],
        "effects_not_judged": unjudged,
        "cases": [_data(verdict) for verdict in verdicts],
    }
    show(data, as_json, _text(verdicts, wanted, counts, unjudged))
    return 1 if counts["failed"] else 0


def show_contract(as_json: bool) -> None:
    """Print what a worker has to serve for the suite."""
    text = (cases.shipped().parent / "README.md").read_text(encoding="utf-8")
    show({"contract": text}, as_json, text.rstrip())


def _chosen(wanted: SuiteRequest) -> list[ConformanceCase]:
    known = cases.read_all(wanted.directory or cases.shipped())
    if wanted.only:
        found = [case for case in known if fnmatchcase(case.name, wanted.only)]
        if not found:
            raise OperatorError(NO_CASE, f"no case is called {wanted.only}")
        return found
    return [case for case in known if wanted.level == cases.FENCED or case.level == cases.PLAIN]


async def _driven(
    chosen: list[ConformanceCase], place: address.Address, found: ledger.LedgerSource | None
) -> list[CaseResult]:
    try:
        _, writer = await connection(place)
    except ConnectionEnded as problem:
        raise OperatorError(NOBODY, f"{place.url}: {problem}") from None
    await shut(writer)
    return [await drive(case, place, found) for case in chosen]


def _data(verdict: CaseResult) -> dict[str, Any]:
    case = verdict.case
    return {
        "name": case.name,
        "level": case.level,
        "about": case.about,
        "outcome": verdict.outcome,
        "why": verdict.why,
    }


def _text(verdicts: list[CaseResult], wanted: SuiteRequest, counts: Counter[str], unjudged: int) -> str:
    rows = [(v.case.name, v.case.level, v.outcome if v.outcome != "failed" else "FAILED", v.why) for v in verdicts]
    parts = [table(("case", "level", "outcome", ""), rows)]
    parts += [f"{v.case.name}: {v.case.about}" for v in verdicts if v.outcome == "failed"]
    skipped = f", {counts['skipped']} about another transport" if counts["skipped"] else ""
    parts.append(f"{wanted.url}: {counts['passed']} passed, {counts['failed']} failed{skipped}")
    if unjudged:
        parts.append(f"{unjudged} looks at effects were not taken, for want of --ledger: answers alone were judged.")
    return "\n\n".join(parts)
