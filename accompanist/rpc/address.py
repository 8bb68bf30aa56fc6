"""Addresses of workers and servers: the five URL schemes, and the rule that plain text stays on this machine.

    unix:/run/payment.sock           stream over a unix socket
    tcp:127.0.0.1:7001               stream over TCP
    http+unix:/run/payment.sock      one POST a call, over a unix socket
    http://127.0.0.1:7001/rpc        one POST a call, over TCP
    https://shipping.internal/rpc    the same over TLS, with a valid certificate; for clients only

The URL alone chooses the transport; it is never detected. The other schemes have no TLS, so they refuse an address off
this machine, unless the caller declares the network private. A token (`rpc.access`) is sent over the three HTTP
schemes, and never in clear text over a network.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from accompanist import limits
from accompanist.errors import OperatorError, catalogue

BAD_URL = catalogue(
    "ACC501",
    "not an address of a worker or server",
    "An address is unix:/path, tcp:host:port, http+unix:/path, http://host:port/path or https://host/path. The scheme "
    "chooses the transport.",
    "Correct the URL in accompanist.toml or on the command line.",
)
NOT_LOCAL = catalogue(
    "ACC503",
    "address is not on this machine",
    "On a network, a call in plain text, and the token with it, could be read on the way. So plain text is only "
    "allowed on the loopback interface and on unix sockets.",
    "Run the worker beside its sidecar, or give it an https: address, with a token under `worker_tokens`.",
)


@dataclass(frozen=True, slots=True)
class Address:
    """A parsed address. `path`: of a unix socket, else empty; `target`: the HTTP path; `url`: as the operator wrote
    it."""

    url: str
    http: bool
    path: str = ""
    host: str = ""
    port: int = 0
    target: str = "/"
    tls: bool = False


def parse(url: str, *, allow_remote: bool = False) -> Address:
    """Parse a URL. Raises OperatorError."""
    scheme, colon, rest = url.partition(":")
    if colon and scheme in ("unix", "http+unix"):
        address = _unix(url, rest, http=scheme == "http+unix")
    elif colon and scheme == "tcp":
        address = _tcp(url, rest)
    elif colon and scheme in ("http", "https"):
        address = _http(url, tls=scheme == "https")
    else:
        raise OperatorError(BAD_URL, f"{url!r} has none of the schemes unix, tcp, http+unix, http, https")
    if address.host and not address.tls and not allow_remote and not is_loopback(address.host):
        raise OperatorError(NOT_LOCAL, f"{address.host!r} is not a loopback address")
    return address


def located(url: str, root: Path) -> str:
    """The URL with a relative socket path resolved below `root`."""
    for scheme in ("unix:", "http+unix:"):
        if url.startswith(scheme):
            return scheme + str(root / url[len(scheme) :].removeprefix("//"))
    return url


def _unix(url: str, path: str, *, http: bool) -> Address:
    path = path.removeprefix("//")  # unix:///path is common usage
    if not path.startswith("/"):
        raise OperatorError(BAD_URL, f"{url!r} needs an absolute path")
    if len(path.encode()) > limits.unix_path_bytes_max or "\0" in path:
        raise OperatorError(BAD_URL, f"the socket's path is longer than {limits.unix_path_bytes_max} bytes")
    return Address(url, http, path=path)


def _tcp(url: str, rest: str) -> Address:
    host, colon, port = rest.removeprefix("//").rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not host or not port.isascii() or not port.isdigit() or int(port) > 65_535:
        raise OperatorError(BAD_URL, f"{url!r} needs a host and a port")
    return Address(url, False, host=host, port=int(port))


def _http(url: str, *, tls: bool) -> Address:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, 443 if tls and parts.port is None else parts.port
    except ValueError:
        host, port = None, None
    if not host or port is None or parts.query or parts.fragment or parts.username is not None:
        raise OperatorError(
            BAD_URL, f"{url.partition('@')[2] or url!r} needs a host, a port and a path, and nothing else"
        )
    return Address(url, True, host=host, port=port, target=parts.path or "/", tls=tls)


def is_loopback(host: str) -> bool:
    """Whether a host name or IP address is this machine's loopback."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
