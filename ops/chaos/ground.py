"""The deployment under attack: its processes, the proxies between them, and their health.

A layout describes how it is built. In the usual one each service has two sidecars, and every edge has a proxy
(`proxy.py`):

    db:NAME      between a sidecar or worker and Postgres, a Unix socket of its own
    call:NAME    between a sidecar and its worker, `tcp:` on loopback

The processes are the Procfile's, each with a keeper that restarts it. So is Postgres, with restart_after_crash=off, so
that a crash is not hidden. Faults name the processes: `warehouse`, `warehouse-2`, `payment-worker`, `postgres`.
"""

from __future__ import annotations

import asyncio
import inspect
import os
import signal
import tempfile
import time
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import asyncpg

from accompanist import postgres_server as postgres
from accompanist.log import names
from ops.chaos.proxy import Edges
from ops.local import ROOT, Cluster, cluster

if TYPE_CHECKING:
    from ops.chaos.load import Load

SERVICES = ("warehouse", "payment", "loyalty")
STEP_S = 0.05
PATIENCE_S = 90.0
COLLECT_AFTER_S = 45
POSTGRES = {"restart_after_crash": "off", "max_wal_size": "64MB", "min_wal_size": "32MB"}
AGES = {f"ACCOMPANIST_SERVICE_{service.upper()}_COLLECT_AFTER_S": str(COLLECT_AFTER_S) for service in SERVICES}


def early_release(services: Collection[str]) -> dict[str, str]:
    """What has these services release messages early (docs/durability.md)."""
    return {f"ACCOMPANIST_SERVICE_{service.upper()}_EARLY_RELEASE": "true" for service in services}


class NotHealed(RuntimeError):
    """Something that has to be there again after a fault is not. The text says what."""


@dataclass(frozen=True)
class Layout:
    """How a deployment is built. `replicas`: sidecars a service; `lacks` says what this machine has not that it
    needs, or nothing; `around` is there before it and after, e.g. its disk; `between` stands on its edges; `apart`:
    each service has a database for itself; `plain`: services whose worker keeps no fence; `config`: its file, made
    for a directory; `kinds`: of orders, where they are not the usual ones; `hostile`: the service that is not judged,
    and lies."""

    name: str
    replicas: int = 2
    environ: Mapping[str, str] = field(default_factory=dict)
    postgres: Mapping[str, str] = field(default_factory=dict)
    lacks: Callable[[], str] | None = None
    around: Callable[[Path], Any] | None = None
    between: Callable[[Ground], Any] | None = None
    apart: bool = False
    plain: Collection[str] = ()
    config: Callable[[Path], Path] = lambda directory: ROOT / "accompanist.toml"
    kinds: Mapping[str, int] | None = None
    hostile: str = ""


