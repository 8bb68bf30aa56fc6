"""Compares a run of a choreography with the direct reading, with the same arguments and the same workers.

If the reading settles, every role that the run reached has settled, with the same result after the same transactions.
If the reading aborts, every role has ended, and everything that was executed is undone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from accompanist.language import direct, waits
from accompanist.language.program.program import Choreography
from accompanist.language.values import codec
from accompanist.runtime.ports import Phase, ResultKind, ResultRow, SessionRow
from accompanist.sidecar.calls import sidecar_reads
from accompanist.simulation.worker import FencedWorker

Table = Mapping[str, Callable[..., Any]]
"""What the workers of a program answer, as its WORKERS says it."""


def read_like(
    choreography: Choreography, arguments: Mapping[str, Any], table: Table, results: Iterable[ResultRow]
) -> direct.Direct:
    """The reading for which clock and chance answer, and races end, as they did in the run that has these results."""
    plain = direct.workers(table)
    known = {(result.role, result.site): result for result in results if result.kind is ResultKind.FORWARD}

    def ask(role: str, site: str, operation: str, given: direct.DirectArguments) -> tuple[str, Any]:
        result = known.get((role, site))
        lost = waits.event_in(operation) is not None and result is not None and result.outcome != "replied"
        if result is not None and (lost or operation in sidecar_reads.READS):
            return result.outcome, codec.decode(result.value, Any)
        return plain(role, site, operation, given)

    return direct.run(choreography, arguments, ask)


def judge(
    choreography: Choreography,
    read: direct.Direct,
    rows: Mapping[str, SessionRow],
    workers: Mapping[str, FencedWorker],
    about: object,
) -> None:
    """Hold a run that is over, its rows and its workers by role, to the reading. `about` says which run it is."""
    phases = {role: row.phase for role, row in rows.items()}
    assert set(phases.values()) == {Phase.ENDED if read.aborted else Phase.SETTLED}, (about, phases)
    if read.aborted:
        for worker in workers.values():
            assert Counter(worker.undone) == Counter(entry.site for entry in worker.executed), about
        assert rows[str(choreography.initiator)].reason == read.reason, about
        return
    assert _executed(workers) == _transactions(choreography, read), about
    assert not any(worker.undone for worker in workers.values()), about
    for role in choreography.result_owners & rows.keys():
        assert rows[role].result == codec.encode(read.result), about


def _transactions(choreography: Choreography, read: direct.Direct) -> Counter[tuple[str, str, str, bytes]]:
    """What the direct reading executed, as a ledger would have it."""
    return Counter(
        (call.role, call.site, call.operation, call.arguments.sent)
        for call in read.calls
        if call.outcome == "replied"
        and choreography.projections[call.role].operations[call.operation].kind == "transaction"
    )


def _executed(workers: Mapping[str, FencedWorker]) -> Counter[tuple[str, str, str, bytes]]:
    return Counter(
        (role, entry.site, entry.operation, entry.arguments)
        for role, worker in workers.items()
        for entry in worker.executed
    )
