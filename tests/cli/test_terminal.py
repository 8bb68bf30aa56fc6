"""Names and texts from others are shown in a terminal as visible text, and never control it."""

from __future__ import annotations

import io
import json
import logging
from typing import Any

import orjson
import pytest
import structlog

from accompanist import terminal
from accompanist.cli import output, sessions, waiting
from accompanist.client.answers import Refused
from accompanist.sidecar.api.public import NO_JSON, plain
from accompanist.telemetry import logs

EVIL = "x\x1b[2J\x1b]0;pwned\x07\x9b31m\u202egnp\r\nFAKE ROW\ttab\x00\ud800"
SESSION = "79b9beba-f2be-4704-87f4-fe25b95eb8be"
ROW: dict[str, Any] = {
    "session": SESSION,
    "role": EVIL,
    "phase": EVIL,
    "choreography": EVIL,
    "started_at": 1e308,
    "attributes": {EVIL: EVIL},
    "reason": EVIL,
    "waiting": EVIL,
    "parked": {"code": EVIL, "text": EVIL},
    "trouble": EVIL,
    "outcome": EVIL,
    "vote": EVIL,
}
HEADER = {key: ROW[key] for key in ("choreography", "started_at", "attributes")} | {
    "fingerprint": EVIL,
    "initiator": EVIL,
    "bindings": {EVIL: EVIL},
}
MESSAGE = {
    "site": EVIL,
    "kind": EVIL,
    "sender": EVIL,
    "receiver": EVIL,
    "place": "outbox",
    "answer": EVIL,
    "payload": {EVIL: EVIL},
}
STORY = {
    "rows": [ROW | {"header": HEADER}],
    "messages": [MESSAGE, MESSAGE | {"place": "inbox", "service": f"{EVIL}2"}],
    "results": [{"site": EVIL, "role": EVIL, "kind": EVIL, "operation": EVIL, "outcome": EVIL, "value": EVIL}],
    "audits": [{"at": -1e308, "role": EVIL, "verb": EVIL, "who": EVIL, "claimed": EVIL, "why": EVIL}],
    "stubs": [[EVIL, EVIL]],
    "unhosted": [{"role": EVIL, "fingerprint": EVIL, "why": EVIL}],
    "exits": [{"role": EVIL, "verbs": [EVIL], "versions": [EVIL], "value": {"type": EVIL, "of": EVIL, "site": EVIL}}],
    "timers": [{"role": EVIL, "site": EVIL, "due_at": 1e308}],
    "next": None,
}
TIMER = {"session": SESSION, "role": EVIL, "site": EVIL, "operation": EVIL, "waiting": EVIL, "due_at": 1e308}
EVENT = {"session": SESSION, "role": EVIL, "name": EVIL, "at": -1e308, "early": True}


def harmless(said: str) -> bool:
    return all(sign.isprintable() or sign == "\n" for sign in said) and "\nFAKE ROW" not in said


def answering(monkeypatch: pytest.MonkeyPatch, **answers: Any) -> None:
    def ask_all(_: Any, method: str, params: Any) -> tuple[dict[str, Any], list[str]]:
        return {"payment": answers[method.replace(".", "_")]}, ["loyalty"]

    for module in (sessions, waiting):
        monkeypatch.setattr(module, "ask_all", ask_all)


@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize("command", ["list", "show", "timers", "events"])
def test_what_a_sidecar_answers_orders_nothing(
    command: str, as_json: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told = orjson.loads(json.dumps(STORY).replace("\\ud800", "\\u0001"))
    answering(
        monkeypatch,
        session_list={"sessions": [ROW]},
        session_get=told,
        timer_list={"timers": [TIMER | {"choreography": EVIL}]},
        event_list={"events": [EVENT]},
    )
    monkeypatch.setattr(sessions, "_rest", lambda *_: None)
    monkeypatch.setattr(output, "encode", lambda value: terminal.json(json.dumps(value, ensure_ascii=False)))
    match command:
        case "list":
            sessions.list_sessions(None, sessions.ListFilter("", False, 10, ""), as_json)
        case "show":
            sessions.show_session(None, SESSION, as_json)
        case "timers":
            waiting.list_timers(None, "", 10, as_json)
        case "events":
            waiting.list_events(None, "", 10, as_json)
    said = capsys.readouterr().out
    assert harmless(said)
    assert "pwned" in said and (not as_json or json.loads(said)["silent"] == ["loyalty"])


def test_a_refusal_orders_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    told = {"code": EVIL, "title": EVIL, "text": EVIL, "hint": EVIL, "fault": EVIL}
    with pytest.raises(BaseException), output.reporting(as_json=False):  # noqa: B017 (typer's way to end)
        raise Refused(told)
    said = capsys.readouterr().err
    assert harmless(said) and "pwned" in said


def test_a_table_has_as_many_lines_as_rows() -> None:
    text = output.table(("a", "b"), [(EVIL, EVIL), ("y" * 60_000, "z")])
    assert len(text.splitlines()) == 3 and harmless(text) and len(text) < 2_000


@pytest.mark.parametrize("shape", ["console", "json"])
def test_log_lines_order_nothing(shape: str) -> None:
    root, stream = logging.getLogger(), io.StringIO()
    before, level = root.handlers[:], root.level
    try:
        logs.set_up("payment", {"ACCOMPANIST_LOG_FORMAT": shape}, stream)
        evil = EVIL.replace("\ud800", "")
        structlog.get_logger().error("message.refused", session=evil, choreography=evil, problem=evil)
        logging.getLogger("accompanist.log").warning("inbox row cannot be read: %s", evil)
    finally:
        structlog.reset_defaults()
        root.handlers[:] = before
        root.setLevel(level)
    said = stream.getvalue()
    ours = said.replace("\x1b[0m", "") if shape == "console" else said
    assert "pwned" in said and "\x9b" not in said and "\u202e" not in said and "\x07" not in said
    assert "\x1b[2J" not in ours and len(said.splitlines()) == 2


def test_json_stays_the_same_to_a_program() -> None:
    for value in ("a\x9bb", "\u202e", "\U000e0041", "ä\u00a0€", "\x1b\n"):
        text = terminal.json(json.dumps({"x": value}, ensure_ascii=False))
        assert (json.loads(text) == {"x": value} and text.isprintable()) or "\u00a0" in text


def test_texts_that_are_seen_stay_as_they_are() -> None:
    for text in ("Zoë & co, 5\u00a0000 €", "", "日本", "a\\x1b"):
        assert terminal.line(text) == terminal.lines(text) == text
    assert terminal.lines("a\n\tb") == "a\n\tb" and terminal.line("a\n\tb") == "a\\n\\tb"


@pytest.mark.parametrize("payload", [b"nonsense", b"", b'{"a":', b"\xff\xfe", b"[" * 900 + b"]" * 900, b'"a\x1b"'])
def test_a_payload_that_is_no_json_spoils_no_answer(payload: bytes) -> None:
    assert orjson.loads(orjson.dumps({"payload": plain(payload)})) == {"payload": NO_JSON}
