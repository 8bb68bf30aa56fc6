"""How a start inside a transaction is typed: its arguments are those of the choreography that is given to it.

The overloads are those of `client.typed`, for the same reason: one for each number of roles up to eight. What is
answered is typed by the connection: a value, or one to be awaited.

Not promised: what a choreography with more than eight roles, or with roles behind other parameters, takes. It is
started all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar, TypeVarTuple, overload
from uuid import UUID

from accompanist.client.choreographies import asked
from accompanist.enlist import calls
from accompanist.language.words import Role

S = TypeVar("S")
T = TypeVar("T")
Ts = TypeVarTuple("Ts")
A = TypeVar("A", bound=Role)
B = TypeVar("B", bound=Role)
C = TypeVar("C", bound=Role)
D = TypeVar("D", bound=Role)
E = TypeVar("E", bound=Role)
F = TypeVar("F", bound=Role)
G = TypeVar("G", bound=Role)
H = TypeVar("H", bound=Role)


class Enlisted(Generic[S, T]):
    """A service's log, enlisted in a transaction. `ask` runs a call over its connection; S is what it answers to a
    start: a session's id, or one to be awaited. T is the same for an event: whether it is new."""

    def __init__(self, schema: str, ask: Callable[[calls.FunctionCall], Any]) -> None:
        self._schema = schema
        self._ask = ask

    @overload
    def start(
        self,
        choreography: Callable[[A, B, C, D, E, F, G, H, *Ts], object],
        /,
        *arguments: *Ts,
        key: str | None = None,
        deadline_s: float | None = None,
        attributes: Mapping[str, str] = {},
    ) -> S: ...

    @overload
    def start(
        self,
        choreography: Callable[[A, B, C, D, E, F, G, *Ts], object],
        /,
        *arguments: *Ts,
        key: str | None = None,
        deadline_s: float | None = None,
        attributes: Mapping[str, str] = {},
    ) -> S: ...

    @overload
    def start(
        self,
        choreography: Callable[[A, B, C, D, E, F, *Ts], object],
        /,
        *arguments: *Ts,
        key: str | None = None,
        deadline_s: float | None = None,
        attributes: Mapping[str, str] = {},
    ) -> S: ...

    @overload
    def start(
        self,
        choreography: Callable[[A, B, C, D, E, *Ts], object],
        /,
        *arguments: *Ts,
        key: str | None = None,
        deadline_s: float | None = None,
        attributes: Mapping[str, str] = {},
    ) -> S: ...

    @overload
    def start(
        self,
        choreography: Callable[[A, B, C, D, *Ts], object],
        /,
        *arguments: *Ts,
        key: str | None = None,
        deadline_s: float | None = None,
        attributes: Mapping[str, str] = {},
    ) -> S: ...

    @overload
    def start(
        self,
        choreography: Callable[[A, B, C, *Ts], object],
        /,
        *arguments: *Ts,
        key: str | None = None,
        deadline_s: float | None = None,
        attributes: Mapping[str, str] = {},
    ) -> S: ...

    @overload
    def start(
        self,
        choreography: Callable[[A, B, *Ts], object],
        /,
        *arguments: *Ts,
        key: str | None = None,
        deadline_s: float | None = None,
        attributes: Mapping[str, str] = {},
    ) -> S: ...

    @overload
    def start(
        self,
        choreography: Callable[[A, *Ts], object],
        /,
        *arguments: *Ts,
        key: str | None = None,
        deadline_s: float | None = None,
        attributes: Mapping[str, str] = {},
    ) -> S: ...

    @overload
    def start(
        self,
        choreography: Callable[..., object] | str,
        /,
        *arguments: Any,
        named: Mapping[str, Any],
        key: str | None = None,
        deadline_s: float | None = None,
        attributes: Mapping[str, str] = {},
    ) -> S: ...
    def start(  # type: ignore[misc]  # mypy does not see that *Any takes *Ts
        self,
        choreography: Any,
        /,
        *arguments: Any,
        named: Mapping[str, Any] = {},
        key: str | None = None,
        deadline_s: float | None = None,
        attributes: Mapping[str, str] = {},
    ) -> Any:
        """Start a saga when the transaction commits; its session's id. Under a `key`, a repeated start is the same
        session, and another request an error. `named`: arguments by name; a choreography that is given by its name
        takes all of them so. After `deadline_s` the saga is undone, unless it has come to its commit point.
        `attributes`: found by `Client.list`. Raises AuthorError, EncodeError, Refused, ValueError."""
        wanted = asked(choreography, arguments, named)
        return self._ask(calls.start(self._schema, wanted, key, deadline_s, attributes))

    def signal(self, session: UUID, role: str, name: str, value: object) -> T:
        """Tell a role of this service an event when the transaction commits; whether it is new. The first value of an
        event counts. Raises EncodeError, Refused, ValueError."""
        told: T = self._ask(calls.signal(self._schema, session, role, name, value))
        return told
