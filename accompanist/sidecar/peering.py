"""How each peer is reached: by our own commits in the same database, or through its sidecar.

A peer in our database needs nothing: our commit writes its inbox. A peer in another database needs the address of its
sidecar (`listen`, or `url` in [peers]), a token of ours, and a line for us in its token file.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

from accompanist.errors import OperatorError, catalogue
from accompanist.rpc import tokens
from accompanist.rpc.access import Access
from accompanist.rpc.client import WorkerClient, connect
from accompanist.sidecar.api import rights
from accompanist.sidecar.config import Config, Service

UNREACHABLE = catalogue(
    "ACC705",
    "no way to a peer",
    "A service has its log in another database, but the address of its sidecar, or our token for it, is not "
    "configured: messages for it would wait for ever.",
    "Set `listen` of the peer (or `url` under [peers.NAME]), and a token for it under `peer_tokens` of this service. "
    "Or keep both logs in one database, each in its own schema.",
)
NO_PEERS = catalogue(
    "ACC721",
    "peers are not known",
    "At `listen` a service accepts messages of services in other databases, and identifies each by its token.",
    "Set `peer_token_file` to a file with one line for each peer: `SERVICE deliver TOKEN`.",
)


class Peering(NamedTuple):
    """`schemas`: the peers in our database, ourselves included, and their schemas. `couriers`: the others."""

    schemas: dict[str, str]
    couriers: dict[str, WorkerClient]


def peering(config: Config, service: Service) -> Peering:
    """How a service reaches its peers. Raises OperatorError for a peer that cannot be reached."""
    ours = _place(service.database)
    schemas: dict[str, str] = {}
    couriers: dict[str, WorkerClient] = {}
    for peer in config.peers_of(service.name).values():
        if peer.name == service.name or (peer.database and _place(peer.database) == ours):
            schemas[peer.name] = peer.schema
            continue
        file = service.peer_tokens.get(peer.name)
        if not peer.url or file is None:
            missing = "address" if not peer.url else "token"
            raise OperatorError(UNREACHABLE, f"{peer.name} has another database than {service.name} and no {missing}")
        couriers[peer.name] = connect(peer.url, token=tokens.bearer(Path(file)))
    return Peering(schemas, couriers)


def peers_access(service: Service) -> Access:
    """The tokens of the peers that may deliver at our `listen` address. Raises OperatorError."""
    if not service.peer_token_file:
        raise OperatorError(NO_PEERS, f"[service.{service.name}] has `listen` and no peer_token_file")
    return Access(tokens.read(Path(service.peer_token_file), rights.PEER_RIGHTS), rights.PEER_METHODS)


def _place(dsn: str) -> tuple[str, str, str]:
    """Host, port and database of a connection URL; who connects does not matter."""
    parts = urlsplit(dsn)
    query = parse_qs(parts.query)
    host = parts.hostname or query.get("host", [""])[0]
    return host, str(parts.port or query.get("port", ["5432"])[0]), parts.path
