"""`accompanist sidecar --service NAME`: runs a service's sidecar in the foreground."""

from __future__ import annotations

import os
from pathlib import Path

from accompanist import extras
from accompanist.sidecar import config as configuration


def sidecar(config: Path | None, service: str) -> int:
    """Run the sidecar, and return its exit code. Raises OperatorError."""
    extras.require("sidecar", "a sidecar")
    deployment = configuration.load(config, os.environ)
    deployment.service(service)  # report a wrong name before the imports
    from accompanist.sidecar.process import run

    return run(deployment, service)
