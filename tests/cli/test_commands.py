"""The command line: help, errors and exit codes, and a sidecar's API asked over HTTP."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from accompanist import limits
from accompanist.cli.main import main

LONG = "0190d3a0-0000-7000-8000-0000000000bb"
ORDER = "0190d3a0-0000-7000-8000-0000000000aa"
HEADER = {
    "choreography": "fulfil_order",
    "fingerprint": "f" * 32,
    "initiator": "warehouse",
    "started_at": 0.0,
    "bindings": {"warehouse": "warehouse", "payment": "payment", "loyalty": "loyalty"},
}


def row(role: str, **more: Any) -> dict[str, Any]:
    return {"header": HEADER, "role": role, "phase": "settled", "vote": "done", "outcome": "settled", **more}


def message(site: str, sender: str, receiver: str, place: str = "inbox", answer: str = "stored") -> dict[str, Any]:
    payload = {"customer": "customer-gold"}
    told = {"site": site, "sender": sender, "receiver": receiver, "kind": "data", "payload": payload}
    return {**told, "place": place, "answer": answer}


def result(role: str, site: str, operation: str) -> dict[str, Any]:
    return {"role": role, "site": site, "operation": operation, "kind": "forward", "outcome": "replied", "value": 7}


STORY = {
    "session": ORDER,
    "rows": [row("warehouse"), row("payment", phase="done", outcome=None, waiting="for the settlement")],
    "messages": [message("10", "payment", "warehouse"), message("2", "warehouse", "payment", "outbox", "full")],
    "results": [result("payment", "9", "charge")],
    "stubs": [],
    "limited": [{"role": "payment", "operation": "charge"}],
    "unhosted": [{"role": "payment", "fingerprint": "abcdef" * 5, "why": "the log keeps none"}],
}
REFUSAL = {"code": "ACC999", "title": "card is blue", "text": "it should be red", "hint": "paint", "fault": "author"}
SUMMARY = {
    "attributes": {"customer": "gold"},
    "session": ORDER,
    "role": "warehouse",
    "choreography": "fulfil_order",
    "phase": "done",
    "started_at": 0.0,
}


def page(number: int) -> dict[str, Any]:
    """One of five pages of a session's story, each with one message."""
    after = {"role": str(number + 1)} if number < 4 else None
    rows = [row("warehouse")] if number == 0 else []
    return {"rows": rows, "messages": [message(str(number), "a", "b")], "results": [], "next": after}


def answer(method: str, params: dict[str, Any]) -> dict[str, Any]:
    match method:
        case "session.start" if params["choreography"] == "blue":
            return {"error": {"code": -32000, "message": "no", "data": REFUSAL}}
        case "session.start":
            return {"result": {"session": ORDER, "choreography": params["choreography"], "new": True}}
        case "session.result":
            assert params["session"] == ORDER and params["wait_ms"] > 0
            return {"result": {"session": ORDER, "outcome": "ended", "reason": "card declined"}}
        case "session.get" if params.get("key") == "unknown":
            return {"error": {"code": -32000, "message": "no", "data": REFUSAL | {"code": "ACC710"}}}
        case "session.get" if params.get("attributes") == {"customer": "gold"}:
            return {"error": {"code": -32000, "message": "no", "data": REFUSAL | {"code": "ACC730"}}}
        case "session.signal":
            return {"result": {"session": ORDER, "new": True, "early": False}}
        case "session.cancel" if params["reason"] == "late":
            return {"result": {"session": ORDER, "requested": True, "new": True}}
        case "session.get" if params.get("session") == LONG:
            return {"result": page(int(params.get("after", {"role": "0"})["role"]))}
        case "session.get":
            return {"result": STORY}
        case "session.list" if params.get("choreography") == "many":
            done = params.get("after", {"started_at": 0.0})["started_at"] + 1
            after = {"started_at": done, "session": ORDER, "role": "warehouse"}
            return {"result": {"sessions": [SUMMARY], "next": after}}
        case "session.list":
            return {"result": {"sessions": [SUMMARY]}}
        case _:
            return {"error": {"code": -32601, "message": "method not found"}}


