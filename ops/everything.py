"""Runs the targets of CONTRIBUTING that end by themselves, one after the other, and prints a summary.

Left out are `soak` and `verify-long`, which take long; `advisories`, which needs the network; and `prove`,
`projection-check` and `cross-check`, which need Coq and SPIN.

    python -m ops.everything [TARGET ...] [--json]

Each target is run by make, as a user would run it. The tests run once more on every other Python of this machine, each
in an environment of its own under var/. The output of a target goes to var/everything/TARGET.log; its last line and its
time are shown. If a target fails, the others still run, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from dataclasses import asdict, dataclass

from ops import pythons
from ops.local import ROOT

TARGETS = (
    "check",
    "test",
    *(f"test-{version}" for version in pythons.others()),
    "verify",
    "conformance",
    "simulate",
    "simulate-planted",
    "demo",
    "chaos",
    "bench",
)
LOGS = ROOT / "var" / "everything"


@dataclass(frozen=True)
class Ran:
    """One target: how it ended, after how long, and the last thing that it printed."""

    target: str
    exit_code: int
    seconds: float
    last: str

    def line(self) -> str:
        mark = "ok" if self.exit_code == 0 else "NO"
        return f"{mark} {self.target:<17} {self.seconds:7.0f} s  {self.last}"


def command(target: str) -> list[str] | None:
    """What make is asked for; None: the Python that it takes is not installed."""
    _, _, version = target.partition("test-")
    if not version:
        return ["make", target]
    python = pythons.find(version)
    return None if python is None else ["make", "test", f"PYTHON={python}", f"VENV=var/python{version}"]


def run(target: str) -> Ran:
    asked = command(target)
    if asked is None:
        return Ran(target, 0, 0.0, "skipped: this Python is not installed here")
    log = LOGS / f"{target}.log"
    began = time.monotonic()
    with log.open("wb") as output:
        code = subprocess.run(
            asked, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, check=False
        ).returncode
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    told = [line for line in lines if not line.startswith("make: ")]
    return Ran(target, code, time.monotonic() - began, told[-1].strip() if told else "")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m ops.everything", description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("targets", nargs="*", choices=[*TARGETS, []], metavar="TARGET", help=", ".join(TARGETS))
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    chosen = asked.targets or TARGETS
    LOGS.mkdir(parents=True, exist_ok=True)
    ran = []
    for target in chosen:
        print(f"   {target} ... ({LOGS / target}.log)", file=sys.stderr, flush=True)
        ran.append(run(target))
        print(ran[-1].line(), file=sys.stderr if asked.json else sys.stdout, flush=True)
    if asked.json:
        print(json.dumps([asdict(one) for one in ran]))
    failed = [one.target for one in ran if one.exit_code]
    if failed:
        print(f"FAILED: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
