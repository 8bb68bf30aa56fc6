"""Where a sidecar's API is, and what is shown to it.

Not promised: that anything listens there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from accompanist.errors import OperatorError, catalogue
from accompanist.rpc import tokens

NO_ADDRESS = catalogue(
    "ACC854",
    "not the address of a sidecar's API",
    "A client asks a sidecar at an address that begins with http:, https: or http+unix:, and shows it a token that "
    "fits into a header.",
    "Use the service's `api` of accompanist.toml: http://127.0.0.1:7101, or http+unix:/run/payment.sock.",
)


@dataclass(frozen=True)
class ApiPlace:
    """`url`: where requests go; over a unix socket its host says nothing. `socket`: its path, if it is one. `where`:
    the address for errors, without what it may hold of a password."""

    url: str
    socket: str
    headers: Mapping[str, str] = field(repr=False)
    """They have the token."""
    where: str


def place_of(url: str, token: str, token_file: Path | str | None) -> ApiPlace:
    """Raises OperatorError for another kind of address, and for a token file that cannot be used."""
    if token_file is not None:
        token = tokens.bearer(Path(token_file))
    token = token.strip()
    if not token.isascii() or not token.isprintable():
        raise OperatorError(NO_ADDRESS, "the token has characters that no header may have")
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    if url.startswith("http+unix:/"):
        return ApiPlace("http://sidecar/", url.removeprefix("http+unix:"), headers, url)
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        raise OperatorError(NO_ADDRESS, f"an address that begins with {parts.scheme or 'nothing'}: is none")
    return ApiPlace(url, "", headers, f"{parts.scheme}://{parts.netloc}")
