"""The entry point of the program `accompanist`.

`keep` runs without typer and its imports, to save memory: there are many keepers, and each runs as long as its command.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command, and return the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given[:1] == ["keep"] and "--" in given:
        from accompanist.cli.keep import main as keep

        return keep(given[1:])
    from accompanist.cli.app import app

    app(given)
    return 0  # not reached: typer exits


if __name__ == "__main__":
    sys.exit(main())
