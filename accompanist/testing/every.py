"""Explores every schedule of a test's saga: `Saga.explore`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from accompanist.language.program.program import RoleProgram
from accompanist.simulation.search import diagram
from accompanist.simulation.search.explore import FaultBudget, SearchBounds
from accompanist.simulation.search.verify import Verification, verify
from accompanist.simulation.settling import never_settled
from accompanist.testing.real import Real
from accompanist.testing.script import Script


def explore(
    programs: Mapping[str, RoleProgram],
    workers: Mapping[str, Any],
    arguments: Mapping[str, Any] | None,
    script: Script,
    told: Mapping[tuple[str, str], tuple[float, bytes] | None],
    faults: FaultBudget,
    bounds: SearchBounds,
    settles: bool,
) -> Verification:
    """Search as `Saga.explore` says, and raise AssertionError for what is found."""
    if any(isinstance(given, Real) for given in workers.values()):
        raise ValueError("a real worker cannot be searched: it does not go back; give fakes")
    if script.crashes_due or any(fault.reason is None or fault.at is not None for fault in script.faults):
        raise ValueError("a search tries every crash and every lost answer; leave out crash, fail and decline(at=)")
    reasons: dict[str, dict[str, str]] = {}
    for fault in script.faults:
        role, _, operation = fault.call.partition(".")
        reasons.setdefault(role, {})[operation] = fault.reason or ""
    verdict = verify(
        programs,
        faults,
        bounds,
        fakes=workers or None,
        arguments=[arguments] if arguments is not None else [],
        reasons=reasons,
        told={place: None if one is None else one[1] for place, one in told.items()},
    )
    if verdict.broken is not None:
        report = verdict.broken.report
        drawn = diagram.text(list(programs), report.schedule)
        raise AssertionError(f"{report.broken}\n{drawn}")
    if settles and verdict.complete and not verdict.settled:
        raise AssertionError("\n".join(never_settled(verdict.reasons)))
    return verdict
