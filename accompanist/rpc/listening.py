"""Binds an address to listen on, so that no two processes get the same one.

A unix socket is created for its owner only (0600), by a umask during the bind: with a later chmod, others could connect
in between. A socket file that no process answers is stale, left by a killed process, and is replaced; one that a
process answers is in use. On stop, a process removes its own file, identified by its inode, and never a successor's.

Not promised: that two processes starting in the same millisecond on one stale file cannot both replace it.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import stat
from dataclasses import dataclass
from pathlib import Path

from accompanist import limits
from accompanist.errors import OperatorError, catalogue
from accompanist.rpc.address import Address

IN_USE = catalogue(
    "ACC502",
    "address in use",
    "Another process listens on this port or unix socket, or its path is a file that is no socket.",
    "Stop the other process, or give this one another address.",
)
CANNOT_LISTEN = catalogue(
    "ACC505",
    "cannot listen on this address",
    "The operating system refused it: the directory or the permission is missing, or the interface does not exist.",
    "Create the directory, or give another address.",
)


@dataclass(frozen=True, slots=True)
class Listening:
    """A bound socket; `inode` identifies the file of a unix one."""

    socket: socket.socket
    address: Address
    inode: int = 0

    @property
    def url(self) -> str:
        """The URL to connect to, with the port that the system chose if the address has port 0."""
        if self.address.path:
            return self.address.url
        port = self.socket.getsockname()[1]
        host = f"[{self.address.host}]" if ":" in self.address.host else self.address.host
        return f"http://{host}:{port}{self.address.target}" if self.address.http else f"tcp:{host}:{port}"

    def remove(self) -> None:
        """Close it, and remove the socket's file if it is still ours."""
        self.socket.close()
        if not self.address.path:
            return
        path = Path(self.address.path)
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_ino == self.inode:
                path.unlink()


def listen(address: Address) -> Listening:
    """Bind and listen. Raises OperatorError."""
    try:
        return _listen_unix(address) if address.path else _listen_tcp(address)
    except OSError as problem:
        if problem.errno == errno.EADDRINUSE:
            raise OperatorError(IN_USE, f"{address.url} is in use by another process") from None
        raise OperatorError(CANNOT_LISTEN, f"{address.url}: {os.strerror(problem.errno or 0)}") from None


def _listen_tcp(address: Address) -> Listening:
    family, kind, protocol, _, target = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)[0]
    taken = socket.socket(family, kind, protocol)
    try:
        # allow a port in TIME_WAIT; one that a process listens on is still refused
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(target)
        taken.listen(limits.backlog_connections_max)
        taken.setblocking(False)
    except BaseException:
        taken.close()
        raise
    return Listening(taken, address)


def _listen_unix(address: Address) -> Listening:
    path = Path(address.path)
    _clear_stale(address, path)
    taken = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    umask = os.umask(0o177)
    try:
        taken.bind(address.path)
    except BaseException:
        taken.close()
        raise
    finally:
        os.umask(umask)
    taken.listen(limits.backlog_connections_max)
    taken.setblocking(False)
    return Listening(taken, address, path.stat().st_ino)


def _clear_stale(address: Address, path: Path) -> None:
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise OperatorError(IN_USE, f"{address.path} exists and is no socket")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(limits.end_s)
        try:
            probe.connect(address.path)
        except (ConnectionRefusedError, FileNotFoundError):
            path.unlink(missing_ok=True)
        except OSError:
            raise OperatorError(IN_USE, f"{address.path} cannot be probed") from None
        else:
            raise OperatorError(IN_USE, f"{address.path} is in use by another process")
