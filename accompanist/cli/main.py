"""The entry point of the program `accompanist`.

`keep` and `sidecar` run without typer and its imports, to save memory: there are many of both, and they run for long.
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
    if given[:1] == ["sidecar"]:
        from accompanist.cli.sidecar import main as sidecar

        if (code := sidecar(given[1:])) is not None:
            return code
    from accompanist.cli.app import app

    app(given)
    return 0  # not reached: typer exits


if __name__ == "__main__":
    sys.exit(main())