@pytest.fixture
def deployment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, Any]]]:
    """A deployment whose one sidecar answers from `answer`, and what it was asked."""
    asked: list[dict[str, Any]] = []

    class Post(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.append({**request, "authorization": self.headers.get("Authorization")})
            said = json.dumps({"jsonrpc": "2.0", "id": 1, **answer(request["method"], request["params"])}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Post)
    (tmp_path / "token").write_text("a-secret-of-somebody\n")
    (tmp_path / "token").chmod(0o600)
    (tmp_path / "accompanist.toml").write_text(
        f'[service.warehouse]\napi = "http://127.0.0.1:{server.server_address[1]}"\ntoken_file = "token"\n'
        '[service.absent]\napi = "http+unix:none.sock"\n'
    )
    monkeypatch.chdir(tmp_path)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield asked
    server.shutdown()
    server.server_close()
    thread.join()


def run(*arguments: str) -> int:
    """As the program `accompanist` does it: `main` returns a code, or typer ends the process with one."""
    with pytest.raises(SystemExit) as ended:
        sys.exit(main(arguments))
    assert isinstance(ended.value.code, int | None)
    return ended.value.code or 0


COMMANDS = ["check", "project", "explain", "migrate", "sidecar", "start", "keep", "sessions"]


@pytest.mark.parametrize("command", [[], *([name] for name in COMMANDS), ["sessions", "show"], ["sessions", "cancel"]])
def test_every_command_explains_itself(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*command, "--help") == 0
    assert "Usage: " in capsys.readouterr().out


def test_help_imports_neither_the_language_nor_the_sidecar() -> None:
    code = (
        "import sys\nfrom accompanist.cli.main import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        "heavy = [m for m in sys.modules if m.split('.')[0] in ('asyncpg', 'aiohttp', 'sqlalchemy', 'opentelemetry')]\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)


def test_start_says_which_session_and_passes_everything_on(
    deployment: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ("--role", "warehouse", "--args", '{"order": {}}', "--key", "k1", "--deadline-s", "1.5")
    assert run("start", "fulfil_order", *arguments, "--attribute", "customer=gold", "--attribute", "note=a=b") == 0
    assert f"session   {ORDER}" in capsys.readouterr().out
    [asked] = deployment
    assert asked["authorization"] == "Bearer a-secret-of-somebody"
    assert asked["params"] == {
        "choreography": "fulfil_order",
        "role": "warehouse",
        "arguments": {"order": {}},
        "key": "k1",
        "deadline_ms": 1500,
        "attributes": {"customer": "gold", "note": "a=b"},
    }


def test_start_that_waited_tells_the_outcome_by_its_code(
    deployment: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("start", "fulfil_order", "--role", "warehouse", "--args", "{}", "--wait") == 1
    assert "card declined" in capsys.readouterr().out


def test_what_a_sidecar_refuses_comes_out_as_it_said_it(
    deployment: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("start", "blue", "--role", "warehouse", "--args", "{}") == 1
    assert capsys.readouterr().err == "error ACC999 card is blue: it should be red\n  hint: paint\n"
    assert run("start", "blue", "--role", "warehouse", "--args", "{}", "--json") == 1
    assert json.loads(capsys.readouterr().err) == {"error": REFUSAL}


def test_a_session_is_shown_in_the_programs_order_and_the_silent_are_named(
    deployment: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("sessions", "show", ORDER) == 0
    shown = capsys.readouterr().out
    sites = [line.split()[0] for line in shown.splitlines() if line[:1].isdigit()]
    assert sites == ["2", "9", "10"]
    for text in (
        "outcome       settled",
        "waits in the outbox: full",
        "not hosted    payment at warehouse, version abcdefabcdef: the log keeps none",
        "at a limit    payment at warehouse waits for a place to call charge",
        "payment.charge  replied",
        "no answer from: absent",
    ):
        assert text in shown
    assert run("sessions", "show", ORDER, "--json") == 0
    assert json.loads(capsys.readouterr().out)["services"]["warehouse"] == STORY


@pytest.mark.parametrize(
    ("text", "asked"), [("order=17", {"attributes": {"order": "17"}}), ("key:order=17", {"key": "order=17"})]
)
def test_a_session_is_shown_by_attribute_or_key(
    deployment: list[dict[str, Any]], capsys: pytest.CaptureFixture[str], text: str, asked: dict[str, Any]
) -> None:
    assert run("sessions", "show", text) == 0
    assert f"session       {ORDER}" in capsys.readouterr().out
    assert [one["params"] for one in deployment] == [asked, {"session": ORDER}]


def test_a_session_is_told_and_cancelled_by_its_key(
    deployment: list[dict[str, Any]], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "accompanist.toml"
    file.write_text(file.read_text().split("[service.absent]")[0])
    assert run("signal", "key:k", "packed", "true", "--role", "warehouse") == 0
    assert run("sessions", "cancel", "key:k", "--reason", "late") == 0
    told = [one["params"] for one in deployment if one["method"] != "session.get"]
    assert told == [
        {"session": ORDER, "role": "warehouse", "name": "packed", "value": True},
        {"session": ORDER, "reason": "late"},
    ]


def test_a_service_that_may_know_another_session_makes_a_change_ask_for_the_id(
    deployment: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("sessions", "cancel", "order=17", "--reason", "late") == 3
    assert ORDER in capsys.readouterr().err
    assert {one["method"] for one in deployment} == {"session.get"}, "nothing was done"


def test_services_that_know_different_sessions_have_to_be_told_which(
    deployment: list[dict[str, Any]], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = {"warehouse": {"session": ORDER}, "absent": {"session": LONG}}
    monkeypatch.setattr("accompanist.cli.services.ask", lambda service, *_: found[service.name])
    assert run("sessions", "show", "order=17") == 1
    said = capsys.readouterr().err
    assert "ACC815" in said and ORDER in said and LONG in said


def test_sessions_are_listed(deployment: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]) -> None:
    assert run("sessions", "list", "--parked") == 0
    shown = capsys.readouterr().out
    assert ORDER in shown and "customer=gold" in shown
    assert deployment[0]["params"] == {"limit": 20, "parked": True}
    deployment.clear()
    fitting = ("--open", "--retrying", "--state", "running", "--role", "payment", "--choreography", "fulfil_order")
    assert run("sessions", "list", *fitting, "--waiting-for", "charge", "--older-s", "60", "--attribute", "a=b") == 0
    assert deployment[0]["params"] == {
        "limit": 20, "open": True, "retrying": True, "state": "running", "role": "payment",
        "choreography": "fulfil_order", "waiting": "charge", "older_s": 60.0, "attributes": {"a": "b"},
    }  # fmt: skip


def test_a_list_that_was_cut_says_so(deployment: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]) -> None:
    assert run("sessions", "list", "--limit", "1") == 0
    assert "the newest 1 of warehouse, there may be more: --limit" in capsys.readouterr().out
    assert run("sessions", "list", "--limit", "2") == 0
    assert "there may be more" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "code", "exit_code"),
    [
        (["start", "f", "--role", "warehouse", "--args", "{"], "ACC805", 1),
        (["start", "f", "--role", "warehouse", "--args", "[]"], "ACC805", 1),
        (["start", "f", "--role", "nobody", "--args", "{}"], "ACC806", 3),
        (["start", "f", "--role", "r", "--service", "absent", "--args", "{}"], "ACC801", 3),
        (["start", "f", "--role", "r", "--service", "absnt", "--args", "{}"], "ACC606", 3),
        (["start", "f", "--role", "r", "--service", "absent", "--args", "{}", "--attribute", "x"], "ACC811", 1),
        (["sessions", "list", "--attribute", "=x"], "ACC811", 1),
        (["sessions", "show", "7"], "ACC807", 1),
        (["sessions", "show", "key:unknown"], "ACC808", 1),
        (["sessions", "show", "customer=gold"], "ACC730", 1),
        (["sessions", "cancel", "customer=gold"], "ACC730", 1),
        (["sessions", "cancel", "order=17"], "ACC815", 3),
        (["signal", "order=17", "packed", "true", "--role", "warehouse"], "ACC815", 3),
        (["sessions", "cancel", ORDER], "ACC802", 1),
        (["sessions", "list", "--config", "none.toml"], "ACC601", 3),
        (["sidecar", "--service", "warehous"], "ACC606", 3),
        (["migrate"], "ACC608", 3),
        (["explain", "ACC000"], "ACC804", 1),
    ],
)
def test_errors_have_a_code_a_way_out_and_an_exit_code(
    arguments: list[str],
    code: str,
    exit_code: int,
    deployment: list[dict[str, Any]],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    assert run(*arguments, "--json") == exit_code
    error = json.loads(capsys.readouterr().err)["error"]
    assert error["code"] == code and error["text"]


@pytest.mark.parametrize("arguments", [["start"], ["project", "x.py"], ["sidecar"], ["nonsense"]])
def test_a_wrong_command_line_is_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*arguments) == 2
    assert "Usage: " in capsys.readouterr().err


def test_explain_says_why_and_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("explain", "acc604") == 0
    assert "What to do: " in capsys.readouterr().out
    assert run("explain", "--json") == 0
    assert "ACC604" in json.loads(capsys.readouterr().out)


def test_a_session_of_any_length_is_shown_up_to_a_bound_and_whole_as_json(
    deployment: list[dict[str, Any]], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "show_rows_max", 3)
    assert run("sessions", "show", LONG) == 0
    shown = capsys.readouterr().out
    assert [line.split()[0] for line in shown.splitlines() if line[:1].isdigit()] == ["0", "1", "2"]
    assert "warehouse: there is more than is shown here; --json shows all of it" in shown
    assert run("sessions", "show", LONG, "--json") == 0
    told = json.loads(capsys.readouterr().out)["services"]["warehouse"]
    assert ([one["site"] for one in told["messages"]], told["next"]) == (list("01234"), None)


def test_a_list_that_does_not_fit_into_one_answer_is_asked_for_in_pages(
    deployment: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("sessions", "list", "--choreography", "many", "--limit", "3", "--json") == 0
    assert len(json.loads(capsys.readouterr().out)["sessions"]) == 3
    assert [asked["params"]["limit"] for asked in deployment] == [3, 2, 1]
