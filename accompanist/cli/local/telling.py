"""What `accompanist dev` says when all is up: where the services answer, and how to start each saga.

The arguments that it shows are generated from the types of the choreography's parameters, so the line can be pasted
into a shell. Not promised: that the workers accept them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from accompanist.cli.local.cluster import LocalCluster
from accompanist.language.compile import Compiled
from accompanist.language.program.load import load
from accompanist.language.program.program import Choreography
from accompanist.simulation.search.values import Maker, constants


def announcement(running: LocalCluster, root: Path, read: Sequence[Compiled]) -> str:
    """The text; `read` are the project's files of choreographies, without mistakes."""
    width = max((len(name) for name in running.config.services), default=0)
    lines = ["", "All is up. The services answer JSON-RPC at:"]
    lines += [f"  {one.name:<{width}}  {one.api}" for one in running.config.services.values()]
    lines += ["Start a saga in another terminal, in this directory:"]
    lines += [f"  {line}" for one in read for line in _starts(one.choreographies, root)]
    lines += ["See what became of it:", "  accompanist sessions list", "  accompanist sessions show ID"]
    if running.own_postgres:
        lines += ["What asks Postgres itself (doctor, fence, psql) needs its address:"]
        lines += [f"  export DATABASE_URL='{running.admin_dsn}'"]
    return "\n".join([*lines, "Ctrl-C stops everything; the data stays.", ""])


def _starts(choreographies: Sequence[Choreography], root: Path) -> Iterator[str]:
    for one in choreographies:
        if one.initiator is not None:
            arguments = json.dumps(example(one, root)).replace("'", "'\\''")
            yield f"accompanist start {one.name} --role {one.initiator} --wait --args '{arguments}'"


def example(choreography: Choreography, root: Path) -> dict[str, object]:
    """Arguments of a choreography, as JSON. Imports its module."""
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    assert choreography.initiator is not None
    types = load(choreography, choreography.initiator).parameter_types
    maker = Maker(constants(choreography))
    return {name: maker.make(type, name)[0] for name, type in types.items()}
