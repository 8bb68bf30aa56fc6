"""An error that ends a command, on standard error, and the exit code.

    0  done          2  usage: the command line itself        4  ours: a bug
    1  the choreography, the arguments, or the peer           3  the deployment: configuration, database, ports
    5  unfinished: a saga still open, a search that           6  `verify` and `simulate`: nothing failed, but no run
       reached its bound                                         settled

With --json an error is one JSON object on one line, as results are: `{"error": {code, title, text, hint, fault}}`.
"""

from __future__ import annotations

import sys
from typing import Any

from accompanist import terminal
from accompanist.errors import AccompanistError

EXIT = {"author": 1, "peer": 1, "operator": 3, "ours": 4}


def told(problem: AccompanistError, as_json: bool) -> int:
    """Print an error, and return the exit code."""
    problem.advised()
    if as_json:
        print(encode({"error": problem.as_json()}), file=sys.stderr)
    else:
        print(terminal.lines(f"error {problem}"), file=sys.stderr)
    return EXIT[problem.fault]


def encode(value: Any) -> str:
    """A value as JSON on one line, for a terminal."""
    import msgspec

    return terminal.json(msgspec.json.encode(value).decode())
