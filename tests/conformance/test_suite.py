"""The conformance suite itself: how it reads and compares answers, and that it refuses a misspelt case."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from accompanist.errors import OperatorError
from accompanist.worker.conformance import answers, cases
from accompanist.worker.conformance.answers import StepFailed, WorkerAnswer, meets, read
from accompanist.worker.conformance.ledger import FileLedger
from accompanist.worker.conformance.values import fill, fits, fresh_names


@pytest.mark.parametrize(
    ("pattern", "value", "good"),
    [
        ("$any", None, True),
        ("$text", "", False),
        ("$text", "S1", True),
        ("$integer", True, False),
        ("$integer", 3, True),
        (2, 2.0, False),
        (1, True, False),
        (9007199254740993, 9007199254740992, False),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        ({"a": "$any"}, {"a": [1]}, True),
        ([1, "$text"], [1, "x"], True),
        ([1], [1, 2], False),
        (None, None, True),
    ],
)
def test_patterns(pattern: Any, value: Any, good: bool) -> None:
    assert fits(pattern, value) is good


def test_names_and_large_values_are_filled_in() -> None:
    names = fresh_names()
    filled = fill({"a": "broken-$drawer", "b": ["$session", {"$repeat": ["ab", 3]}], "c": {"$nest": 3}}, names)
    assert filled == {"a": f"broken-{names['drawer']}", "b": [names["session"], "ababab"], "c": [[[]]]}


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (200, b'{"jsonrpc":"2.0","id":1,"result":null}', WorkerAnswer("result", None, 1)),
        (500, b'{"jsonrpc":"2.0","id":1,"result":2}', WorkerAnswer("result", 2, 1)),
        (204, b"", WorkerAnswer("nothing")),
        (404, b"", WorkerAnswer("status", 404)),
        (404, b"not here", WorkerAnswer("status", 404)),
        (200, b"[]", WorkerAnswer("batch", [])),
    ],
)
def test_what_is_an_answer(status: int, body: bytes, said: WorkerAnswer) -> None:
    assert read(status, body) == said


@pytest.mark.parametrize(
    "body",
    [
        b"nonsense",
        b"\xff",
        b'{"jsonrpc":"2.0","id":1,"result":NaN}',
        b'{"jsonrpc":"1.0","id":1,"result":1}',
        b'{"jsonrpc":"2.0","result":1}',
        b'{"jsonrpc":"2.0","id":1}',
        b'{"jsonrpc":"2.0","id":1,"result":1,"error":{"code":1,"message":"x"}}',
        b'{"jsonrpc":"2.0","id":1,"error":{"code":"1","message":"x"}}',
        b'{"jsonrpc":"2.0","id":1,"error":{"code":true,"message":"x"}}',
        b'{"jsonrpc":"2.0","id":1,"error":{"code":1}}',
        b"3",
    ],
)
def test_what_is_none(body: bytes) -> None:
    with pytest.raises(StepFailed):
        read(200, body)


def error(code: int, **more: Any) -> WorkerAnswer:
    return WorkerAnswer("error", {"code": code, "message": "in words", **more}, 1)


@pytest.mark.parametrize(
    ("expect", "said", "good"),
    [
        ({"error": "any"}, error(-32001), True),
        ({"error": "fault"}, error(-32001), False),
        ({"error": "fault"}, error(-32603), True),
        ({"error": [-32700, -32600]}, error(-32600), True),
        ({"error": -32001, "reason": "no"}, error(-32001, data="no"), True),
        ({"error": -32001, "reason": "no"}, error(-32001, data="yes"), False),
        ({"error": -32001, "reason": "in words"}, error(-32001), True),
        ({"result": 1}, error(1), False),
        ({"closed": True}, WorkerAnswer("closed"), True),
        ({"closed": True}, WorkerAnswer("nothing"), False),
        ({"status": [404]}, WorkerAnswer("status", 405), False),
        ({"any_of": [{"closed": True}, {"result": 1}]}, WorkerAnswer("result", 1), True),
        ({"same_as": "before"}, error(-32001, data="no"), True),
        ({"same_as": "before"}, error(-32001, data="other"), False),
        ({"same_as": "before"}, WorkerAnswer("result", 1), False),
    ],
)
def test_what_is_expected(expect: dict[str, Any], said: WorkerAnswer, good: bool) -> None:
    assert meets(expect, said, {"before": error(-32001, data="no")}) is good


STEP = {"call": "balance", "expect": {"result": 0}}


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"levle": "plain"}, "levle is not part of a case"),
        ({"level": "perfect"}, "level, transports or steps"),
        ({"transports": ["pigeon"]}, "level, transports or steps"),
        ({"steps": []}, "level, transports or steps"),
        ({"steps": [{"cal": "x"}]}, "a step that is none of"),
        ({"steps": [{**STEP, "tims": 2}]}, "tims does not go with call"),
        ({"steps": [{**STEP, "expect": {"reslt": 0}}]}, "reslt is not to be expected"),
        ({"steps": [{**STEP, "expect": {"any_of": [{"reslt": 0}]}}]}, "reslt is not to be expected"),
        ({"steps": [{"together": [{**STEP, "tims": 2}]}]}, "tims does not go with call"),
        ({"steps": [{"either": [[{"ledgr": {}}]]}]}, "a step that is none of"),
    ],
)
def test_a_misspelt_case_is_refused(tmp_path: Path, change: dict[str, Any], text: str) -> None:
    case = {"name": "x", "about": "y", "level": "plain", "steps": [STEP], **change}
    (tmp_path / "x.json").write_text(json.dumps([case]))
    with pytest.raises(OperatorError, match=text):
        cases.read_all(tmp_path)


def test_names_are_unique_and_bear_their_file() -> None:
    for case in cases.read_all(cases.shipped()):
        assert case.name.startswith(case.file.removesuffix(".json") + "/")
        assert case.about.endswith(".")


async def test_a_ledger_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "ledger"
    assert await FileLedger(file).of("a") == {}
    file.write_text('{"drawer":"a","operation":"put"}\n\n{"drawer":"b","operation":"put"}\n')
    assert await FileLedger(file).of("a") == {"put": 1}
    file.write_text("nonsense")
    with pytest.raises(OperatorError, match="ACC531"):
        await FileLedger(file).of("a")


def test_decisions_are_what_a_sidecar_takes_for_one() -> None:
    from accompanist.rpc import envelope

    assert set(answers.DECISIONS) == {envelope.DECLINED, envelope.CLOSED, envelope.REUSED}
    assert envelope.RETRY_LATER == answers.RETRY_LATER
