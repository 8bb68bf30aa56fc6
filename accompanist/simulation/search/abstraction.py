"""What the proved protocol (docs/proofs/Saga.v) sees of a state of the search, and whether each step is one of its.

An `AbstractRole` is read off what is durable at a role: its row, its inbox, its results and its worker's fence. What is
volatile, and what only the log's form is, it does not see; so a crash, a repeated message or an answer that is heard is
no step there. A pair of states that was judged once is not judged again.

Not promised: anything where a role lies, for the proof has no lies.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence

from accompanist.language.program.program import Operation, RoleProgram
from accompanist.runtime.beginning import PROGRAMS, owner_of_saga
from accompanist.runtime.messages import Kind
from accompanist.runtime.ports import Phase
from accompanist.simulation.search.abstract_state import AbstractPhase, AbstractRole, AbstractState, Effect, SagaShape
from accompanist.simulation.search.properties import Broken, Property
from accompanist.simulation.search.refinement import NoRule, path
from accompanist.simulation.search.role import RoleSystem
from accompanist.simulation.search.state import Post


def saga_of(programs: Mapping[str, RoleProgram]) -> SagaShape:
    """What the rules know of a choreography."""
    choreography = next(iter(programs.values())).choreography
    owner = owner_of_saga(choreography)
    assert choreography.initiator is not None and owner is not None
    sends = {role: frozenset(program.projection.sends_to) for role, program in programs.items()}
    doors = frozenset(role for role, program in programs.items() if program.projection.transacts)
    return SagaShape(choreography.initiator, owner, sends, doors)


def effect(site: str, operation: Operation) -> Effect:
    """A transaction, as the rules see it."""
    return Effect(site, operation.pivot, operation.compensation is None)


def standing(role: RoleSystem, at: int, program: RoleProgram, post: Post) -> AbstractRole:
    """Where a role stands in one of its states."""
    state, row, operations = role.state(at), role.row(at), program.projection.operations
    messages = [post.messages[number] for number in state.inbox]
    kinds = {message.kind for message in messages}
    begun = kinds & PROGRAMS or state.ever is not None
    unwritten = AbstractPhase.RUNNING if begun else AbstractPhase.IDLE
    executed = tuple(effect(entry.site, operations[entry.operation]) for entry in state.fence.executed)
    recorded = any(
        result.outcome == "replied" and result.operation in operations and operations[result.operation].recorded
        for result in state.results
    )
    asked = any(one.kind is Kind.CANCEL and one.sender == one.header.initiator != role.name for one in messages)
    if role.early and not begun and not asked and row is not None and row.phase is Phase.RUNNING:
        row = None  # it began with an abort: it is on its way from idle to undoing, and why is in its inbox
    return AbstractRole(
        phase=AbstractPhase(row.phase.value) if row is not None else unwritten,
        vote=row.vote if row is not None else None,
        contacts=frozenset(row.contacts if row is not None else ()) | (state.ever or frozenset()),
        shut=state.fence.closed,
        executed=(*executed, *(one for one in executed if one.site in state.fence.doubled)),
        undone=state.fence.undone,
        told=Kind.ABORT in kinds,
        asked=asked,
        granted=row is not None and row.granted is not None,
        passed=recorded or any(one.pivot for one in executed),
    ).plain()


class Refinement:
    """Judges the steps of one search. States are numbered as the search meets them."""

    def __init__(self, roles: Sequence[RoleSystem], programs: Mapping[str, RoleProgram], post: Post) -> None:
        self._roles, self._programs, self._post = roles, programs, post
        self._saga = saga_of(programs)
        self._standings: dict[tuple[int, int], AbstractRole] = {}
        self._numbers: dict[tuple[AbstractRole, ...], int] = {}
        self._states: list[tuple[AbstractRole, ...]] = []
        self._of = array("q")
        self._judged: set[tuple[int, int]] = set()
        self.steps = 0
        """How many steps of the search were mapped."""
        self.rules: set[str] = set()
        """The rules that they take."""
        self._first = self._number(tuple(AbstractRole() for _ in roles))

    def meet(self, state: Sequence[int]) -> None:
        """Take note of the next state that the search meets."""
        self._of.append(self._number(tuple(self._standing(place, state[place]) for place in range(len(self._roles)))))

    def begins(self, number: int) -> None:
        """Judge a state in which the search begins. Raises Broken."""
        self._judge(self._first, self._of[number])

    def step(self, before: int, after: int) -> None:
        """Judge a step from one state to another. Raises Broken."""
        self.steps += 1
        pair = self._of[before], self._of[after]
        if pair[0] != pair[1] and pair not in self._judged:
            self._judge(*pair)
            self._judged.add(pair)

    def _judge(self, before: int, after: int) -> None:
        try:
            taken = path(self._saga, self._named(before), self._named(after))
        except NoRule as refused:
            raise Broken(Property.REFINES, str(refused)) from None
        self.rules |= {name for name, _ in taken}

    def _named(self, number: int) -> AbstractState:
        return {role.name: one for role, one in zip(self._roles, self._states[number], strict=True)}

    def _standing(self, place: int, at: int) -> AbstractRole:
        known = self._standings.get((place, at))
        if known is None:
            role = self._roles[place]
            known = self._standings[place, at] = standing(role, at, self._programs[role.name], self._post)
        return known

    def _number(self, standings: tuple[AbstractRole, ...]) -> int:
        number = self._numbers.setdefault(standings, len(self._states))
        if number == len(self._states):
            self._states.append(standings)
        return number
