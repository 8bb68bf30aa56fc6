"""Small sagas, written as the generators that their projections would be, so that the runtime is tested without a
compiler.

    forward  a: do ─> send b ─> ... receive c ─> finish      (finish is the pivot, or there is none)
             b: receive a ─> try_it ─> send c
             c: receive b ─> last ─> send a
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import orjson

from accompanist.language.program.operations import Abort, Branch, Call, Choose, Program, Receive, Send
from accompanist.language.program.program import Choreography, Operation, Parameter, Projection, RoleProgram
from accompanist.runtime.messages import Header, Kind, Message
from accompanist.simulation.worker import FencedWorker, Refusal

HEADER = Header(
    session=UUID("00000000-0000-4000-8000-000000000001"),
    choreography="test",
    fingerprint="f",
    initiator="a",
    bindings={"a": "a", "b": "b", "c": "c"},
    started_at=0.0,
)


def start(value: int = 1) -> Message:
    """The client's start of a saga here."""
    return Message(
        header=HEADER, kind=Kind.START, site="!start", sender="", receiver="a", payload=b'{"value":%d}' % value
    )


def transaction(name: str, compensation: str | None = "", retriable: bool = False) -> list[Operation]:
    """A transaction of one integer, with its compensation `undo_NAME` unless that is None."""
    undo = f"undo_{name}" if compensation == "" else compensation
    forward = Operation(name, "transaction", {"value": "int"}, "int", undo, retriable)
    return [forward, Operation(undo, "compensation", {"value": "int"}, "None")] if undo else [forward]


def saga(
    programs: dict[str, tuple[Callable[..., Program], list[Operation], set[str]]],
    commit_role: str | None,
    after_commit: dict[str, set[str]] | None = None,
) -> dict[str, RoleProgram]:
    """Role programs from (generator function, operations, roles it can send to); the first role is the initiator."""
    initiator = next(iter(programs))
    projections = {
        role: Projection(
            role=role,
            role_class=role.upper(),
            function=function.__name__,
            source="",
            sends_to=frozenset(sends_to),
            receives_from=frozenset(),
            operations={operation.name: operation for operation in operations},
            digest=role,
            sites_after_commit=frozenset((after_commit or {}).get(role, ())),
        )
        for role, (function, operations, sends_to) in programs.items()
    }
    choreography = Choreography(
        name="test",
        file="test.py",
        module="test",
        roles=tuple(programs),
        initiator=initiator,
        parameters=(Parameter("value", "int", frozenset({initiator})),),
        returns="int",
        result_owners=frozenset({initiator}),
        commit_role=commit_role,
        projections=projections,
        fingerprint="f",
    )
    return {
        role: RoleProgram(
            choreography=choreography,
            projection=projections[role],
            function=function,
            parameter_types={"value": int} if role == initiator else {},
            operation_types={},
            result_type=int,
        )
        for role, (function, _, _) in programs.items()
    }


def ring(pivot: bool = True, concurrent_tail: bool = False) -> dict[str, RoleProgram]:
    """The saga of the module's head. With `concurrent_tail`, b goes on with a transaction of its own meanwhile."""

    def a(value: int) -> Program:
        done = yield Call("1", "do", {"value": value}, int)
        yield Send("2", "b", done)
        last = yield Receive("5", "c", int)
        result = yield Call("6", "finish", {"value": last}, int)
        return result

    def b() -> Program:
        got = yield Receive("2", "a", int)
        tried = yield Call("3", "try_it", {"value": got}, int)
        yield Send("4", "c", tried)
        if concurrent_tail:
            yield Call("4b", "tail", {"value": tried}, int)
        return None

    def c() -> Program:
        got = yield Receive("4", "b", int)
        if got < 0:
            yield Abort("4a", "negative")
        last = yield Call("4c", "last", {"value": got}, int)
        yield Send("5", "a", last)
        return None

    finish = transaction("finish", None if pivot else "")
    return saga(
        {
            "a": (a, transaction("do") + finish, {"b"}),
            "b": (b, transaction("try_it") + transaction("tail"), {"c"}),
            "c": (c, transaction("last"), {"a"}),
        },
        commit_role="a" if pivot else None,
    )


def recorded(commits: bool = True) -> dict[str, RoleProgram]:
    """a does something and tells b, b commits the saga by a record, and a does what cannot be undone. Where it does
    not come to the commit point, it is only told so."""

    def a(value: int) -> Program:
        done = yield Call("1", "do", {"value": value}, int)
        yield Send("2", "b", done)
        known = yield Receive("5", "b", int)
        if known:
            known = yield Call("6", "tell", {"value": known}, int)
            yield Send("7", "b", known)
        return known

    def b() -> Program:
        got = yield Receive("2", "a", int)
        tried = yield Call("3", "try_it", {"value": got}, int)
        if commits:
            yield Call("4", "role.commit", {}, type(None))
        yield Send("5", "a", tried if commits else 0)
        if commits:
            yield Receive("7", "a", int)
        return None

    tell = transaction("tell", None, retriable=True)
    record = Operation("role.commit", "commit", {}, "None")
    return saga(
        {"a": (a, transaction("do") + tell, {"b"}), "b": (b, [*transaction("try_it"), record], {"a"})},
        commit_role="b",
        after_commit={"a": {"5", "6", "7"}, "b": {"5", "7"}} if commits else {},
    )


