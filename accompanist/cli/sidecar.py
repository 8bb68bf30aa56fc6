"""`accompanist sidecar --service NAME`: one service's sidecar, in the foreground."""

from __future__ import annotations

import os
from pathlib import Path

from accompanist.sidecar import config as configuration


def sidecar(config: Path | None, service: str) -> int:
    """The process's exit code. Raises OperatorError."""
    deployment = configuration.load(config, os.environ)
    deployment.service(service)  # a wrong name is told before anything is imported or connected
    from accompanist.sidecar.process import run

    return run(deployment, service)
