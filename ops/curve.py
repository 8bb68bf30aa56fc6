"""Measures how long a choreography takes to compile, by its number of lines and of roles.

    python -m ops.curve [--rounds R] [--json]

Every program is generated: roles in a ring that send a value on, call and branch. Each figure is CPU time, the smallest
of the rounds, because other work of the machine only adds to it. A program beyond a bound is refused, and that has to
be quick, too. Near-linear means that the time for each line stays the same.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from typing import Any

from accompanist.language.compile import Compiled, compile_file

LINES = (10, 100, 300, 1_000, 3_000, 10_000)
ROLES = (2, 8, 32, 200)
_FILE = "/project/choreography.py"
_HEAD = """\
from accompanist import At, Role, choreography, com, query

class Worker(Role):
    @query
    def step(self, number: int) -> int: ...

@choreography
def made_up({roles}, start: At[int, "r0"]) -> None:
    v0 = start
"""


def long(lines: int, roles: int = 4) -> str:
    """A choreography of so many lines; one in ten is a branch."""
    body: list[str] = []
    at = 0
    while len(body) < lines:
        to = (at + 1) % roles
        body += [f"    v{to} = r{to}.step(com(v{at}, to=r{to}))", f"    v{to} = v{to} * 3 + {len(body)}"]
        if len(body) % 20 == 0:
            body += [f"    if v{to} % 7 == 0:", f"        r{to}.step(v{to})"]
        at = to
    return _head(roles) + "\n".join(body) + "\n"


def wide(roles: int) -> str:
    """A choreography of so many roles, three turns around the ring."""
    return long(6 * roles, roles)


def _head(roles: int) -> str:
    return _HEAD.format(roles=", ".join(f"r{number}: Worker" for number in range(roles)))


def compiled(source: str) -> Compiled:
    return compile_file(_FILE, root="/project", read={_FILE: source}.get)


def measured(make: Callable[[int], str], size: int, rounds: int) -> dict[str, Any]:
    """One point of a curve."""
    source, took = make(size), []
    for _ in range(rounds):
        began = time.process_time()
        result = compiled(source)
        took.append(time.process_time() - began)
    said = "compiled" if result.ok else "refused: " + ", ".join(sorted({one.code for one in result.diagnostics}))
    lines = source.count("\n")
    return {"size": size, "lines": lines, "ms": min(took) * 1000, "us_per_line": min(took) * 1e6 / lines, "said": said}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m ops.curve", description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    curves = {
        "lines": [measured(long, size, asked.rounds) for size in LINES],
        "roles": [measured(wide, size, asked.rounds) for size in ROLES],
    }
    if asked.json:
        print(json.dumps(curves))
        return 0
    for name, points in curves.items():
        for point in points:
            figures = f"{point['ms']:9.1f} ms {point['us_per_line']:8.0f} us a line"
            print(f"compile, {point['size']:>6} {name} {figures}   {point['said']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
