"""`accompanist init`: what it refuses, what it writes, and that what it writes is accepted and runs."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from accompanist.cli.main import main
from accompanist.cli.scaffold import naming, rendering, writing
from accompanist.cli.source import compiled
from accompanist.errors import AuthorError
from accompanist.sidecar import config

SERVICES = "agency,flight,hotel"


def absent(name: str) -> bool:
    return False


def made(place: Path, services: str = SERVICES) -> Path:
    files = rendering.project(writing.template("plain"), place.name, naming.services(services))
    writing.write(files, place)
    return place


@pytest.fixture(scope="module")
def trip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("made") / "trip")


def tool(place: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", *command], cwd=place, capture_output=True, text=True, check=False)


# -- names ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("listed", "code", "said", "hint"),
    [
        ("Flight,hotel", "ACC870", "'Flight' cannot be the name of a service", "write flight"),
        ("orderDesk,hotel", "ACC870", "cannot be", "write order_desk"),
        ("order-desk,hotel", "ACC870", "cannot be", "write order_desk"),
        ("order__desk,hotel", "ACC870", "cannot be", "write order_desk"),
        ("2flights,hotel", "ACC870", "cannot be", "write flights"),
        ("flüge,hotel", "ACC870", "cannot be", "write fl_ge"),
        ("--,hotel", "ACC870", "cannot be", "write order_desk, for example"),
        ("flight,,hotel", "ACC870", "is empty", "write shop, for example"),
        ("", "ACC870", "is empty", "write shop, for example"),
        ("class,hotel", "ACC870", "word of Python's", "write class_service"),
        ("list,hotel", "ACC870", "Python's or of the language's", "write list_service"),
        ("exception,hotel", "ACC870", "Python's or of the language's", "write exception_service"),
        ("role,hotel", "ACC870", "Python's or of the language's", "write role_service"),
        ("com,hotel", "ACC870", "word that a choreography uses", "write com_service"),
        ("request,hotel", "ACC870", "word that a choreography uses", "write request_service"),
        ("pg_stock,hotel", "ACC870", "Postgres's own", "write stock_service"),
        ("public,hotel", "ACC870", "Postgres's own", "write public_service"),
        ("stock_worker,hotel", "ACC870", "ends in '_worker'", "write stock"),
        ("a" * 25 + ",hotel", "ACC870", "at most 24", "write " + "a" * 24),
        ("flight,flight", "ACC871", "named twice", "name each service once"),
        ("ab,a_b", "ACC871", "one class", "another name"),
        ("flight", "ACC871", "1 given; a new project has from 2 to 12", ""),
        (",".join(f"s{n}" for n in range(13)), "ACC871", "13 given", ""),
    ],
)
def test_services_that_are_refused(listed: str, code: str, said: str, hint: str) -> None:
    with pytest.raises(AuthorError, match=said) as refused:
        naming.services(listed)
    assert refused.value.code == code
    assert hint in refused.value.hint


def test_what_is_told_to_be_written_instead_is_accepted() -> None:
    for name in ("Flight", "orderDesk", "order-desk", "2flights", "class", "list", "com", "pg_stock", "stock_worker"):
        with pytest.raises(AuthorError) as refused:
            naming.check_service(name)
        naming.check_service(refused.value.hint.removeprefix("write "))


@pytest.mark.parametrize("name", ["json", "accompanist", "tests", "My Shop", "", "import"])
def test_projects_that_are_refused(name: str) -> None:
    with pytest.raises(AuthorError) as refused:
        naming.check_project(name, absent)
    assert refused.value.code == "ACC870" and refused.value.hint.startswith("write ")


def test_a_project_does_not_hide_a_package_that_is_installed() -> None:
    with pytest.raises(AuthorError, match="is installed here"):
        naming.check_project("trip", lambda name: name == "trip")


# -- the place -------------------------------------------------------------------------------------------


def ask(place: Path, *more: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["init", str(place), *more])
    return int(ended.value.code or 0)


def test_a_directory_with_something_in_it_is_left_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "thesis.txt").write_text("years")
    assert ask(tmp_path / "shop") != 0
    assert "ACC872" in (said := capsys.readouterr().err) and "thesis.txt" in said
    assert [file.name for file in (tmp_path / "shop").iterdir()] == ["thesis.txt"]
    (tmp_path / "desk").write_text("")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for place in ("desk", "link"):
        assert ask(tmp_path / place) != 0
        assert "is not a directory" in capsys.readouterr().err


def test_nothing_is_written_if_a_name_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask(tmp_path / "shop", "--services", "a,A") != 0
    assert "ACC870" in capsys.readouterr().err
    assert ask(tmp_path / "My-Shop") != 0
    assert "write my_shop" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_repository_and_an_environment_may_be_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "shop" / ".git").mkdir(parents=True)
    (tmp_path / "shop" / ".venv").mkdir()
    assert ask(tmp_path / "shop", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["services"] == ["orders", "payment", "shipping"]
    assert all((tmp_path / "shop" / file).is_file() for file in told["files"])


def test_a_project_is_of_one_kind(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask(tmp_path / "shop", "--plain", "--fastapi") == 2
    assert "of one kind" in capsys.readouterr().err
    assert ask(tmp_path / "shop", "--django") == 2
    assert "--plain and --fastapi" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


# -- what is written -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "services",
    [
        "a,b",
        "alphabet,betamax",
        "beta,alpha",
        "zoo,yard,x9,w_1",
        ",".join(f"a_service_of_many_{n}" for n in range(100, 112)),
    ],
)
def test_whatever_the_services_the_choreography_and_the_configuration_are_accepted(
    services: str, tmp_path: Path
) -> None:
    place = made(tmp_path / "project_of_mine", services)
    names = services.split(",")
    found = compiled(place / "project_of_mine" / "choreography.py")
    assert found.ok and [one.roles for one in found.choreographies] == [tuple(names)]
    deployment = config.load(place / "accompanist.toml", {})
    assert list(deployment.services) == names
    assert len({one.api for one in deployment.services.values()}) == len(names)
    procfile = (place / "Procfile").read_text()
    for name in names:
        assert f"\n{name}: " in procfile and f"-m project_of_mine.{name}.worker " in procfile
    texts = {file: file.read_text() for file in place.rglob("*") if file.is_file()}
    left = [str(file) for file, text in texts.items() if "project_name" in f"{file}{text}"]
    assert left == []
    linted = tool(place, "ruff", "check"), tool(place, "ruff", "format", "--check")
    assert [one.stdout for one in linted if one.returncode] == []


def test_a_template_may_go_on_from_a_file_of_another() -> None:
    assert rendering.laid_over({"a": "1\n", "b": "2\n"}, {"b.more": "3\n", "c": "4\n"}) == {
        "a": "1\n",
        "b": "2\n3\n",
        "c": "4\n",
    }


def test_a_fastapi_project_has_its_application(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask(tmp_path / "trip", "--fastapi", "--services", SERVICES) == 0
    place = tmp_path / "trip"
    assert "\nweb: exec accompanist keep" in (place / "Procfile").read_text()
    assert {"accompanist[all,local]", "fastapi", "uvicorn"} <= set((place / "requirements.txt").read_text().split())
    assert 'os.environ.get("AGENCY_API", "http://127.0.0.1:7101")' in (place / "trip" / "web.py").read_text()
    linted = tool(place, "ruff", "check"), tool(place, "ruff", "format", "--check")
    assert [one.stdout for one in linted if one.returncode] == []


@pytest.mark.slow
def test_a_data_error_is_found_and_nothing_else(trip: Path, tmp_path: Path) -> None:
    checkers: dict[str, Callable[[], subprocess.CompletedProcess[str]]] = {
        "mypy": lambda: tool(trip, "mypy", "--cache-dir", str(tmp_path / "cache"), "trip", "tests"),
        "pyright": lambda: tool(trip, "pyright", "--pythonpath", sys.executable, "trip", "tests"),
    }
    for name, check in checkers.items():
        told = check()
        assert told.returncode == 0, f"{name}: {told.stdout}{told.stderr}"
    file = trip / "trip" / "choreography.py"
    right = file.read_text()
    file.write_text(right.replace("hotel.reserve(com(request, to=hotel))", "hotel.reserve(com(3, to=hotel))"))
    try:
        for name, check in checkers.items():
            told = check()
            assert told.returncode == 1 and "1 error" in told.stdout, f"{name}: {told.stdout}"
            assert "choreography.py:28:" in told.stdout and "Request" in told.stdout, f"{name}: {told.stdout}"
    finally:
        file.write_text(right)


@pytest.mark.slow
def test_mypy_still_asks_for_what_another_function_returns(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.mypy]\nstrict = true\nplugins = ["accompanist.mypy"]\n')
    (tmp_path / "till.py").write_text(
        "from accompanist import Role, query, transaction\n"
        "class Desk(Role):\n"
        "    @transaction(retriable=True)\n"
        "    def count(self, cents: int) -> int: ...\n"
        "class Till(Desk):\n"
        "    @query\n"
        "    def total(self) -> int:\n"
        '        """All of it."""\n'
        "    def helper(self) -> int: ...\n"
        "class Other:\n"
        "    @query\n"
        "    def total(self) -> int: ...\n"
        "def reckon(cents: int) -> int: ...\n"
    )
    told = tool(tmp_path, "mypy", "--cache-dir", str(tmp_path / "cache"), "till.py")
    assert [line.split(":")[1] for line in told.stdout.splitlines() if "empty-body" in line] == ["9", "12", "13"]


@pytest.mark.slow
def test_the_projects_own_tests_pass(trip: Path) -> None:
    told = tool(trip, "pytest", "-q", "-p", "no:cacheprovider", "tests/test_saga.py")
    assert told.returncode == 0 and "4 passed" in told.stdout, told.stdout


@pytest.mark.postgres
def test_the_projects_workers_reserve_and_release(trip: Path) -> None:
    told = tool(trip, "pytest", "-q", "-p", "no:cacheprovider", "tests/test_workers.py")
    assert told.returncode == 0 and "2 passed" in told.stdout, told.stdout
