"""A client of the warehouse's API: it starts orders over kept connections and waits for their end."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import urlsplit

import aiohttp

CROWD = 256
"""Customers that the workers' tables begin with, so that orders in flight do not queue for one account."""
SHIPPED, UNDONE = "kettle", "gas_cooker"
"""A product whose order settles, and one that the warehouse declines to ship, when all else is done."""
ENDS = {SHIPPED: "settled", UNDONE: "ended"}


class Client:
    """A client of one sidecar's API, `http:` or `http+unix:`, with kept connections."""

    def __init__(self, api: str) -> None:
        if api.startswith("http+unix:"):
            self._session = aiohttp.ClientSession(
                connector=aiohttp.UnixConnector(api.removeprefix("http+unix:"), limit=0)
            )
            self._url = "http://sidecar/"
        else:
            self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
            self._url = urlsplit(api).geturl()

    async def order(self, number: int, product: str = SHIPPED, *, volatile: bool = False) -> float:
        """One order from request to settlement, or to its end where it is undone, in milliseconds. Raises RuntimeError
        when it ends otherwise than the product says."""
        order = {"customer": f"customer{number % CROWD:03d}", "lines": [{"product": product, "quantity": 1}]}
        took, said = await self.start("fulfil_order", {"order": order}, number, volatile=volatile)
        if said.get("result", {}).get("outcome") != ENDS[product]:
            raise RuntimeError(f"order {number} did not come to the outcome {ENDS[product]!r}: {said}")
        return took

    async def start(
        self,
        choreography: str,
        arguments: dict[str, Any],
        number: int = 1,
        *,
        wait: bool = True,
        volatile: bool = False,
    ) -> tuple[float, Any]:
        """Start a session and wait for its end, or for nothing: milliseconds, and the whole answer."""
        params = {"choreography": choreography, "arguments": arguments, "wait_ms": 60_000 if wait else 0}
        params |= {"volatile": True} if volatile else {}
        body = {"jsonrpc": "2.0", "id": number, "method": "session.start", "params": params}
        began = time.perf_counter()
        async with self._session.post(self._url, json=body) as answer:
            said = await answer.json()
        return (time.perf_counter() - began) * 1000, said

    async def ready(self) -> bool:
        """Whether the sidecar says that it is."""
        try:
            async with self._session.get(self._url.rstrip("/") + "/ready") as answer:
                return answer.status == 200
        except aiohttp.ClientError:
            return False

    async def close(self) -> None:
        await self._session.close()
