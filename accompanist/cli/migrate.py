"""`accompanist migrate`: migrates the logs up to this program's revision, removes them, or prints their SQL."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Literal

import typer

from accompanist import extras
from accompanist.cli.output import show
from accompanist.log import contract
from accompanist.sidecar import config as configuration
from accompanist.sidecar.config import Service


def migrate(config: Path | None, service: str, database: str, *, down: bool, bootstrap: bool, as_json: bool) -> None:
    """Migrate the logs. Raises OperatorError."""
    extras.require("migrate", "`accompanist migrate`")
    deployment = configuration.load(config, os.environ)
    chosen = [deployment.service(service)] if service else list(deployment.services.values())
    asyncio.run(_migrate(chosen, database, "down" if down else "up", bootstrap))
    done = {one.name: "down" if down else "head" for one in chosen}
    show({"migrated": done}, as_json, "\n".join(f"{name}: {state}" for name, state in done.items()))


def sql(config: Path | None, service: str, *, as_json: bool) -> None:
    """The contract of one service's log. Raises OperatorError, and BadParameter where it is to be said which one."""
    deployment = configuration.load(config, os.environ)
    if not service and len(deployment.services) > 1:
        raise typer.BadParameter(f"of which one? there are {', '.join(deployment.services)}", param_hint="--service")
    one = deployment.service(service or next(iter(deployment.services), ""))
    show(contract.files(one.name, one.schema), as_json, contract.script(one.name, one.schema))


async def _migrate(services: list[Service], database: str, direction: Literal["up", "down"], bootstrap: bool) -> None:
    from accompanist.log import provision

    if bootstrap:
        by_database: dict[str, dict[str, str]] = {}
        for service in services:
            by_database.setdefault(database or service.needs_database(), {})[service.name] = service.schema
        for dsn, schemas in by_database.items():
            await provision.bootstrap(dsn, schemas)
    for service in services:
        await provision.migrate(database or service.needs_database(), service.name, service.schema, direction)
