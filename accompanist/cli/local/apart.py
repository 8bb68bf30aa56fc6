"""Services with a database each: how their sidecars on this machine know one another.

Each service gets a socket for its peers, a file with the tokens that it accepts from them, and a file for each token
that it sends to them. Tokens are generated at each start.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Collection
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit


def in_database(dsn: str, name: str) -> str:
    """The same server and login, another database."""
    return urlunsplit(urlsplit(dsn)._replace(path=f"/{name}"))


def introduce(services: Collection[str], directory: Path) -> dict[str, str]:
    """The environment in which these services deliver to one another over sockets in the directory."""
    environ = {}
    borne = {(speaker, listener): secrets.token_hex(16) for speaker in services for listener in services}
    for (speaker, listener), token in borne.items():
        _keep(directory / f"{speaker}-at-{listener}.token", f"{token}\n")
    for service in services:
        peers = [peer for peer in services if peer != service]
        known = directory / f"{service}.peers"
        _keep(known, "".join(f"{peer} deliver {borne[peer, service]}\n" for peer in peers))
        tokens = {peer: str(directory / f"{service}-at-{peer}.token") for peer in peers}
        prefix = f"ACCOMPANIST_SERVICE_{service.upper()}_"
        environ[f"{prefix}LISTEN"] = f"http+unix:{directory / service}-peers.sock"
        environ[f"{prefix}PEER_TOKEN_FILE"] = str(known)
        environ[f"{prefix}PEER_TOKENS"] = json.dumps(tokens)
    return environ


def _keep(file: Path, text: str) -> None:
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600), "w") as opened:
        opened.write(text)
