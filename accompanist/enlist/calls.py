"""The statements that call the log's functions for applications, and what their errors say.

Each parameter is sent as text and cast in the statement, so it does not matter which adapters a connection has. The
answer is text, too.

Not promised: that an error without a code of ours is told apart. It is the driver's own, and is not touched.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec

from accompanist.client.answers import Refused
from accompanist.client.choreographies import Asked, encoded
from accompanist.log import names

_OURS = re.compile(r"AC(\d{3})\Z")
_SAID = re.compile(r"ACC\d{3}: (?P<text>.*)")


@dataclass(frozen=True)
class SqlParameter:
    """A parameter of a function: its name, the type it is cast to in SQL, and its value as text."""

    name: str
    type: str
    value: str | None


@dataclass(frozen=True)
class FunctionCall:
    """A call of a function of the log in `schema`. `read` makes its answer of the text."""

    schema: str
    function: str
    parameters: tuple[SqlParameter, ...]
    read: Callable[[str], Any]

    def statement(self, placeholder: Callable[[int, str], str]) -> str:
        """The statement. `placeholder` writes one for a parameter, by its number, from 1 on, and its name."""
        given = (
            f"{one.name} => CAST(CAST({placeholder(at, one.name)} AS text) AS {one.type})"
            for at, one in enumerate(self.parameters, 1)
        )
        return f"SELECT CAST({self.schema}.{self.function}({', '.join(given)}) AS text)"

    @property
    def values(self) -> list[str | None]:
        return [one.value for one in self.parameters]

    @property
    def named(self) -> dict[str, str | None]:
        return {one.name: one.value for one in self.parameters}


def start(
    schema: str, asked: Asked[Any], key: str | None, deadline_s: float | None, attributes: Mapping[str, str]
) -> FunctionCall:
    """The call that starts a session. Raises ValueError for a schema that is no name."""
    parameters = (
        SqlParameter("choreography", "text", asked.choreography),
        SqlParameter("arguments", "jsonb", _json(asked.arguments)),
        SqlParameter("key", "text", key),
        SqlParameter("deadline_ms", "bigint", None if deadline_s is None else str(round(deadline_s * 1000))),
        SqlParameter("attributes", "jsonb", _json(attributes)),
    )
    return FunctionCall(names.identifier(schema), "start", parameters, UUID)


def signal(schema: str, session: UUID, role: str, name: str, value: Any) -> FunctionCall:
    """The call that tells an event. Raises EncodeError, and ValueError for a schema that is no name."""
    parameters = (
        SqlParameter("session", "uuid", str(session)),
        SqlParameter("role", "text", role),
        SqlParameter("name", "text", name),
        SqlParameter("value", "jsonb", bytes(encoded(value)).decode()),
    )
    return FunctionCall(names.identifier(schema), "signal", parameters, "true".__eq__)


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


@contextmanager
def refusals() -> Iterator[None]:
    """Raise what a function of the log refused as Refused, with its code; the driver's error is its cause."""
    try:
        yield
    except Exception as problem:
        found = _refused(problem)
        if found is None:
            raise
        raise found from problem


def _refused(problem: BaseException) -> Refused | None:
    """What is refused in a driver's error, or in one that an ORM has put around it."""
    around = (problem, getattr(problem, "orig", None), problem.__cause__)
    for one in (*around, *(getattr(inner, "__cause__", None) for inner in around)):
        state = getattr(one, "sqlstate", None) or getattr(one, "pgcode", None)
        code = _OURS.match(state) if isinstance(state, str) else None
        if code is not None:
            said = _SAID.search(str(one))
            return Refused({"code": f"ACC{code[1]}", "text": said["text"] if said else "", "title": "refused in SQL"})
    return None
