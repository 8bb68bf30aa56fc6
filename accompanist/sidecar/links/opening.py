"""Opens the links of one sidecar: it listens, announces where, and hands over from then on.

Not promised: that there are links. Without a place for the socket, messages go by the log.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import socket
import stat
import tempfile
from collections.abc import Awaitable, Callable, Collection
from contextlib import AsyncExitStack
from pathlib import Path
from uuid import uuid4

import structlog

from accompanist import limits
from accompanist.errors import OperatorError
from accompanist.log.links import PostgresLinks
from accompanist.sidecar.links.receiving import Handed, LinkServer, VolatileTaker
from accompanist.sidecar.links.sending import Links

logger = structlog.get_logger("accompanist.links")

_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
Repeat = Callable[[str, Callable[[], Awaitable[object]], Callable[[], Awaitable[object]]], "asyncio.Task[None]"]
"""`Background.repeat`."""


async def open_links(
    service: str,
    owner: str,
    folder: Path,
    peers: Collection[str],
    directory: PostgresLinks,
    handed: Handed,
    acquired: asyncio.Event,
    repeat: Repeat,
    leave: AsyncExitStack,
    volatile: VolatileTaker | None = None,
    *,
    early: bool = False,
) -> Links | None:
    """Listen in a folder, and announce that in the log as `owner`, each time that shards are `acquired`. What has to be
    stopped is put on `leave`; `volatile` takes volatile sessions; `early`: messages may come before their
    commit."""
    key = secrets.token_bytes(32)
    try:
        path = _place(folder, leave)
        server = await LinkServer.start(str(path), key, handed, volatile, early=early)
    except (OSError, OperatorError) as problem:
        logger.warning("links.off", problem=str(problem))
        return None
    leave.push_async_callback(server.stop)
    links = Links(service, peers, directory)
    leave.push_async_callback(links.close)

    async def announce() -> None:
        acquired.clear()
        await directory.announce(owner, str(path), key)

    task = repeat("links", announce, acquired.wait)

    async def ended() -> None:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    leave.push_async_callback(ended)
    return links


def _place(folder: Path, leave: AsyncExitStack) -> Path:
    """A new place for a socket: in the folder; or, if others may write there or its path is too long for a socket's, in
    a directory of our own where the system keeps temporary files. Raises OSError."""
    name = f"link-{uuid4().hex[:8]}.sock"
    path = folder / name
    folder.mkdir(parents=True, exist_ok=True)
    _clear(folder)
    if len(os.fsencode(path)) <= limits.link_address_bytes_max and not folder.stat().st_mode & _OTHERS_WRITE:
        return path
    path = Path(tempfile.mkdtemp(prefix="accompanist-")) / name  # nobody else may enter it
    leave.callback(_remove, path.parent)
    if len(os.fsencode(path)) > limits.link_address_bytes_max:
        raise OSError(f"{path} is too long for a socket: set `link` to another directory")
    return path


def _clear(folder: Path) -> None:
    """Remove the sockets of sidecars that were killed: nobody listens there any more."""
    for path in folder.glob("link-????????.sock"):
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(limits.end_s)
            try:
                probe.connect(str(path))
            except ConnectionRefusedError:
                path.unlink()


def _remove(folder: Path) -> None:
    with contextlib.suppress(OSError):
        folder.rmdir()
