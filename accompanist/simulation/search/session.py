"""One role's session core as an automaton: numbered states, with each transition computed once.

A session holds a running generator, which can be neither copied nor compared. So a state is compared by its *facts*:
everything that the core remembers, with the program's progress in place of the generator. And a state is stored as a
*recipe*: how the session began, and the events that it was given. Two sessions with equal facts are one state. To go on
from a state again, its session is built anew from the recipe. Results are cached, so a search that meets a state a
thousand times computes it once.

This is correct because the core is deterministic, as the runtime promises (replay equivalence). Not promised: that
states differ which differ only in data that a core keeps outside of its `SessionState`.
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
"""Columns of a row that are the same in every state, or that are only for people."""

_row_values = attrgetter(*(name for name in SessionRow.__struct_fields__ if name not in _told))


@dataclass(frozen=True, slots=True)
class Stepped:
    """The result of an event: the next state, and the bursts that were decided, in order."""

    to: int
    bursts: tuple[Burst, ...]


class Failure(Exception):
    """The core raised an exception, `problem`."""

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
        """The site of a call that may have been executed by an earlier attempt, which has ended."""
        return self._unanswered[state]

    def begin(self, message: Message) -> int:
        """The state of a session before it hears the message that it begins with."""
        return self._number(self._core.begin(self._program, message), message)

    def recover(self, key: Hashable, memory: Memory) -> Stepped:
        """The state of a session that is recovered from its log. `key` identifies the memory. Raises Failure."""
        return self._once((-1, key), lambda: self._recover(memory))

    def step(self, state: int, key: Hashable, event: Event) -> Stepped:
        """The result of an event. `key` identifies the event. Raises Failure."""
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
        """A session in this state that the caller may change."""
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
    """A row without its texts for people, by which equal states would differ."""
    return msgspec.structs.replace(row, waiting="", context={}) if row.waiting or row.context else row


def row_key(row: SessionRow) -> Hashable:
    """The columns of a row that may differ within one session."""
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
    """Whether a value of this type can stand for itself among the facts. An object that is only equal to itself cannot:
    no two sessions would ever be one state. Cached by type."""
    known = (SessionRow, Mailbox, CompensationPages, Run, Message, dict, set, frozenset, list, tuple, Arrived)
    by_identity: Any = object.__hash__
    hashed = issubclass(kind, Hashable) and kind.__hash__ is not by_identity
    return kind is NoneType or (hashed and not issubclass(kind, known))


def _progress(run: Run) -> Hashable:
    """The progress of a run. What it has read is in the mailbox and the results, so its position is enough."""
    operation = run._operation
    place = None if operation is None else operation.site
    return (place, run._steps, run.ended, run.committed, frozenset(run.contacts), _executed(run.executed))


def _executed(entries: Iterable[Any]) -> Hashable:
    return tuple(entries)
