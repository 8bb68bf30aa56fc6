"""Where a worker or a server is: the five URLs and the rule that plain text stays on this machine.

    unix:/run/payment.sock           stream over a unix socket
    tcp:127.0.0.1:7001               stream over TCP
    http+unix:/run/payment.sock      one POST a call, over a unix socket
    http://127.0.0.1:7001/rpc        one POST a call, over TCP
    https://shipping.internal/rpc    the same over TLS, whose certificate has to fit; to be called, never to listen at

The URL alone chooses the transport; nothing is ever sniffed. There is no TLS at the others, so an address off this
machine is refused there unless the caller says that the network between is its own. A token (`rpc.access`) goes along
over the three that have headers, and never in the clear over a network.
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
    "An address is unix:/path, tcp:host:port, http+unix:/path or http://host:port/path. It decides the transport.",
    "Correct the URL in accompanist.toml or on the command line.",
)
NOT_LOCAL = catalogue(
    "ACC503",
    "address is not on this machine",
    "Plain text stays on the loopback interface or a unix socket: a call, and the token with it, could be read on its "
    "way.",
    "Run the worker beside its sidecar, or give it an https: address, with a token under `worker_tokens`.",
)


@dataclass(frozen=True, slots=True)
class Address:
    """`path` is a unix socket's, else empty; `target` is the HTTP path; `url` is what the operator wrote."""

    url: str
    http: bool
    path: str = ""
    host: str = ""
    port: int = 0
    target: str = "/"
    tls: bool = False


def parse(url: str, *, allow_remote: bool = False) -> Address:
    """The address that the URL names. Raises OperatorError."""
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
    """The address with a relative socket path below `root`, as a person in that directory means it."""
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
    """Whether this name or number means this machine and no other."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
