"""The wheel, installed in an environment of its own outside the checkout, with what an extra brings and nothing else.

The environment is filled without a network: the wheel is unpacked, and each distribution that it requires with that
extra, and what these require, is linked from the environment that runs the tests.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
import venv
import zipfile
from collections.abc import Callable, Iterator
from importlib.metadata import Distribution, PathDistribution, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from accompanist import extras
from accompanist.cli.explain import load_catalogue
from accompanist.errors import CATALOGUE

ROOT = Path(__file__).parents[2]
WORKER = """
from accompanist import Role, transaction
from accompanist.worker import Declined, Worker, main
class Till(Role):
    @transaction
    def count(self, cents: int) -> int: ...
worker = Worker(Till, schema="till")
@worker.operation
async def count(tx: object, cents: int) -> int:
    return cents
async def install(dsn: str) -> None: ...
raise SystemExit(main(worker, install))
"""
PROGRAM = "from importlib.metadata import entry_points; " + (
    "raise SystemExit(entry_points(group='console_scripts')['accompanist'].load()())"
)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(place)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (built,) = place.glob("*.whl")
    return built


def required(by: Distribution, of: set[str]) -> Iterator[tuple[str, set[str]]]:
    """The names, and their extras, that a distribution requires if it is installed with the extras `of`."""
    for line in by.requires or ():
        one = Requirement(line)
        if one.marker is None or any(one.marker.evaluate({"extra": extra}) for extra in of | {""}):
            yield one.name, one.extras


def closure(root: Distribution, of: set[str]) -> dict[str, Distribution]:
    """All distributions that come with `root`, if it is installed with these extras."""
    found: dict[str, Distribution] = {}
    open_, seen = list(required(root, of)), set()
    while open_:
        name, wanted = open_.pop()
        if (name, frozenset(wanted)) in seen:
            continue
        seen.add((name, frozenset(wanted)))
        by = root if name == "accompanist" else distribution(name)
        if name != "accompanist":
            found[name] = by
        open_ += required(by, wanted)
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """An environment with the wheel and these extras; the path of its Python."""

    def install(*of: str) -> Path:
        place = tmp_path_factory.mktemp("-".join(("environment", *of)))
        venv.create(place, symlinks=True)
        (site,) = place.glob("lib/python*/site-packages")
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(site)
        root = PathDistribution(next(site.glob("accompanist-*.dist-info")))
        for one in closure(root, set(of)).values():
            for file in one.files or ():
                if ".." not in file.parts and not (site / file).exists():
                    (site / file).parent.mkdir(parents=True, exist_ok=True)
                    (site / file).symlink_to(Path(str(one.locate_file(file))))
        return place / "bin" / "python"

    return install


@pytest.fixture(scope="module")
def base(installed: Callable[..., Path]) -> Path:
    return installed()


@pytest.fixture(scope="module")
def worker(installed: Callable[..., Path]) -> Path:
    return installed("worker")


def run(python: Path, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "ACCOMPANIST", "OTEL"))}
    place = python.parents[1]
    return subprocess.run(
        [str(python), *command], cwd=place, env=kept | environment, capture_output=True, text=True, check=False
    )


def deployment(python: Path) -> str:
    file = python.parents[1] / "accompanist.toml"
    file.write_text('[service.till]\ndatabase = "postgresql://u@localhost/d"\n')
    return str(file)


def test_a_worker_and_the_command_line_need_no_more_than_their_extra(worker: Path) -> None:
    script = worker.parents[1] / "till.py"
    script.write_text(WORKER)
    helped = run(worker, str(script), "--help")
    assert helped.returncode == 0 and "The worker of the role Till" in helped.stdout, helped.stderr
    told = run(worker, "-c", PROGRAM, "--help")
    assert told.returncode == 0 and "check" in told.stdout, told.stderr
    absent = "import importlib.util as u; raise SystemExit(any(map(u.find_spec, ('alembic', 'sqlalchemy', 'honcho'))))"
    assert run(worker, "-c", absent).returncode == 0
    assert run(worker, "-c", "import accompanist.rpc.http_server, accompanist.rpc.http_client").returncode == 0


def test_a_users_program_is_checked_against_the_types_that_the_wheel_has(worker: Path) -> None:
    place = worker.parents[1] / "typed"
    place.mkdir()
    right, wrong = place / "till.py", place / "wrong.py"
    right.write_text(WORKER)
    wrong.write_text(WORKER.replace('schema="till"', "schema=1"))
    (place / "pyproject.toml").write_text('[tool.mypy]\nplugins = ["accompanist.mypy"]\n')
    options = ["--strict", "--cache-dir", str(place / "cache")]
    command = [sys.executable, "-m", "mypy", *options, "--python-executable", str(worker)]
    for script, code in ((right, 0), (wrong, 1)):
        told = subprocess.run([*command, script.name], cwd=place, capture_output=True, text=True, check=False)
        assert told.returncode == code, told.stdout
    assert 'Argument "schema" to "Worker" has incompatible type' in told.stdout


def test_each_use_without_its_extra_says_what_to_install(base: Path) -> None:
    config = deployment(base)
    for command, extra in ((["sidecar", "--service", "till"], "sidecar"), (["migrate"], "migrate")):
        told = run(base, "-c", PROGRAM, *command, "--config", config)
        assert told.returncode == 3, told.stderr
        assert "ACC814" in told.stderr and f"pip install 'accompanist[{extra}]'" in told.stderr
    serving = "import asyncio; from accompanist.rpc.server import serve; asyncio.run(serve({}, 'http://127.0.0.1:0'))"
    told = run(base, "-c", serving)
    assert "ACC814" in told.stderr and "accompanist[worker]" in told.stderr


def test_a_process_that_cannot_export_says_so_and_goes_on(base: Path) -> None:
    opening = (
        "import os; from accompanist.telemetry.export import open_telemetry; "
        "raise SystemExit(open_telemetry('till', os.environ).enabled)"
    )
    told = run(base, "-c", opening, OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:1")
    assert told.returncode == 0 and "telemetry.not_started" in told.stdout + told.stderr
    assert "accompanist[otel]" in told.stdout + told.stderr


def test_every_code_is_explained_whatever_is_installed(base: Path) -> None:
    load_catalogue()
    told = run(base, "-c", PROGRAM, "explain")
    assert told.returncode == 0, told.stderr
    assert {code for code in CATALOGUE if code not in told.stdout} == set()


def test_the_whole_is_what_a_sidecar_and_its_log_need(installed: Callable[..., Path]) -> None:
    python = installed("all")
    modules = "accompanist.sidecar.process, accompanist.log.provision, accompanist.telemetry.otlp, aiohttp"
    told = run(python, "-c", f"import {modules}")
    assert told.returncode == 0, told.stderr


def test_what_an_extra_brings_is_said_once_in_pyproject() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    for extra, modules in extras.MODULES.items():
        named = {re.split(r"[\[><=]", line)[0] for line in declared[extra]}
        assert named == {re.sub(r"[._]", "-", module) for module in modules}, extra
    of_deployments = [extra for extra in extras.MODULES if extra not in extras.OF_WORKERS]
    assert declared["all"] == [f"accompanist[{','.join(of_deployments)}]"]
