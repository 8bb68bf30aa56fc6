"""Checks that a settled saga did what its choreography says, by reading the choreography directly.

The direct reading uses neither projections nor messages. It gets the answers that the fences hold. It has to make the
same calls with the same arguments, and to have the same result.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from accompanist.language import direct, waits
from accompanist.language.program.program import RoleProgram
from accompanist.language.values import codec
from accompanist.runtime.answers import Declined, Replied
from accompanist.runtime.burst import CallWorker
from accompanist.runtime.ports import ResultKind
from accompanist.runtime.replay import decode_arguments
from accompanist.simulation.search.fence import ModelWorker
from accompanist.simulation.search.properties import Broken, FinalState, Property


class DirectComparison:
    """Judges the ends of one scenario; an `explore.Judge`."""

    def __init__(
        self, programs: Mapping[str, RoleProgram], workers: Mapping[str, ModelWorker], arguments: bytes
    ) -> None:
        self._programs, self._workers, self._payload = programs, workers, arguments
        self._choreography = next(iter(programs.values())).choreography
        self._judged: set[tuple[Any, ...]] = set()

    def __call__(self, outcome: str, roles: Mapping[str, FinalState]) -> None:
        held = tuple(
            (role, state.fence.records, state.results, state.row and state.row.result) for role, state in roles.items()
        )
        if outcome != "settled" or held in self._judged or not self._choreography.normal:
            return
        self._judged.add(held)
        initiator = self._programs[str(self._choreography.initiator)]
        read = direct.run(self._choreography, decode_arguments(initiator, self._payload), self._asked(roles))
        if read.aborted:
            raise Broken(Property.FAITHFUL, f"it settled, and the choreography aborts: {read.reason}")
        wanted = Counter(
            (call.role, call.site, call.arguments.sent)
            for call in read.calls
            if call.outcome == "replied" and self._operation(call.role, call.operation).kind == "transaction"
        )
        done = Counter(
            (role, entry.site, entry.arguments) for role, state in roles.items() for entry in state.fence.executed
        )
        for role, site, _ in (wanted - done) | (done - wanted):
            raise Broken(Property.FAITHFUL, f"at site {site} of {role} it did not do what the choreography says")
        for role in self._choreography.result_owners:
            row = roles[role].row
            if row is not None and row.result != codec.encode(read.result):
                raise Broken(Property.FAITHFUL, f"the result at {role} is not the choreography's")

    def _asked(self, roles: Mapping[str, FinalState]) -> direct.Ask:
        def ask(role: str, site: str, operation: str, arguments: direct.DirectArguments) -> tuple[str, Any]:
            _, returns = self._programs[role].operation_types[operation]
            if waits.is_wait(operation) or roles[role].plain or _has(roles[role], site):
                return _logged(roles[role], site, returns)
            record = roles[role].fence.record(site, ResultKind.FORWARD)
            if record is None:  # a query leaves no record, and its answer need not have been kept
                call = CallWorker(site, ResultKind.FORWARD, operation, arguments.sent)
                answer, _ = self._workers[role].answers(call, roles[role].fence.memory)[0]
            else:
                answer = record.answer
            if isinstance(answer, Declined):
                return "declined", answer.reason
            if not isinstance(answer, Replied):
                raise Broken(Property.FAITHFUL, f"{operation} at {site} of {role} was never answered")
            return "replied", codec.decode(answer.value, returns)

        return ask

    def _operation(self, role: str, name: str) -> Any:
        return self._programs[role].projection.operations[name]


def _has(role: FinalState, site: str) -> bool:
    """Whether the log has the answer. A query may give another answer when it is asked again."""
    return any(result.site == site for result in role.results)


def _logged(role: FinalState, site: str, returns: Any) -> tuple[str, Any]:
    """The outcome and value in the log of a wait, or of a call to a worker without a fence. Raises Broken if there is
    none."""
    result = next((one for one in role.results if one.site == site), None)
    if result is None:
        raise Broken(Property.FAITHFUL, f"what was waited for at {site} never came, and the saga settled")
    return result.outcome, codec.decode(result.value, returns if result.outcome == "replied" else str)
