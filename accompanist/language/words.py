"""The words of the language, typed so that mypy and pyright check the data of a choreography as it stands.

A choreography is read and projected, never executed. So these words do nothing but carry types: `com` and `share` are
the identity, `attempt` wraps a result in an `Outcome`. Called in an ordinary Python run they raise and say what to do
instead; only `@pure` functions and `Outcome` are real.

Not promised: that a type checker sees places. `At[Order, "warehouse"]` is `Order` to it; who owns a value is checked
by `accompanist check`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated as At
from typing import Any, Concatenate, Generic, Literal, NoReturn, ParamSpec, TypeVar, overload
from uuid import UUID

from accompanist.errors import AuthorError, catalogue

__all__ = [
    "At",
    "Outcome",
    "Role",
    "Secret",
    "Transaction",
    "attempt",
    "choreography",
    "com",
    "pure",
    "query",
    "share",
    "transaction",
]

T = TypeVar("T")
P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S")

Secret = At[T, "secret"]
"""A value that does not leave its role: `card: At[Secret[Card], "payment"]`. To a type checker it is a Card."""

EXECUTED = catalogue(
    "ACC190",
    "a choreography is not executed",
    "A choreography is one program for several services. Accompanist reads its source and makes one program for each "
    "role; the function itself never runs, and neither do `com`, `share`, `attempt` or a role's operations.",
    "Start it with `accompanist start NAME --role ROLE --args JSON`, or test it in the simulator.",
)


def _never(what: str) -> NoReturn:
    raise AuthorError(EXECUTED, f"{what} was called as ordinary Python", "use `accompanist start`, or the simulator")


class Role:
    """A participant of a choreography. Its methods are the operations that its worker offers; they have no bodies."""

    def now(self) -> float:
        """The role's clock, in seconds since 1970 (UTC). It is read once and recorded."""
        _never(f"{type(self).__name__}.now")

    def uuid(self) -> UUID:
        """A random UUID. It is drawn once and recorded."""
        _never(f"{type(self).__name__}.uuid")

    def random(self) -> float:
        """A number from 0 up to, not including, 1. It is drawn once and recorded."""
        _never(f"{type(self).__name__}.random")

    def commit(self) -> None:
        """Commit the saga: from here on it only goes forward. It is a record and asks no worker; it never fails.

        Only for a saga without a pivot. What may fail, at any role, comes before it, and what is done after it is
        retriable. Where it is left out and something retriable cannot be undone, `accompanist check` puts it in.
        """
        _never(f"{type(self).__name__}.commit")

    def sleep(self, seconds: float) -> None:
        """Wait. The time is counted by the log's clock from when the wait is recorded, and survives every restart."""
        _never(f"{type(self).__name__}.sleep")

    def event(self, name: str, type: type[T]) -> T:
        """Wait for a fact that somebody tells this role of this session: `accompanist signal ID --role R NAME JSON`.

        The first that is told counts, also one that was told before it was waited for; read twice, it is the same."""
        _never(f"{self.__class__.__name__}.event")

    def timeout(self, event: T, seconds: float) -> Outcome[T]:
        """Wait for an event of this role, `role.timeout(role.event("paid", Payment), 3600)`, for so many seconds.

        Which of the two came first is recorded. If time did, `ok` is false and `reason` is "timeout"."""
        _never(f"{type(self).__name__}.timeout")

    def abort(self, reason: str) -> NoReturn:
        """Undo the saga: everything that was done, at every role, is compensated."""
        _never(f"{type(self).__name__}.abort")


@dataclass(frozen=True)
class Outcome(Generic[T]):
    """What `attempt` gives: the reply of an operation, or the reason it declined; and `role.timeout`: the event, or the
    reason "timeout".

    Read `value` only where `ok` is true; elsewhere it is None, whatever its type says.
    """

    ok: bool
    value: T
    reason: str = ""


class Transaction(Generic[S, P, R]):
    """An operation with an effect. `@it.compensation` declares what undoes it, with the very same parameters."""

    def __init__(self, operation: Callable[Concatenate[S, P], R], retriable: bool = False) -> None:
        self.operation = operation
        self.retriable = retriable

    def __get__(self, role: object, owner: type[Any]) -> Callable[P, R]:
        return _Unbound(f"{owner.__name__}.{self.operation.__name__}")

    @overload
    def compensation(self, operation: Callable[Concatenate[S, P], None], /) -> Callable[Concatenate[S, P], None]: ...
    @overload
    def compensation(
        self, *, name: str = ..., attempts: int = ..., timeout_s: float = ..., first_s: float = ..., cap_s: float = ...
    ) -> Callable[[Callable[Concatenate[S, P], None]], Callable[Concatenate[S, P], None]]: ...
    def compensation(self, *operation: Any, **asked: float | str) -> Any:
        """Declare what undoes this transaction. It takes the same parameters and returns None. `attempts` of it that
        fail park the session for a person; one that nobody answers is no attempt. The rest as for `transaction`."""
        return operation[0] if operation else lambda undoes: undoes