class Ground:
    """A running deployment and what can be done to it."""

    def __init__(self, layout: Layout, running: Cluster, edges: Edges, sockets: Path) -> None:
        self.layout = layout
        self.running = running
        self.edges = edges
        self.sockets = sockets
        self.sidecars = [_replica(service, n) for n in range(layout.replicas) for service in SERVICES]
        self.workers = [f"{service}-worker" for service in SERVICES]
        self.asked = [name for name in self.sidecars if service_of(name) == SERVICES[0]]
        """Those that clients know: the initiator's."""
        self.place: Any = None
        """What `layout.around` gave, e.g. the disk."""
        self.extra: dict[str, dict[str, str]] = {}
        """Variables for one process alone, by its name; `layout.between` sets them."""
        self.load: Load | None = None
        """Who is ordering; the runner says so."""

    # -- building ----------------------------------------------------------------------------------

    def arrange(self, between: ExitStack) -> None:
        """Put proxies on the edges and write the Procfile that sends everybody through them."""
        server = str(postgres.socket_place(self.running.run) / postgres.SOCKET_NAME)
        for name in (*self.sidecars, *self.workers):
            (self.sockets / name).mkdir()
            self.edges.unix(f"db:{name}", self.sockets / name / postgres.SOCKET_NAME, server, postgres=True)
        if self.layout.between is not None:
            between.enter_context(self.layout.between(self))
        lines = [self._sidecar_line(name) for name in self.sidecars] + [self._worker_line(w) for w in self.workers]
        self.procfile.write_text("\n".join(lines) + "\n")

    @property
    def procfile(self) -> Path:
        return self.running.directory / "Procfile"

    def dsn(self, name: str, user: str) -> str:
        """The address of Postgres as a process reaches it: through its edge."""
        return f"postgresql://{user}@/postgres?host={self.sockets / name}"

    def database(self, name: str, service: str) -> str:
        """Where a process finds the log of a service."""
        return self.running.in_own_database(service, self.dsn(name, names.sidecar_role(service)))

    def _sidecar_line(self, name: str) -> str:
        service = service_of(name)
        role = next(iter(self.running.config.service(service).workers))
        port = self.edges.tcp(f"call:{name}", str(self.running.run / f"{service}-{role.lower()}.sock"))
        told = {f"ACCOMPANIST_SERVICE_{s.upper()}_DATABASE": self.database(name, s) for s in SERVICES}
        told[f"ACCOMPANIST_SERVICE_{service.upper()}_API"] = f"http+unix:{self.api(name)}"
        told[f"ACCOMPANIST_SERVICE_{service.upper()}_WORKER_{role.upper()}"] = f"tcp:127.0.0.1:{port}"
        file = f'"$ACCOMPANIST_RUN/{name}.env"'
        command = f"sh -c 'test ! -e {file} || . {file}; exec accompanist sidecar --service {service}'"
        return self._line(name, told | self.extra.get(name, {}), command)

    def _worker_line(self, name: str) -> str:
        service = name.removesuffix("-worker")
        dsn = self.running.in_own_database(service, self.dsn(name, names.worker_role(service)))
        told = {f"{service.upper()}_WORKER_DATABASE": dsn}
        command = f"python -m workers.orders.{service} --service {service} --install"
        if service in self.layout.plain:
            command = f"python -m ops.chaos.plain_{service}"
        return self._line(name, told | self.extra.get(name, {}), command)

    def _line(self, name: str, told: Mapping[str, str], command: str) -> str:
        variables = " ".join(f"{key}='{value}'" for key, value in told.items())
        keep = f'accompanist keep --pid-file "$ACCOMPANIST_RUN/{name}.pid"'
        return f"{name}: {variables} exec {keep} -- {command}"

    def tell(self, name: str, **variables: str) -> None:
        """What a sidecar finds in its environment whenever it is started from now on; with nothing, what it found at
        first."""
        file = self.running.run / f"{name}.env"
        file.write_text("".join(f"export {key}='{value}'\n" for key, value in variables.items()))

    def sidecars_of(self, service: str) -> list[str]:
        return [name for name in self.sidecars if service_of(name) == service]

    # -- looking -----------------------------------------------------------------------------------

    def api(self, name: str) -> Path:
        return self.running.run / f"{name}-api.sock"

    def pid(self, name: str) -> int:
        return self.running.pid(name)

    def said(self, text: str) -> int:
        """How many lines of all that the processes printed have this in them."""
        with (self.running.directory / "processes.log").open(errors="replace") as lines:
            return sum(text in line for line in lines)

    async def sql(self, query: str, *arguments: object, service: str = "") -> list[Any]:
        """Rows, asked of Postgres directly, as its administrator, in the database of a service; asked again while it
        is away."""
        dsn = self.running.in_own_database(service, self.running.admin_dsn)
        until = time.monotonic() + PATIENCE_S
        while True:
            try:
                connection = await asyncpg.connect(dsn, timeout=5)
                try:
                    return list(await connection.fetch(query, *arguments, timeout=30))
                finally:
                    await connection.close(timeout=2)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
                if time.monotonic() > until:
                    raise
                await asyncio.sleep(0.2)

    async def value(self, query: str, *arguments: object, service: str = "") -> Any:
        return (await self.sql(query, *arguments, service=service))[0][0]

    async def page(self, name: str, path: str) -> tuple[int, dict[str, Any]]:
        """A sidecar's /health or /ready. Raises OSError or aiohttp.ClientError."""
        connector = aiohttp.UnixConnector(str(self.api(name)))
        patience = aiohttp.ClientTimeout(total=3)
        async with (
            aiohttp.ClientSession(connector=connector, timeout=patience) as session,
            session.get(f"http://sidecar{path}") as answer,
        ):
            return answer.status, await answer.json(content_type=None)

    async def ready(self, name: str) -> bool:
        """A sidecar says so; a worker accepts connections."""
        try:
            if name in self.sidecars:
                return (await self.page(name, "/ready"))[0] == 200
            if name == "postgres":
                return not self.running.without_postgres()
            service = self.running.config.service(service_of(name))
            _, writer = await asyncio.open_unix_connection(next(iter(service.workers.values())).removeprefix("unix:"))
            writer.close()
            return True
        except (OSError, aiohttp.ClientError, TimeoutError, ValueError):
            return False

    async def until(self, there: Callable[[], bool | Awaitable[bool]], what: str, seconds: float = PATIENCE_S) -> float:
        """Wait for it; how long that took. Raises NotHealed."""
        began = time.monotonic()
        while True:
            found = there()
            if inspect.isawaitable(found):
                found = await found
            if found:
                return time.monotonic() - began
            if time.monotonic() - began > seconds:
                raise NotHealed(f"{what}: not within {seconds:.0f} s")
            await asyncio.sleep(STEP_S)

    async def all_ready(self) -> float:
        """Until every process works."""
        began = time.monotonic()
        for name in ("postgres", *self.workers, *self.sidecars):
            await self.until(lambda name=name: self.ready(name), f"{name} is ready")  # type: ignore[misc]
        return time.monotonic() - began

    # -- doing -------------------------------------------------------------------------------------

    def signal(self, name: str, number: signal.Signals) -> int:
        """Send it, by pid; which process got it. 0: there was none just then."""
        try:
            pid = self.pid(name)
            os.kill(pid, number)
            return pid
        except ProcessLookupError:
            return 0

    async def kill(self, *victims: str) -> int:
        """SIGKILL to all of them at once; how many died. Returns when each has been started again."""
        pids = {name: pid for name in victims if (pid := self.signal(name, signal.SIGKILL))}
        for name, pid in pids.items():
            await self.reborn(name, pid)
        return len(pids)

    async def reborn(self, name: str, before: int) -> None:
        """Until another process stands in its place."""

        def other() -> bool:
            try:
                return self.pid(name) != before
            except ProcessLookupError:
                return False

        await self.until(other, f"{name} is started again")

    def heal(self) -> None:
        """Undo what a fault may have left behind."""
        self.edges.heal()
        for name in (*self.sidecars, *self.workers, "postgres"):
            with suppress(ProcessLookupError):
                os.kill(self.pid(name), signal.SIGCONT)


