"""How `start` is typed: the arguments and the result are those of the choreography that is given to it.

A choreography has its roles before its other parameters. There is an overload for each number of roles up to eight,
the largest first, since a type checker takes the first that fits. One with more roles, or with roles behind other
parameters, is not typed; it is started all the same. The eight differ in nothing else: Python has no type for "all
parameters but those of one class".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar, TypeVarTuple, overload

from accompanist.client.choreographies import Asked, asked
from accompanist.client.operations import Begin
from accompanist.language.words import Role

if TYPE_CHECKING:
    from accompanist.client.asynchronous import SessionHandle
    from accompanist.client.synchronous import SyncSessionHandle

R = TypeVar("R")
Ts = TypeVarTuple("Ts")
A = TypeVar("A", bound=Role)
B = TypeVar("B", bound=Role)
C = TypeVar("C", bound=Role)
D = TypeVar("D", bound=Role)
E = TypeVar("E", bound=Role)
F = TypeVar("F", bound=Role)
G = TypeVar("G", bound=Role)
H = TypeVar("H", bound=Role)


class Starts:
    """`start`, awaited."""

    @overload
    async def start(
        self,
        choreography: Callable[[A, B, C, D, E, F, G, H, *Ts], R],
        /,
        *arguments: *Ts,
        key: str | None = None,
        role: str | None = None,
        deadline_s: float | None = None,
        attributes: Mapping[str, str] = {},
        volatile: bool = False,
    ) -> SessionHandle[R]: ...

    @overload
    async def start(
        self,
        choreography: Callable[[A, B, C, D, E, F, G, *Ts], R],
        /,
        *arguments: *Ts,
        key: str | None = None,
        role: str | None = None,
        deadline_s: float | None = None,
        attributes: Mapping[str, str] = {},
        volatile: bool = False,
    ) -> SessionHandle[R]: ...

    @overload
    async def start(
        self,
        choreography: Callable[[A, B, C, D, E, F, *Ts], R],
        /,
        *arguments: *Ts,
        key: str | None = None,
        role: str | None = None,
        deadline_s: float | None = None,
        attributes: Mapping[str, str] = {},
        volatile: bool = False,
    ) -> SessionHandle[R]: ...

    @overload
    async def start(
        self,
        choreography: Callable[[A, B, C, D, E, *Ts], R],
        /,
        *arguments: *Ts,
        key: str | None = None,
        role: str | None = None,
        deadline_s: float | None = None,
        attributes: Mapping[str, str] = {},
        volatile: bool = False,
    ) -> SessionHandle[R]: ...

    @overload
    async def start(
        self,
        choreography: Callable[[A, B, C, D, *Ts], R],
        /,
        *arguments: *Ts,
        key: str | None = None,
        role: str | None = None,
        deadline_s: float | None = None,
        attributes: Mapping[str, str] = {},
        volatile: bool = False,
    ) -> SessionHandle[R]: ...

    @overload
    async def start(
        self,
        choreography: Callable[[A, B, C, *Ts], R],
        /,
        *arguments: *Ts,
        key: str | None = None,
        role: str | None = None,
        deadline_s: float | None = None,
        attributes: Mapping[str, str] = {},
        volatile: bool = False,
    ) -> SessionHandle[R]: ...

    @overload
    async def start(
        self,
        choreography: Callable[[A, B, *Ts], R],
        /,
        *arguments: *Ts,
        key: str | None = None,
        role: str | None = None,
        deadline_s: float | None = None,
        attributes: Mapping[str, str] = {},
        volatile: bool = False,
    ) -> SessionHandle[R]: ...

    @overload
    async def start(
        self,
        choreography: Callable[[A, *Ts], R],
        /,
        *arguments: *Ts,
        key: str | None = None,
        role: str | None = None,
        deadline_s: float | None = None,
        attributes: Mapping[str, str] = {},
        volatile: bool = False,
    ) -> SessionHandle[R]: ...

    @overload
    async def start(
        self,
        choreography: str,
        /,
        *,
        named: Mapping[str, Any],
        key: str | None = None,
        role: str | None = None,
        deadline_s: float | None = None,
        attributes: Mapping[str, str] = {},
        volatile: bool = False,
    ) -> SessionHandle[Any]: ...

    @overload
    async def start(
        self,
        choreography: Callable[..., R],
        /,
        *arguments: Any,
        named: Mapping[str, Any],
        key: str | None = None,
        role: str | None = None,
        deadline_s: float | None = None,
        attributes: Mapping[str, str] = {},
        volatile: bool = False,
    ) -> SessionHandle[R]: ...
    async def start(  # type: ignore[misc]  # mypy does not see that *Any takes *Ts
        self,
        choreography: Any,
        /,
        *arguments: Any,
        named: Mapping[str, Any] = {},
        key: str | None = None,
        role: str | None = None,
        deadline_s: float | None = None,
        attributes: Mapping[str, str] = {},
        volatile: bool = False,
    ) -> Any:
        """Start a saga, and return its session once the start is on disk. Under a `key`, a repeated start is the same
        session, and another request an error. `named`: arguments by name; a choreography that is given by its name
        takes all of them so. `role`: where the service plays several that may start it. After `deadline_s` the saga is
        undone, unless it has come to its commit point. `attributes`: found by `list`. `volatile`: kept in memory only
        (docs/volatile.md); such a start has no key, so it is never sent again. Raises AuthorError, Refused,
        Unreachable."""
        return await self._begin(
            asked(choreography, arguments, named), Begin(key, role, deadline_s, attributes, volatile)
        )

    async def _begin(
        self,
        wanted: Asked[R],
        begin: Begin,
    ) -> SessionHandle[R]:
        raise NotImplementedError


class SyncStarts:
    """`start`, without waiting for anything but the answer."""

    @overload
    def start(
        self,
        choreography: Callable[[A, B, C, D, E, F, G, H, *Ts], R],
        /,
        *arguments: *Ts,
        key: str | None = None,
        role: str | None = None,
        deadline_s: float | None = None,
        attributes: Mapping[str, str] = {},
        volatile: bool = False,
    ) -> SyncSessionHandle[R]: ...

    @overload
    def start(
        self,
        choreography: Callable[[A, B, C, D, E, F, G, *Ts], R],
        /,
        *arguments: *Ts,
        key: str | None = None,
        role: str | None = None,
        deadline_s: float | None = None,
        attributes: Mapping[str, str] = {},
        volatile: bool = False,
    ) -> SyncSessionHandle[R]: ...

    @overload
    def start(
        self,
        choreography: Callable[[A, B, C, D, E, F, *Ts], R],
        /,
        *arguments: *Ts,
        key: str | None = None,
        role: str | None = None,
        deadline_s: float | None = None,
        attributes: Mapping[str, str] = {},
        volatile: bool = False,
    ) -> SyncSessionHandle[R]: ...

    @overload
    def start(
        self,
        choreography: Callable[[A, B, C, D, E, *Ts], R],
        /,
        *arguments: *Ts,
        key: str | None = None,
        role: str | None = None,
        deadline_s: float | None = None,
        attributes: Mapping[str, str] = {},
        volatile: bool = False,
    ) -> SyncSessionHandle[R]: ...

    @overload
    def start(
        self,
        choreography: Callable[[A, B, C, D, *Ts], R],
        /,
        *arguments: *Ts,
        key: str | None = None,
        role: str | None = None,
        deadline_s: float | None = None,
        attributes: Mapping[str, str] = {},
        volatile: bool = False,
    ) -> SyncSessionHandle[R]: ...

    @overload
    def start(
        self,
        choreography: Callable[[A, B, C, *Ts], R],
        /,
        *arguments: *Ts,
        key: str | None = None,
        role: str | None = None,
        deadline_s: float | None = None,
        attributes: Mapping[str, str] = {},
        volatile: bool = False,
    ) -> SyncSessionHandle[R]: ...

    @overload
    def start(
        self,
        choreography: Callable[[A, B, *Ts], R],
        /,
        *arguments: *Ts,
        key: str | None = None,
        role: str | None = None,
        deadline_s: float | None = None,
        attributes: Mapping[str, str] = {},
        volatile: bool = False,
    ) -> SyncSessionHandle[R]: ...

    @overload
    def start(
        self,
        choreography: Callable[[A, *Ts], R],
        /,
        *arguments: *Ts,
        key: str | None = None,
        role: str | None = None,
        deadline_s: float | None = None,
        attributes: Mapping[str, str] = {},
        volatile: bool = False,
    ) -> SyncSessionHandle[R]: ...

    @overload
    def start(
        self,
        choreography: str,
        /,
        *,
        named: Mapping[str, Any],
        key: str | None = None,
        role: str | None = None,
        deadline_s: float | None = None,
        attributes: Mapping[str, str] = {},
        volatile: bool = False,
    ) -> SyncSessionHandle[Any]: ...

    @overload
    def start(
        self,
        choreography: Callable[..., R],
        /,
        *arguments: Any,
        named: Mapping[str, Any],
        key: str | None = None,
        role: str | None = None,
        deadline_s: float | None = None,
        attributes: Mapping[str, str] = {},
        volatile: bool = False,
    ) -> SyncSessionHandle[R]: ...
    def start(  # type: ignore[misc]  # mypy does not see that *Any takes *Ts
        self,
        choreography: Any,
        /,
        *arguments: Any,
        named: Mapping[str, Any] = {},
        key: str | None = None,
        role: str | None = None,
        deadline_s: float | None = None,
        attributes: Mapping[str, str] = {},
        volatile: bool = False,
    ) -> Any:
        """Start a saga, and return its session once the start is on disk. Under a `key`, a repeated start is the same
        session, and another request an error. `named`: arguments by name; a choreography that is given by its name
        takes all of them so. `role`: where the service plays several that may start it. After `deadline_s` the saga is
        undone, unless it has come to its commit point. `attributes`: found by `list`. `volatile`: kept in memory only
        (docs/volatile.md); such a start has no key, so it is never sent again. Raises AuthorError, Refused,
        Unreachable."""
        begin = Begin(key, role, deadline_s, attributes, volatile)
        return self._begin(asked(choreography, arguments, named), begin)

    def _begin(
        self,
        wanted: Asked[R],
        begin: Begin,
    ) -> SyncSessionHandle[R]:
        raise NotImplementedError
