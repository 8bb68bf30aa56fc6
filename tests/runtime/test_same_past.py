"""Another version of a program has the same past if a session could have reached its present state under it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from accompanist.language.program.operations import Call, Program, Receive, Send
from accompanist.language.program.program import RoleProgram
from accompanist.runtime.mailbox import Mailbox
from accompanist.runtime.messages import Kind, Message
from accompanist.runtime.replay import Run
from accompanist.runtime.same_past import differs
from tests.runtime import sagas

B = sagas.ring()["b"]


def begin(program: RoleProgram) -> Run:
    """A run at b, to which a sent two numbers; its worker has answered nothing yet."""
    mailbox = Mailbox()
    for site in ("2", "2b"):
        mailbox.put(Message(header=sagas.HEADER, kind=Kind.DATA, site=site, sender="a", receiver="b", payload=b"1"))
    return Run(program, sagas.HEADER, mailbox, {}, {})


def old() -> Program:
    got = yield Receive("2", "a", int)
    yield Call("3", "try_it", {"value": got}, int)
    return None


def mended() -> Program:
    got = yield Receive("2", "a", int)
    tried = yield Call("3", "try_it", {"value": got}, int)
    yield Send("4", "c", tried + 1)
    return None


def takes_more_before_it() -> Program:
    got = yield Receive("2", "a", int)
    yield Receive("2b", "a", int)
    yield Call("3", "try_it", {"value": got}, int)
    return None


def asks_something_else() -> Program:
    yield Receive("2", "a", int)
    yield Call("3", "try_it", {"value": 7}, int)
    return None


def takes_less() -> Program:
    yield Call("3", "try_it", {"value": 1}, int)
    return None


@pytest.mark.parametrize(
    ("new", "told"),
    [
        (old, ""),
        (mended, ""),
        (takes_more_before_it, "call try_it at 3 is open; the other version does not come to it"),
        (asks_something_else, "call try_it at 3 is open; the other version does not come to it"),
        (takes_less, "it stops before receive from a at 2"),
    ],
)
def test_what_was_passed_is_passed_and_what_is_open_comes_next(new: Callable[[], Program], told: str) -> None:
    assert differs(begin, replace(B, function=old), replace(B, function=new)) == told