@contextmanager
def ground(layout: Layout, directory: Path) -> Iterator[Ground]:
    """The layout, up; down at the end. Call it on the main thread."""
    directory.mkdir(parents=True, exist_ok=True)
    with ExitStack() as undo:
        sockets = Path(undo.enter_context(tempfile.TemporaryDirectory(prefix="accompanist-edges-")))
        edges = Edges()
        undo.callback(edges.close)
        between = undo.enter_context(ExitStack())
        place = undo.enter_context(layout.around(directory)) if layout.around is not None else None
        made: list[Ground] = []

        def arrange(running: Cluster) -> None:
            built = Ground(layout, running, edges, sockets)
            built.place = place
            built.arrange(between)
            made.append(built)

        undo.enter_context(
            cluster(
                directory,
                {**AGES, **layout.environ},
                procfile=directory / "Procfile",
                config_file=layout.config(directory),
                log_file=directory / "processes.log",
                postgres_settings={**POSTGRES, **layout.postgres},
                apart=SERVICES if layout.apart else (),
                arrange=arrange,
            )
        )
        yield made[0]


def _replica(service: str, number: int) -> str:
    return service if number == 0 else f"{service}-{number + 1}"


def service_of(name: str) -> str:
    """Whose process it is."""
    return name.partition("-")[0]
