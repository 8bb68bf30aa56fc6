"""Where each peer is: in our own database, where our commits reach it, or behind its sidecar's address.

A peer in our database costs nothing: a message is in its inbox when our commit is. One in another database needs an
address of its sidecar (`listen`, or `url` in [peers]), a token to bear there, and us in its file of tokens.
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
    "A service keeps its log in another database and nobody said where its sidecar listens, or what token to bear "
    "there: messages for it would wait for ever.",
    "Give the peer `listen` (or `url` under [peers.NAME]), and this service a token for it under `peer_tokens`. Or let "
    "both keep their logs in one database, each in its own schema.",
)
NO_PEERS = catalogue(
    "ACC721",
    "peers are not known",
    "`listen` takes messages of services in other databases, each of which is known by a token of its own.",
    "Name them in the file of `peer_token_file`: `SERVICE deliver TOKEN`, a line each.",
)


class Peering(NamedTuple):
    """`schemas`: the peers in our database, ourselves included, and their schemas. `couriers`: the others."""

    schemas: dict[str, str]
    couriers: dict[str, WorkerClient]


def peering(config: Config, service: Service) -> Peering:
    """Raises OperatorError for a peer that cannot be reached."""
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
    """Who may deliver at our `listen` address. Raises OperatorError."""
    if not service.peer_token_file:
        raise OperatorError(NO_PEERS, f"[service.{service.name}] has `listen` and no peer_token_file")
    return Access(tokens.read(Path(service.peer_token_file), rights.PEER_RIGHTS), rights.PEER_METHODS)


def _place(dsn: str) -> tuple[str, str, str]:
    """Host, port and database of a connection URL; who connects does not matter."""
    parts = urlsplit(dsn)
    query = parse_qs(parts.query)
    host = parts.hostname or query.get("host", [""])[0]
    return host, str(parts.port or query.get("port", ["5432"])[0]), parts.path