class _Unbound:
    """What a role's operation is in an ordinary Python run: something that says it cannot be called."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        _never(self.name)


@overload
def transaction(operation: Callable[Concatenate[S, P], R], /) -> Transaction[S, P, R]: ...
@overload
def transaction(
    *,
    retriable: Literal[False] = False,
    name: str = ...,
    attempts: int = ...,
    timeout_s: float = ...,
    first_s: float = ...,
    cap_s: float = ...,
    away_s: float = ...,
) -> Callable[[Callable[Concatenate[S, P], R]], Transaction[S, P, R]]: ...
@overload
def transaction(
    *, retriable: Literal[True], name: str = ..., timeout_s: float = ..., first_s: float = ..., cap_s: float = ...
) -> Callable[[Callable[Concatenate[S, P], R]], Transaction[S, P, R]]: ...
def transaction(
    operation: Callable[..., Any] | None = None, /, *, retriable: bool = False, **asked: float | str
) -> Any:
    """An idempotent operation with an effect. `retriable=True`: it never declines and is tried until it succeeds.

    How it is asked for, all in seconds and all as numbers that are written out: one attempt may take `timeout_s`; after
    one that failed the next waits `first_s`, then twice that, and so on up to `cap_s`; after `attempts` of them, the
    first included, the saga is undone. A worker that is away is no attempt: it is waited for, for `away_s` if that is
    said, else until the saga's deadline. `[service.NAME.retry]` in the configuration stands over it.

    `name`: what the service calls the operation, where that is a word of ours: `@transaction(name="commit")` above
    `def commit_(…)`. A choreography calls `role.commit_(…)`; everybody else knows it as `commit`.
    """
    if operation is not None:
        return Transaction(operation)
    return lambda operation: Transaction(operation, retriable)


@overload
def query(operation: Callable[P, R], /) -> Callable[P, R]: ...
@overload
def query(
    *,
    name: str = ...,
    attempts: int = ...,
    timeout_s: float = ...,
    first_s: float = ...,
    cap_s: float = ...,
    away_s: float = ...,
) -> Callable[[Callable[P, R]], Callable[P, R]]: ...
def query(operation: Callable[..., Any] | None = None, /, **asked: float | str) -> Any:
    """An operation without effect; it may be repeated. How it is asked for is said as for `transaction`."""
    return operation if operation is not None else lambda operation: operation


def pure(function: Callable[P, R]) -> Callable[P, R]:
    """A local function whose result depends on its arguments alone. It runs at every owner of its arguments."""
    return function


def choreography(function: Callable[P, R]) -> Callable[P, R]:
    """A global program over roles. It is read, checked and projected; calling it raises."""

    def refused(*args: P.args, **kwargs: P.kwargs) -> R:
        _never(f"choreography {function.__name__}")

    refused.__name__, refused.__doc__ = function.__name__, function.__doc__
    refused.__wrapped__ = function  # type: ignore[attr-defined]  # a client reads its types from it
    return refused


def com(value: T, *, to: Role) -> T:
    """The value at another role. The sender keeps its own."""
    _never("com")


def share(value: T, *, to: Sequence[Role]) -> T:
    """The value, known from now on to its owners and to more roles. It has to be frozen."""
    _never("share")


def attempt(call: T) -> Outcome[T]:
    """One role call whose refusal is a value instead of the end of the saga; or an expression, `attempt(lines[0])`,
    whose exception is one: `reason` is its name then, "IndexError". It is "EncodeError" where the value cannot be
    sent: `attempt(float("nan"))`."""
    _never("attempt")


def attempted(compute: Callable[[], T]) -> Outcome[T | None]:
    """What `attempt` of an expression is where it runs. What may be otherwise on another day is no value, nor is what
    has no wire form: `float("nan")`."""
    from accompanist.language.values import codec  # whoever imports the words needs no codec

    try:
        value = compute()
        if codec.formless_in(value) is not None:
            return Outcome(False, None, codec.EncodeError.__name__)
    except (MemoryError, RecursionError):
        raise
    except Exception as problem:
        return Outcome(False, None, type(problem).__name__)
    return Outcome(True, value)
