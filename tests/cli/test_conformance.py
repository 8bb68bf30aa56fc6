"""`accompanist conformance`: its exit codes, its table and its JSON, against a worker that answers everything alike."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from accompanist.cli.app import app
from accompanist.rpc.dispatch import Params
from accompanist.rpc.server import serve

CASE = {
    "name": "x/balance",
    "about": "What is in the drawer.",
    "level": "plain",
    "steps": [{"call": "balance", "params": {"drawer": "$drawer"}, "expect": {"result": 7}}, {"ledger": {}}],
}


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """A worker whose every drawer holds 7, on a thread of its own: the command has its own event loop."""
    there, over = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def balance(params: Params, meta: bytes | None) -> bytes:
        return b"7"

    async def run() -> None:
        server = await serve({"balance": balance}, f"unix:{tmp_path}/w.sock")
        there.set()
        await over.wait()
        await server.stop(0)

    thread = threading.Thread(target=loop.run_until_complete, args=(run(),))
    thread.start()
    assert there.wait(10)
    yield f"unix:{tmp_path}/w.sock"
    loop.call_soon_threadsafe(over.set)
    thread.join()
    loop.close()


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    place = tmp_path / "cases"
    place.mkdir()
    (place / "x.json").write_text(json.dumps([CASE]))
    return place


def test_all_passed(url: str, directory: Path) -> None:
    ran = CliRunner().invoke(app, ["conformance", url, "--cases", str(directory)])
    assert ran.exit_code == 0, ran.output
    assert "x/balance  plain  passed" in ran.output
    assert "1 passed, 0 failed" in ran.output
    assert "1 looks at effects were not taken, for want of --ledger" in ran.output


def test_one_failed(url: str, directory: Path, tmp_path: Path) -> None:
    (directory / "x.json").write_text(json.dumps([{**CASE, "steps": [{**CASE["steps"][0], "expect": {"result": 8}}]}]))
    ran = CliRunner().invoke(app, ["conformance", url, "--cases", str(directory), "--json"])
    assert ran.exit_code == 1
    told = json.loads(ran.output)
    assert (told["passed"], told["failed"], told["effects_not_judged"]) == (0, 1, 0)
    assert told["cases"][0]["why"] == 'step 1 (call): answered result 7; to be expected was {"result": 8}'


def test_an_effect_that_is_not_in_the_ledger(url: str, directory: Path, tmp_path: Path) -> None:
    (directory / "x.json").write_text(json.dumps([{**CASE, "steps": [{"ledger": {"put": 1}}]}]))
    ran = CliRunner().invoke(
        app, ["conformance", url, "--cases", str(directory), "--ledger", str(tmp_path / "done.jsonl")]
    )
    assert ran.exit_code == 1
    assert "the ledger has nothing, to be expected was {'put': 1}" in ran.output


@pytest.mark.parametrize(
    ("arguments", "code", "exit_code"),
    [
        (["unix:/nobody/is/here.sock"], "ACC823", 3),
        (["carrier-pigeon:"], "ACC501", 3),
        (["tcp:192.0.2.1:7"], "ACC503", 3),
        (["unix:/x", "--only", "no/such"], "ACC824", 3),
        (["unix:/x", "--cases", "/nobody"], "ACC530", 3),
        (["unix:/x", "--ledger", "postgresql://x", "--schema", "A;B"], "ACC514", 3),
        ([], "where does the worker listen?", 2),
    ],
)
def test_what_is_wrong_is_said(arguments: list[str], code: str, exit_code: int) -> None:
    ran = CliRunner().invoke(app, ["conformance", *arguments])
    assert ran.exit_code == exit_code
    assert code in ran.output + ran.stderr


def test_the_contract_is_printed() -> None:
    ran = CliRunner().invoke(app, ["conformance", "--contract"])
    assert ran.exit_code == 0
    assert "`put {drawer: text" in ran.output
