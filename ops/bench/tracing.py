"""What tracing costs: processor time of sidecars and workers for an order, without, with one trace in a hundred, and
with all.

    python -m ops.bench.tracing [--rounds 4] [--seconds 8] [--inflight 16] [--json]

Each of the three is a deployment of its own, on a Postgres of its own. All are up the whole time, and take turns: a
round is a piece of load for each. The collector is a process that reads what comes and keeps nothing. Figures are
medians of the rounds; shares are of the same round's deployment without traces.

Not promised: figures that can be compared between machines.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from ops.bench.client import Client
from ops.bench.floors.systems import Ours
from ops.bench.measuring import in_flight
from ops.idle import ran_ns
from ops.local import ROOT, Cluster, cluster

_COLLECTOR = """
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Post(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()
    def log_message(self, *_):
        pass

server = ThreadingHTTPServer(("127.0.0.1", 0), Post)
print(server.server_address[1], flush=True)
server.serve_forever()
"""
HUNDREDTH = {"OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.01"}
WAYS = ("off", "1 %", "full")
PARTS = ("sidecars", "workers")
Round = dict[str, dict[str, float]]


def turns(number: int) -> list[str]:
    """The order of a round: each deployment is first, second and last equally often."""
    return [WAYS[(number + at) % len(WAYS)] for at in range(len(WAYS))]


@contextmanager
def collector() -> Iterator[str]:
    """The address of a collector, in a process of its own."""
    with subprocess.Popen([sys.executable, "-c", _COLLECTOR], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        finally:
            process.kill()


def environment(way: str, endpoint: str) -> dict[str, str]:
    if way == "off":
        return {"OTEL_EXPORTER_OTLP_ENDPOINT": ""}
    return {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, **(HUNDREDTH if way == "1 %" else {})}


def ran_ms(running: Cluster) -> dict[str, float]:
    """How long a deployment's sidecars and workers have run, in milliseconds."""
    services = list(running.config.services)
    return {
        "sidecars": sum(ran_ns(running.pid(service)) for service in services) / 1e6,
        "workers": sum(ran_ns(running.pid(f"{service}-worker")) for service in services) / 1e6,
    }


async def measure(deployments: dict[str, Cluster], rounds: int, loops: int, seconds: float) -> list[Round]:
    """For each round and deployment the milliseconds of processor time an order, by part, and the orders a second."""
    clients = {way: Ours(Client(one.config.service("warehouse").api), []) for way, one in deployments.items()}
    found: list[Round] = []
    try:
        for number in range(rounds + 1):
            of_round: Round = {}
            for way in turns(number):
                running = deployments[way]
                before = ran_ms(running)
                took, needed = await in_flight(clients[way], loops, seconds if number else 2.0)
                await asyncio.sleep(1.5)  # what was recorded is exported within a second
                after = ran_ms(running)
                of_round[way] = {part: (after[part] - before[part]) / len(took) for part in PARTS}
                of_round[way]["orders/s"] = len(took) / needed
            found.append(of_round)
    finally:
        for client in clients.values():
            await client.close()
    return found[1:]  # the first one warms up


def table(rounds: list[Round]) -> Iterator[str]:
    for way in WAYS:
        shares = [
            f"{part} {statistics.median(one[way][part] for one in rounds):6.2f} ms "
            f"({statistics.median(one[way][part] / one['off'][part] - 1 for one in rounds):+5.1%})"
            for part in PARTS
        ]
        yield f"{way:<5}" + "   ".join(shares)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m ops.bench.tracing", description=(__doc__ or "").split(":", 1)[0])
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--inflight", type=int, default=16)
    parser.add_argument("--directory", type=Path, default=ROOT / "var" / "tracing")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    with ExitStack() as undo:
        endpoint = undo.enter_context(collector())
        deployments = {}
        for way in WAYS:
            directory = asked.directory / way.replace(" %", "")
            directory.mkdir(parents=True, exist_ok=True)
            environ = {"DATABASE_URL": "", **environment(way, endpoint)}
            log_file = directory / "processes.log"
            deployments[way] = undo.enter_context(cluster(directory, environ, log_file=log_file))
        found = asyncio.run(measure(deployments, asked.rounds, asked.inflight, asked.seconds))
    if asked.json:
        print(json.dumps(found))
    else:
        print("\n".join(table(found)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
