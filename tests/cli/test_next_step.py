"""Every error that a person sees names the next step, and what was begun is named before anything can fail."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import import_module
from typing import Any

import pytest

from accompanist.cli import start as command
from accompanist.cli.output import reporting
from accompanist.errors import CATALOGUE, OperatorError
from accompanist.rpc.address import located
from accompanist.sidecar.config import Service
from accompanist.worker import process
from workers.orders.payment import worker

EVERY_REMEDY = """
import accompanist, importlib, json, pkgutil
from accompanist.errors import CATALOGUE
for module in pkgutil.walk_packages(accompanist.__path__, "accompanist."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
print(json.dumps({code: told.remedy for code, told in CATALOGUE.items()}))
"""


@pytest.mark.slow
def test_every_code_has_a_next_step() -> None:
    said = subprocess.run([sys.executable, "-c", EVERY_REMEDY], capture_output=True, text=True, check=True).stdout
    remedies = json.loads(said)
    assert len(remedies) > 100
    assert [code for code, remedy in remedies.items() if len(remedy.split()) < 3] == []


@pytest.mark.parametrize("code", ["ACC516", "ACC601", "ACC801"])
@pytest.mark.parametrize("as_json", [True, False])
def test_an_error_without_a_hint_of_its_own_says_the_codes(
    code: str, as_json: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    import_module("accompanist.worker.database")
    with pytest.raises(BaseException), reporting(as_json):  # noqa: B017
        raise OperatorError(code, "found")
    said = capsys.readouterr().err
    hint = json.loads(said)["error"]["hint"] if as_json else said.partition("hint: ")[2].strip()
    assert hint == CATALOGUE[code].remedy


@pytest.mark.parametrize("as_json", [True, False])
def test_a_start_that_is_waited_for_names_its_session_whatever_comes(
    as_json: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Any
) -> None:
    def ask(service: Service, method: str, params: Any, wait_s: float = 0.0) -> Any:
        if method == "session.start":
            assert "wait_ms" not in params
            return {"session": "the-id", "choreography": "c", "new": True}
        raise OperatorError("ACC801", "desk: Connection refused")

    monkeypatch.setattr(command, "ask", ask)
    (tmp_path / "accompanist.toml").write_text('[service.desk]\napi = "http://127.0.0.1:1"\n')
    wanted = command.StartRequest("c", "desk", "{}", None, "desk", 5.0, 0.0)
    with pytest.raises(OperatorError) as failed:
        command.start(tmp_path / "accompanist.toml", wanted, as_json)
    assert failed.value.code == "ACC812" and "the-id" in failed.value.text and "show the-id" in failed.value.hint
    if not as_json:
        assert "the-id" in capsys.readouterr().err


def test_a_relative_socket_is_below_the_working_directory(tmp_path: Any) -> None:
    assert located("unix:var/run/x.sock", tmp_path) == f"unix:{tmp_path}/var/run/x.sock"
    assert located("http+unix:x.sock", tmp_path) == f"http+unix:{tmp_path}/x.sock"
    assert located("unix:///run/x.sock", tmp_path) == "unix:/run/x.sock"
    assert located("tcp:127.0.0.1:1", tmp_path) == "tcp:127.0.0.1:1"


def test_a_worker_that_has_nowhere_to_listen_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def install(dsn: str) -> None:
        assert dsn == "postgresql:///x"

    monkeypatch.delenv("PAYMENT_WORKER_URL", raising=False)
    monkeypatch.setattr(process.logs, "set_up", lambda *told: None)
    monkeypatch.setattr(process.crashpoints, "arm", lambda name: None)
    assert process.main(worker, install, ["--install", "--database", "postgresql:///x"]) == 0
    assert "no --url" in capsys.readouterr().err
    with pytest.raises(SystemExit) as usage:
        process.main(worker, install, ["--database", "postgresql:///x"])
    assert usage.value.code == 2
