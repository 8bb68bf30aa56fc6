"""Sidecar to worker over HTTP: the worker authenticates its sidecar by a token, tested with a right one and a wrong
one.
"""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest

from accompanist.errors import OperatorError
from accompanist.rpc.client import connect
from accompanist.runtime.answers import Fault, Replied
from accompanist.sidecar import config
from accompanist.sidecar.process import worker_clients
from accompanist.worker import start
from tests.postgres import Database
from tests.worker import bench
from tests.worker.calling import Caller

SECRET, OTHER = "a-secret-of-the-sidecar", "a-secret-of-somebody-else"


def written(file: Path, text: str) -> Path:
    file.write_text(text)
    file.chmod(0o600)
    return file


@pytest.fixture
async def database(blank_database: Database) -> Database:
    await bench.install(blank_database.dsn())
    return blank_database


@pytest.mark.parametrize("scheme", ["http", "http+unix"])
@pytest.mark.parametrize("line", [SECRET, f"carpenter call {SECRET}"])
async def test_a_worker_answers_who_bears_its_token_and_nobody_else(
    database: Database, tmp_path: Path, scheme: str, line: str
) -> None:
    url = "http://127.0.0.1:0/" if scheme == "http" else f"http+unix:{tmp_path}/w.sock"
    running = await start(bench.worker, url, database.dsn(), token_file=written(tmp_path / "worker.tokens", line))
    written(tmp_path / "right.token", SECRET)
    written(tmp_path / "wrong.token", OTHER)
    table = {"workers": {"Carpenter": running.url}, "worker_tokens": {"Carpenter": "right.token"}}
    borne = {}
    for name in ("right", "wrong"):
        told = {**table, "worker_tokens": {"Carpenter": f"{name}.token"}}
        service = config.build({"service": {"bench": told}}, tmp_path, {}).service("bench")
        borne[name] = worker_clients(service)["Carpenter"]
    borne["none"] = connect(running.url)
    try:
        answers = {
            name: await Caller(client, uuid4(), "carpenter").call("accompanist.describe", "1")
            for name, client in borne.items()
        }
        assert isinstance(answers["right"], Replied), answers
        assert isinstance(answers["wrong"], Fault), answers
        assert isinstance(answers["none"], Fault), answers
        assert SECRET not in repr(answers)
        assert OTHER not in repr(answers)
    finally:
        for client in borne.values():
            await client.close()
        await running.stop()


async def test_off_this_machine_a_worker_listens_with_tokens_only(database: Database, tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="ACC503"):
        await start(bench.worker, "http://0.0.0.0:0/", database.dsn())
    file = written(tmp_path / "worker.tokens", SECRET)
    running = await start(bench.worker, "http://0.0.0.0:0/", database.dsn(), token_file=file)
    await running.stop()
    with pytest.raises(OperatorError, match="ACC501"):
        await start(bench.worker, f"unix:{tmp_path}/w.sock", database.dsn(), token_file=file)


async def test_a_token_file_that_others_may_read_serves_nobody(database: Database, tmp_path: Path) -> None:
    file = written(tmp_path / "worker.tokens", SECRET)
    file.chmod(0o644)
    with pytest.raises(OperatorError, match="ACC610"):
        await start(bench.worker, "http://127.0.0.1:0/", database.dsn(), token_file=file)


@pytest.mark.parametrize(
    ("url", "role", "code"),
    [
        ("unix:/run/w.sock", "Carpenter", "ACC604"),
        ("tcp:127.0.0.1:7", "Carpenter", "ACC604"),
        ("http://127.0.0.1:7/", "Carpentre", "ACC603"),
    ],
)
def test_a_token_that_nobody_would_bear_is_an_error(tmp_path: Path, url: str, role: str, code: str) -> None:
    told = {"workers": {"Carpenter": url}, "worker_tokens": {role: "w.token"}}
    with pytest.raises(OperatorError) as refused:
        config.build({"service": {"bench": told}}, tmp_path, {})
    assert refused.value.code == code


def test_a_worker_off_this_machine_is_called_by_tls_only(tmp_path: Path) -> None:
    written(tmp_path / "w.token", SECRET)
    for url, refused in (("http://bench.internal:80/", True), ("https://bench.internal/rpc", False)):
        told = {"workers": {"Carpenter": url}, "worker_tokens": {"Carpenter": "w.token"}}
        service = config.build({"service": {"bench": told}}, tmp_path, {}).service("bench")
        if not refused:
            assert worker_clients(service)["Carpenter"].url == url
            continue
        with pytest.raises(OperatorError, match="ACC503"):
            worker_clients(service)
