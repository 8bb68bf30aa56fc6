"""Checks whether another version of a role's program has the same past as a session.

Both programs are run over what the session knows, and their operations are recorded: every call with its arguments,
every message with its content, every receive. The other version fits if it makes all operations of the first one, in
the same order and with the same content. If a call is open, its next operation must be that call, since the worker may
have executed it. Values of local expressions that were never sent may differ: that is what a new version repairs.

Not promised: anything about other roles. The caller has to check that their programs are the same in both versions.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from accompanist.language.program.operations import Abort, Branch, Call, Choose, Operation, Program, Receive, Send
from accompanist.language.program.program import RoleProgram
from accompanist.language.values import codec
from accompanist.runtime.replay import Diverged, Failed, Run

Step = tuple[str, ...]
Begin = Callable[[RoleProgram], Run]


def differs(begin: Begin, old: RoleProgram, new: RoleProgram) -> str:
    """The first difference between the pasts of `old` and `new`, as text; empty if they are the same. `begin` makes a
    run of a program over what the session knows."""
    was, stood = _passed(begin, old)
    now, stands = _passed(begin, new)
    for number, step in enumerate(was):
        if number >= len(now):
            return f"it stops before {_words(step)}"
        if now[number] != step:
            return f"{_words(step)} comes first; the other version has {_words(now[number])}"
    comes = [*now[len(was) :], *([stands] if stands is not None else [])]
    if stood is not None and stood[0] == "call" and comes[:1] != [stood]:
        return f"{_words(stood)} is open; the other version does not come to it"
    return ""


def _passed(begin: Begin, program: RoleProgram) -> tuple[list[Step], Step | None]:
    """The operations that a run of the program passes, and the one it stands at."""
    passed: list[Step] = []
    at: list[Step | None] = [None]

    def noted(**arguments: Any) -> Program:
        return _noted(program.start(arguments), passed, at)

    with suppress(Failed, Diverged):  # only where it stops matters, not why
        begin(replace(program, function=noted)).advance()
    return passed, at[0]


def _noted(inner: Program, passed: list[Step], at: list[Step | None]) -> Generator[Operation, Any, Any]:
    answer: Any = None
    while True:
        try:
            operation = inner.send(answer)
        except StopIteration as stop:
            at[0] = None
            return stop.value
        except BaseException:
            at[0] = None
            raise
        step = at[0] = _step(operation)
        answer = yield operation
        passed.append(step)


def _step(operation: Operation) -> Step:
    match operation:
        case Call(site=site, operation=name, arguments=arguments, attempt=attempt):
            return ("call", name, site, _content(dict(arguments)), "attempt" if attempt else "")
        case Send(site=site, to=to, value=value):
            return ("send", to, site, _content(value))
        case Choose(site=site, to=to, label=label, rides=rides, value=value):
            return ("choice", to, site, label, _content(value) if rides else "")
        case Receive(site=site, sender=sender):
            return ("receive", sender, site)
        case Branch(site=site, sender=sender):
            return ("branch", sender, site)
        case Abort(site=site):
            return ("abort", "", site)


def _content(value: Mapping[str, Any] | Any) -> str:
    """A digest of a value. A value that cannot be encoded was never sent, so all of those count as the same."""
    try:
        return codec.digest(codec.encode(value)).hex()
    except codec.EncodeError:
        return "cannot be sent"


def _words(step: Step) -> str:
    kind, whom, site = step[:3]
    between = {"call": "", "send": "to ", "choice": "to ", "receive": "from ", "branch": "from "}.get(kind, "")
    return f"{kind} {between}{whom} at {site}".replace("  ", " ")
