"""One role's session core as an automaton: numbered states, with each transition computed once.

A session holds a running generator, which can neither be copied nor compared. So a state is known by its *facts*
(everything the core remembers, the run by how far it has come) and kept as a *recipe*: how it began and the events it
was fed. Two sessions with equal facts are one state; to go on from a state again, it is made anew by its recipe. What
was computed is remembered, so a search that meets a state a thousand times pays for it once.

This rests on the core being deterministic, which is what the runtime promises (replay equivalence). Not promised: that
a core which hides state outside of its `SessionState` is told apart.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from functools import cache
from operator import attrgetter
from types import NoneType
from typing import Any

import msgspec

from accompanist.language.program.program import RoleProgram
from accompanist.runtime.burst import Burst
from accompanist.runtime.compensation_pages import CompensationPages
from accompanist.runtime.events import Arrived, Event
from accompanist.runtime.mailbox import Mailbox
from accompanist.runtime.messages import Message
from accompanist.runtime.ports import Memory, SessionRow
from accompanist.runtime.replay import Run
from accompanist.runtime.session import Session

_sessions_held_max = 5_000
_silent = frozenset({"program", "header", "trace", "role", "is_initiator", "draft"})
"""Attributes that are the same in every state, or that only telemetry or the group commit reads."""
_told = frozenset({"header", "role", "waiting", "context", "retrying"})
"""Columns of a row that are the same in every state, or words for people."""

_row_values = attrgetter(*(name for name in SessionRow.__struct_fields__ if name not in _told))


@dataclass(frozen=True, slots=True)
class Stepped:
    """Where an event leads: the state, and what was decided on the way, in order."""

    to: int
    bursts: tuple[Burst, ...]


class Failure(Exception):
    """The core raised: `problem` is what."""

    def __init__(self, problem: Exception) -> None:
        super().__init__(f"{type(problem).__name__}: {problem}")


class Automaton:
    """The sessions of one role in one saga. States are numbers from 0."""

    def __init__(self, program: RoleProgram, core: type[Session]) -> None:
        self._program, self._core = program, core
        self._numbers: dict[Hashable, int] = {}
        self._recipes: list[Message | Memory | tuple[int, Event]] = []
        self._rows: list[SessionRow] = []
        self._unanswered: list[str | None] = []
        self._stepped: dict[tuple[int, Hashable], Stepped | Failure] = {}
        self._held: dict[int, Session] = {}

    def row(self, state: int) -> SessionRow:
        """What the log may hold of the session in this state."""
        return self._rows[state]

    def unanswered(self, state: int) -> str | None:
        """The site of a call that may have been carried out by an earlier question, which has ended."""
        return self._unanswered[state]

    def begin(self, message: Message) -> int:
        """The session as it is before it hears the message it begins with."""
        return self._number(self._core.begin(self._program, message), message)

    def recover(self, key: Hashable, memory: Memory) -> Stepped:
        """The session as its log gives it back; `key` stands for the memory. Raises Failure."""
        return self._once((-1, key), lambda: self._recover(memory))

    def step(self, state: int, key: Hashable, event: Event) -> Stepped:
        """What follows from an event; `key` stands for the event. Raises Failure."""
        return self._once((state, key), lambda: self._step(state, event))

    def __len__(self) -> int:
        return len(self._rows)

    def _once(self, key: tuple[int, Hashable], compute: Any) -> Stepped:
        known = self._stepped.get(key)
        if known is None:
            try:
                known = compute()
            except Exception as problem:
                known = Failure(problem)
            self._stepped[key] = known
        if isinstance(known, Failure):
            raise known
        return known

    def _recover(self, memory: Memory) -> Stepped:
        session, bursts = self._core.recover(self._program, memory)
        return Stepped(self._number(session, memory), tuple(bursts))

    def _step(self, state: int, event: Event) -> Stepped:
        session = self._made(state)
        burst = session.handle(event)
        return Stepped(self._number(session, (state, event)), (burst,))

    def _number(self, session: Session, recipe: Message | Memory | tuple[int, Event]) -> int:
        key = facts(session)
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self._rows)
            self._recipes.append(recipe)
            self._rows.append(plain(session.durable_row))
            self._unanswered.append(session.unanswered)
        if len(self._held) < _sessions_held_max:
            self._held[number] = session
        return number

    def _made(self, state: int) -> Session:
        """A session in this state that is ours to feed."""
        held = self._held.pop(state, None)
        if held is not None:
            return held
        events: list[Event] = []
        recipe = self._recipes[state]
        while isinstance(recipe, tuple):
            events.append(recipe[1])
            recipe = self._recipes[recipe[0]]
        if isinstance(recipe, Memory):
            session, _ = self._core.recover(self._program, recipe)
        else:
            session = self._core.begin(self._program, recipe)
        for event in reversed(events):
            session.handle(event)
        return session


def plain(row: SessionRow) -> SessionRow:
    """A row without the words for people, which would only tell equal states apart."""
    return msgspec.structs.replace(row, waiting="", context={}) if row.waiting or row.context else row


def row_key(row: SessionRow) -> Hashable:
    """Everything of a row that differs within one session."""
    return _row_values(row)


def facts(session: Session) -> Hashable:
    """Everything a session remembers, as one value."""
    remembered = {**vars(session.state), "spoilt": session.spoilt}
    return tuple((name, _fact(value)) for name, value in sorted(remembered.items()) if name not in _silent)


def _fact(value: Any) -> Hashable:
    if _is_value(value.__class__):
        return value  # type: ignore[no-any-return]
    match value:
        case SessionRow():
            return row_key(value)
        case Mailbox() | CompensationPages():
            return _fact(vars(value))
        case Run():
            return _progress(value)
        case Message():
            return (value.kind, value.site, value.sender, value.payload)
        case dict():
            return frozenset((key, _fact(held)) for key, held in value.items())
        case set() | frozenset():
            return frozenset(value)
        case list() | tuple():
            return tuple(map(_fact, value))
        case Arrived(message=message):
            return _fact(message)
    raise TypeError(f"a session remembers a {type(value).__name__}, which has no value to compare")


@cache
def _is_value(kind: type[Any]) -> bool:
    """Whether a value of this type is kept as it is. Not what is only equal to itself: no two sessions would ever be
    one state. Most are values, so this is asked first, once for a type."""
    known = (SessionRow, Mailbox, CompensationPages, Run, Message, dict, set, frozenset, list, tuple, Arrived)
    by_identity: Any = object.__hash__
    hashed = issubclass(kind, Hashable) and kind.__hash__ is not by_identity
    return kind is NoneType or (hashed and not issubclass(kind, known))


def _progress(run: Run) -> Hashable:
    """How far a run has come. What it has read is in the mailbox and the results; where it stands says the rest."""
    operation = run._operation
    place = None if operation is None else operation.site
    return (place, run._steps, run.ended, run.committed, frozenset(run.contacts), _executed(run.executed))


def _executed(entries: Iterable[Any]) -> Hashable:
    return tuple(entries)
