"""The program `accompanist`: picks the command line's way in.

`keep` is spared typer and all that comes with it: keepers live as long as what they keep, and there are many.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given[:1] == ["keep"] and "--" in given:
        from accompanist.cli.keep import main as keep

        return keep(given[1:])
    from accompanist.cli.app import app

    app(given)
    return 0  # not reached: typer exits


if __name__ == "__main__":
    sys.exit(main())
