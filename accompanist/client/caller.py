"""What both clients have: the sidecar that they ask, and the manner in which they do.

Not promised: any connection. Each client has its own.
"""

from __future__ import annotations

import random
import time
from pathlib import Path
from ssl import SSLContext
from typing import TypedDict

from accompanist import limits
from accompanist.client.operations import Manner
from accompanist.client.places import ApiPlace, place_of


class ClientOptions(TypedDict, total=False):
    """What a client may be made with, besides the address."""

    token: str
    token_file: Path | str | None
    patience_s: float
    ssl: SSLContext | None


class ApiCaller:
    """Whoever asks one sidecar. `url`: its API, http:, https: or http+unix:. `token` or `token_file` is shown to it.
    `patience_s`: for how long a request is sent again. `ssl`: for https, whom to trust. Raises OperatorError."""

    def __init__(
        self,
        url: str,
        *,
        token: str = "",
        token_file: Path | str | None = None,
        patience_s: float = limits.client_patience_s,
        ssl: SSLContext | None = None,
    ) -> None:
        self._place: ApiPlace = place_of(url, token, token_file)
        self._ssl = ssl
        self.manner = Manner(self._place.where, patience_s, time.monotonic, random.random)