def posted(commits: str = "c") -> dict[str, RoleProgram]:
    """a does something and tells b, which tells c. Where c commits, it ships, else a does when it has heard of c. Then
    d is told, and e by d: both do what is tried until it succeeds. a sends to neither of them."""

    def a(value: int) -> Program:
        done = yield Call("1", "do", {"value": value}, int)
        yield Send("2", "b", done)
        if commits == "a":
            heard = yield Receive("4", "c", int)
            done = yield Call("5", "ship", {"value": heard}, int)
            yield Send("6", "c", done)
        return done

    def b() -> Program:
        got = yield Receive("2", "a", int)
        tried = yield Call("2b", "try_it", {"value": got}, int)
        yield Send("3", "c", tried)
        return None

    def c() -> Program:
        got = yield Receive("3", "b", int)
        if commits == "c":
            got = yield Call("5", "ship", {"value": got}, int)
        else:
            yield Send("4", "a", got)
            got = yield Receive("6", "a", int)
        yield Send("7", "d", got)
        return None

    def d() -> Program:
        got = yield Receive("7", "c", int)
        told = yield Call("8", "tell", {"value": got}, int)
        yield Send("9", "e", told)
        return None

    def e() -> Program:
        got = yield Receive("9", "d", int)
        yield Call("10", "tell", {"value": got}, int)
        return None

    ship, tell = transaction("ship", None), transaction("tell", None, retriable=True)
    return saga(
        {
            "a": (
                a,
                transaction("do") + (ship if commits == "a" else []),
                {"b"} | ({"c"} if commits == "a" else set()),
            ),
            "b": (b, transaction("try_it"), {"c"}),
            "c": (c, ship if commits == "c" else [], {"a", "d"} if commits == "a" else {"d"}),
            "d": (d, tell, {"e"}),
            "e": (e, tell, set()),
        },
        commit_role=commits,
        after_commit={"a": {"6"}, "c": {"6", "7"}, "d": {"7", "8", "9"}, "e": {"9", "10"}},
    )


def delivered() -> dict[str, RoleProgram]:
    """c does something at the word of a, hears of b, and tells a, which ships; then c does what may not fail."""

    def a(value: int) -> Program:
        yield Send("1", "c", value)
        yield Send("2", "b", value)
        heard = yield Receive("4", "c", int)
        done = yield Call("5", "ship", {"value": heard}, int)
        yield Send("6", "c", done)
        return done

    def b() -> Program:
        got = yield Receive("2", "a", int)
        yield Send("3", "c", got)
        return None

    def c() -> Program:
        got = yield Receive("1", "a", int)
        done = yield Call("1b", "last", {"value": got}, int)
        yield Receive("3", "b", int)
        yield Send("4", "a", done)
        shipped = yield Receive("6", "a", int)
        yield Call("7", "tell", {"value": shipped}, int)
        return None

    tell = transaction("tell", None, retriable=True)
    return saga(
        {
            "a": (a, transaction("ship", None), {"b", "c"}),
            "b": (b, [], {"c"}),
            "c": (c, transaction("last") + tell, {"a"}),
        },
        commit_role="a",
        after_commit={"a": {"6"}, "c": {"6", "7"}},
    )


def shipped() -> dict[str, RoleProgram]:
    """a hears of b, and passes the commit point; then c, which b could have sent to, hears of it and does what is tried
    until it succeeds."""

    def a(value: int) -> Program:
        yield Send("1", "b", value)
        heard = yield Receive("2", "b", int)
        done = yield Call("3", "ship", {"value": heard}, int)
        yield Send("4", "c", done)
        return done

    def b() -> Program:
        got = yield Receive("1", "a", int)
        yield Send("2", "a", got)
        return None

    def c() -> Program:
        got = yield Receive("4", "a", int)
        yield Call("5", "tell", {"value": got}, int)
        return None

    return saga(
        {
            "a": (a, transaction("ship", None), {"b", "c"}),
            "b": (b, [], {"a", "c"}),
            "c": (c, transaction("tell", None, retriable=True), set()),
        },
        commit_role="a",
        after_commit={"a": {"4"}, "c": {"4", "5"}},
    )


def relayed() -> dict[str, RoleProgram]:
    """b hears of a, c of b, and a of c, which ships; then b hears of that, and c of b, and does what is tried until it
    succeeds. a never sends to c."""

    def a(value: int) -> Program:
        yield Send("1", "b", value)
        heard = yield Receive("3", "c", int)
        done = yield Call("4", "ship", {"value": heard}, int)
        yield Send("5", "b", done)
        return done

    def b() -> Program:
        got = yield Receive("1", "a", int)
        yield Send("2", "c", got)
        shipped = yield Receive("5", "a", int)
        yield Send("6", "c", shipped)
        return None

    def c() -> Program:
        got = yield Receive("2", "b", int)
        done = yield Call("2b", "last", {"value": got}, int)
        yield Send("3", "a", done)
        shipped = yield Receive("6", "b", int)
        yield Call("7", "tell", {"value": shipped}, int)
        return None

    tell = transaction("tell", None, retriable=True)
    return saga(
        {
            "a": (a, transaction("ship", None), {"b"}),
            "b": (b, [], {"c"}),
            "c": (c, transaction("last") + tell, {"a"}),
        },
        commit_role="a",
        after_commit={"a": {"5"}, "b": {"5", "6"}, "c": {"6", "7"}},
    )


