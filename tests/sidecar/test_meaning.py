"""One answer of a worker, from its fence to the calling session: each border has one table, and these tests walk all of
them.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import accompanist
from accompanist.rpc import envelope
from accompanist.rpc.envelope import RpcError
from accompanist.runtime.answers import Answer, Closed, Declined, Fault, Missing, Replied, RetryLater, Reused
from accompanist.runtime.burst import CallWorker
from accompanist.runtime.events import CallAnswered, Name, Undid
from accompanist.runtime.ports import ResultKind
from accompanist.sidecar.calls.meaning import event_of, trouble
from accompanist.worker import execution

CALL = CallWorker("1", ResultKind.FORWARD, "do", b"{}")
UNDO = CallWorker("1", ResultKind.COMPENSATE, "undo_do", b"{}")


def crossed(status: str, text: str | None) -> Answer:
    """What the sidecar is answered where the worker's fence has this status."""
    try:
        said = envelope.write_result(1, execution._answer(status, text))
    except RpcError as problem:
        said = envelope.write_error(1, problem)
    answered = envelope.read_answer(said)
    assert answered is not None
    return answered[1]


@pytest.mark.parametrize(
    ("status", "text", "event"),
    [
        ("replied", "7", CallAnswered("1", Name.REPLIED, b"7")),
        ("declined", "no\nmore", CallAnswered("1", Name.DECLINED, b'"no more"')),
        ("closed", None, CallAnswered("1", Name.SHUT)),
        ("reused", None, CallAnswered("1", Name.REUSED)),
    ],
)
def test_what_the_fence_decided_is_heard_by_the_session(status: str, text: str | None, event: CallAnswered) -> None:
    assert event_of(CALL, crossed(status, text)) == event


@pytest.mark.parametrize(
    "error",
    [
        RpcError(envelope.RETRY_LATER, "retry later", "busy"),
        RpcError(envelope.METHOD_NOT_FOUND, "no such method"),
        RpcError(envelope.INVALID_PARAMS, "wrong parameters"),
        RpcError(envelope.INTERNAL_ERROR, "internal error"),
    ],
)
def test_what_decides_nothing_leaves_the_outcome_unknown(error: RpcError) -> None:
    answered = envelope.read_answer(envelope.write_error(1, error))
    assert answered is not None
    assert event_of(CALL, answered[1]) == CallAnswered("1", Name.EXHAUSTED)


@pytest.mark.parametrize(
    ("answer", "event"),
    [
        (Replied(b"null"), Undid("1", Name.UNDID)),
        (Declined("no"), Undid("1", Name.STUCK, "declined")),
        (Closed(), Undid("1", Name.STUCK, "closed")),
        (Reused("key reused"), Undid("1", Name.STUCK, "key reused")),
        (RetryLater("busy"), Undid("1", Name.STUCK, "busy")),
        (Missing("undo_do"), Undid("1", Name.STUCK, "the worker has no method undo_do")),
        (Fault("no answer"), Undid("1", Name.STUCK, "no answer")),
    ],
)
def test_a_compensation_was_done_or_is_stuck(answer: Answer, event: Undid) -> None:
    assert event_of(UNDO, answer) == event


def test_a_reason_is_not_told_as_trouble() -> None:
    assert trouble(Declined("customer 4711 is in debt")) == "declined"


def both(source: str) -> bool:
    """Whether a module knows two vocabularies: an answer's decisions, and the events that they become."""
    tree = ast.parse(source)
    imported = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "accompanist.runtime.answers"
        for alias in node.names
    }
    events = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "Name"
    }
    return bool(imported & {"Closed", "Reused"} and events & {"SHUT", "REUSED"})


@pytest.mark.slow
def test_answers_become_events_in_one_place() -> None:
    root = Path(accompanist.__file__).parent
    assert [str(file.relative_to(root)) for file in sorted(root.rglob("*.py")) if both(file.read_text())] == [
        "sidecar/calls/meaning.py"
    ]