def billed() -> dict[str, RoleProgram]:
    """a does something and tells b; b does what cannot be undone, and then what is tried until it succeeds."""

    def a(value: int) -> Program:
        done = yield Call("1", "do", {"value": value}, int)
        yield Send("2", "b", done)
        return done

    def b() -> Program:
        got = yield Receive("2", "a", int)
        sent = yield Call("3", "ship", {"value": got}, int)
        yield Call("4", "bill", {"value": sent}, int)
        return None

    after = [*transaction("ship", None), *transaction("bill", None, retriable=True)]
    return saga(
        {"a": (a, transaction("do"), {"b"}), "b": (b, after, set())}, commit_role="b", after_commit={"b": {"4"}}
    )


def fork() -> dict[str, RoleProgram]:
    """a chooses; b learns which branch by the selection that rides on its data, c by a label alone. Nothing is a
    pivot, so that the initiator may be cancelled until all have voted."""

    def a(value: int) -> Program:
        done = yield Call("1", "do", {"value": value}, int)
        if done % 2 == 0:
            yield Choose("2", "b", "even", rides=True, value=done)
            yield Choose("3", "c", "even")
        else:
            yield Choose("2", "b", "odd")
            yield Choose("3", "c", "odd")
        yield Send("4", "c", done)
        return done

    def b() -> Program:
        label, value = yield Branch("2", "a", {"even": int, "odd": None})
        if label == "even":
            yield Call("2a", "try_it", {"value": value}, int)
        return None

    def c() -> Program:
        yield Branch("3", "a", {"even": None, "odd": None})
        got = yield Receive("4", "a", int)
        yield Call("5", "last", {"value": got}, int)
        return None

    return saga(
        {
            "a": (a, transaction("do"), {"b", "c"}),
            "b": (b, transaction("try_it"), set()),
            "c": (c, transaction("last"), set()),
        },
        commit_role=None,
    )


def waiting() -> dict[str, RoleProgram]:
    """a sleeps and asks b, which waits for an event against time, and then for it again; c waits for it alone."""

    def a(value: int) -> Program:
        yield Call("1", "role.sleep", {"seconds": value}, None)
        done = yield Call("2", "do", {"value": value}, int)
        yield Send("3", "b", done)
        late = yield Receive("7", "c", int)
        result = yield Call("8", "finish", {"value": late}, int)
        return result

    def b() -> Program:
        got = yield Receive("3", "a", int)
        raced = yield Call("4", "role.timeout.paid", {"seconds": 60}, int, True)
        tried = yield Call("5", "try_it", {"value": raced.value if raced.ok else got}, int)
        yield Send("6", "c", tried)
        return None

    def c() -> Program:
        got = yield Receive("6", "b", int)
        seen = yield Call("6a", "role.event.seen", {}, int)
        again = yield Call("6b", "role.event.seen", {}, int)
        assert seen == again
        last = yield Call("6c", "last", {"value": got + seen}, int)
        yield Send("7", "a", last)
        return None

    def waits(name: str, returns: str = "int", **parameters: str) -> list[Operation]:
        return [Operation(name, "query", parameters, returns)]

    slept = waits("role.sleep", "None", seconds="float")
    return saga(
        {
            "a": (a, transaction("do") + transaction("finish", None) + slept, {"b"}),
            "b": (b, transaction("try_it") + waits("role.timeout.paid", seconds="float"), {"c"}),
            "c": (c, transaction("last") + waits("role.event.seen"), {"a"}),
        },
        commit_role="a",
    )


def lone() -> dict[str, RoleProgram]:
    """One role, one transaction."""

    def a(value: int) -> Program:
        result = yield Call("1", "do", {"value": value}, int)
        return result

    return saga({"a": (a, transaction("do"), set())}, commit_role=None)


def workers(
    programs: dict[str, RoleProgram],
    declines: frozenset[str] = frozenset(),
    reply: Callable[[int], int] = lambda n: n + 1,
) -> dict[str, FencedWorker]:
    """Workers that add one, except those operations that decline."""

    def function(name: str) -> Callable[[bytes], bytes]:
        def run(arguments: bytes) -> bytes:
            if name in declines:
                raise Refusal(f"{name} says no")
            return orjson.dumps(reply(_value(arguments)))

        return run

    return {
        role: FencedWorker(
            program.projection.operations, {name: function(name) for name in program.projection.operations}
        )
        for role, program in programs.items()
    }


def _value(arguments: bytes) -> int:
    value: Any = orjson.loads(arguments)["value"]
    assert isinstance(value, int)
    return value
