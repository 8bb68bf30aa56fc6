"""The load: orders of several kinds at a constant rate, and every answer that their clients got.

Each order has a key of its own, so a client can repeat a start until there is an answer. It uses either replica, tries
again after errors, sometimes starts twice at once, sometimes sends another request under the same key, cancels, waits
for the end, and later asks once more. Nothing is judged here; all answers are recorded for `oracles.py`.

    plain, large   settles (`large` takes the loyalty query and a discount)
    approved       settles; a person's approval arrives before the order or after it
    unpaid         declined at payment, undone       unshipped   declined at the pivot, everything undone
    standing       declined after sixty large calls, all of them undone
    cancelled      cancelled under way, either end   hurried     a deadline of 1.5 s, either end
    pickup         settles without loyalty           unpaid-pickup   declined at payment, undone, likewise
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp

from accompanist.sidecar.api.starting import name_of_key

KINDS = {
    "plain": 41, "large": 18, "approved": 8, "unpaid": 9, "unshipped": 9, "standing": 1, "cancelled": 9, "hurried": 5,
}  # fmt: skip
ORDERS = {
    "plain": ("customer{:03d}", "kettle"),
    "large": ("customer{:03d}", "espresso_machine"),
    "approved": ("customer{:03d}", "kettle"),
    "unpaid": ("customer-poor", "grinder"),
    "standing": ("customer-poor", "kettle"),
    "unshipped": ("customer{:03d}", "gas_cooker"),
    "cancelled": ("customer{:03d}", "teapot"),
    "hurried": ("customer{:03d}", "teapot"),
    "pickup": ("customer{:03d}", "kettle"),
    "unpaid-pickup": ("customer-poor", "grinder"),
}
ALONE = frozenset({"pickup", "unpaid-pickup", "standing"})
"""What loyalty has nothing to do with."""
LOOSE_S = 20.0
"""How long the client of an order waits that may never end."""
CROWD = 256
WAIT_MS = 4_000
PATIENCE_S = 9.0  # of one request
AGAIN_S = 0.2
HURRY_MS = 1_500
ASK_ONCE_MORE_S = 8.0
PATIENCE_OF_APPROVAL_S = 600.0
STANDING_LINES = 600  # some 20 kB of arguments a call, so that all calls of a session carry more than one answer may
STANDING_TIMES = 60
OVER = "ACC717"
INTERNAL_ERROR = -32603
UNKNOWN_SESSION, KEY_TAKEN = "ACC710", "ACC711"


@dataclass
class Order:
    """One order: what was wanted, and what was told when."""

    number: int
    kind: str
    customer: str
    product: str
    key: str
    began: float
    sessions: list[str] = field(default_factory=list)
    """Every session id that an answer to a start gave."""
    news: int = 0
    """How many answers said that the session was new."""
    outcomes: list[tuple[float, str, Any, Any]] = field(default_factory=list)
    """(when, outcome, reason, result), each time an outcome was told."""
    oddities: list[str] = field(default_factory=list)
    """Answers that no client should ever get."""
    loose: bool = False
    """Whether it needs a service that is hostile."""
    refusals: int = 0
    """Answers that were errors, or none: the client's patience was needed."""

    @property
    def session(self) -> str:
        return self.sessions[0] if self.sessions else ""

    @property
    def ended(self) -> float:
        return self.outcomes[0][0] if self.outcomes else 0.0

    def params(self) -> dict[str, Any]:
        lines = [{"product": self.product, "quantity": 1}] * (STANDING_LINES if self.kind == "standing" else 1)
        order = {"customer": self.customer, "lines": lines}
        match self.kind:
            case "approved":
                started, more = "approve_order", {"patience_s": PATIENCE_OF_APPROVAL_S}
            case "pickup" | "unpaid-pickup":
                started, more = "pickup_order", {}
            case "standing":
                started, more = "standing_order", {"times": STANDING_TIMES}
            case _:
                started, more = "fulfil_order", {}
        asked: dict[str, Any] = {"choreography": started, "arguments": {"order": order, **more}, "key": self.key}
        return asked | ({"deadline_ms": HURRY_MS} if self.kind == "hurried" else {})


class Load:
    """Orders at `rate` a second, from a seeded choice, at the sidecars whose sockets are `apis`."""

    def __init__(
        self,
        apis: list[Path],
        rate: float,
        chance: random.Random,
        kinds: Mapping[str, int] | None = None,
        hostile: str = "",
    ) -> None:
        self.history: list[Order] = []
        self._apis = apis
        self._rate = rate
        self._chance = chance
        self._sessions: list[aiohttp.ClientSession] = []
        self._flying: set[asyncio.Task[None]] = set()
        self._starting: asyncio.Task[None] | None = None
        self._kinds = kinds or KINDS
        self._hostile = hostile

    async def __aenter__(self) -> Load:
        patience = aiohttp.ClientTimeout(total=PATIENCE_S)
        self._sessions = [
            aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(api), limit=0), timeout=patience)
            for api in self._apis
        ]
        self._starting = asyncio.create_task(self._start_at_rate())
        return self

    async def __aexit__(self, *failure: object) -> None:
        await self.stop()
        for task in self._flying:
            task.cancel()
        await asyncio.gather(*self._flying, return_exceptions=True)
        for session in self._sessions:
            await session.close()

    async def stop(self) -> None:
        """No more orders; those under way go on."""
        if self._starting is not None:
            self._starting.cancel()
            await asyncio.gather(self._starting, return_exceptions=True)

    def open_since(self, moment: float) -> list[Order]:
        """The orders that began before a moment, have to end and have not."""
        return [one for one in self.history if one.began < moment and not one.outcomes and not one.loose]

    async def finished(self) -> None:
        """Until every client has gone home."""
        while self._flying:
            await asyncio.wait(self._flying)

    async def _start_at_rate(self) -> None:
        began, number = time.monotonic(), 0
        while True:
            # all chances of an order are drawn here, in turn, so that a seed gives the same orders again
            order = self._drawn(number)
            due = began + number / self._rate
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            order.began = time.monotonic()
            self.history.append(order)
            task = asyncio.create_task(self._live(order, random.Random(self._chance.random())))
            self._flying.add(task)
            task.add_done_callback(self._flying.discard)
            number += 1

    def _drawn(self, number: int) -> Order:
        [kind] = self._chance.choices(list(self._kinds), list(self._kinds.values()))
        customer, product = ORDERS[kind]
        key = f"order-{uuid4()}"
        made = Order(number, kind, customer.format(self._chance.randrange(CROWD)), product, key, time.monotonic())
        made.loose = bool(self._hostile) and kind not in ALONE
        return made

    async def _live(self, order: Order, chance: random.Random) -> None:
        early = order.kind == "approved" and chance.random() < 0.5
        if early:
            await self._approve(order, chance, str(name_of_key("warehouse", order.key)))
        starts = [self._started(order, chance) for _ in range(2 if chance.random() < 0.1 else 1)]
        await asyncio.gather(*starts)
        if order.kind == "approved" and not early:
            await self._approve(order, chance, order.session)
        if chance.random() < 0.05:
            await self.something_else(order, chance)
        if order.kind == "cancelled":
            await asyncio.sleep(chance.random() * 0.05)
            await self._ask(order, chance, "session.cancel", {"session": order.session, "reason": "thought better"})
        until = time.monotonic() + LOOSE_S
        while not order.outcomes and not (order.loose and time.monotonic() > until):
            await self._result(order, chance, WAIT_MS)
        if chance.random() < 0.3:
            await asyncio.sleep(chance.random() * ASK_ONCE_MORE_S)
            await self._result(order, chance, 0)

    async def _started(self, order: Order, chance: random.Random) -> None:
        """Repeat the start until it is answered."""
        while True:
            told, error = await self._ask(order, chance, "session.start", order.params())
            if told is not None:
                order.sessions.append(told["session"])
                order.news += bool(told["new"])
                return
            if error in (KEY_TAKEN, UNKNOWN_SESSION):
                order.oddities.append(f"start answered {error}")
                if order.sessions:
                    return
            await asyncio.sleep(AGAIN_S)

    async def _approve(self, order: Order, chance: random.Random, session: str) -> None:
        """Repeat a person's word until it is answered."""
        word = {"session": session, "role": "warehouse", "name": "approved", "value": {"by": "ann", "granted": True}}
        while True:
            told, error = await self._ask(order, chance, "session.signal", word)
            if told is not None or error == OVER:
                return
            await asyncio.sleep(AGAIN_S)

    async def again(self, order: Order, chance: random.Random) -> None:
        """The same request under the same key, as a client that has forgotten what it was told; and how that ended."""
        await self._started(order, chance)
        await self._result(order, chance, 0)

    async def something_else(self, order: Order, chance: random.Random, **more: object) -> str:
        """The same key for another order, with `more` in it or for other goods: it has to be refused, or not to be
        answered at all. With which code it was refused."""
        params = order.params()
        other = {"customer": order.customer, "lines": [{"product": "samovar", "quantity": 9}]}
        params["arguments"]["order"] = {**params["arguments"]["order"], **more} if more else other
        told, error = await self._ask(order, chance, "session.start", params)
        if told is not None:
            order.oddities.append("another order under the same key was accepted")
        return error

    async def _result(self, order: Order, chance: random.Random, wait_ms: int) -> None:
        asked = {"session": order.session, "wait_ms": wait_ms}
        told, error = await self._ask(order, chance, "session.result", asked)
        if told is None:
            if error == UNKNOWN_SESSION and not order.outcomes:
                order.oddities.append("a session that was accepted is not known")
            await asyncio.sleep(AGAIN_S)
        elif told["outcome"] is not None:
            reason, result = told["reason"], told["result"]
            if told.get("let_go_at") is not None and order.outcomes:  # how it ended is kept, and what with is not
                _, _, reason, result = order.outcomes[0]
            order.outcomes.append((time.monotonic(), told["outcome"], reason, result))
        elif told.get("parked") and not order.loose:
            order.oddities.append(f"parked: {told['parked']['code']}")
            await asyncio.sleep(AGAIN_S)

    async def _ask(
        self, order: Order, chance: random.Random, method: str, params: dict[str, Any]
    ) -> tuple[dict[str, Any] | None, str]:
        """The result, or None and the code of the error ('' where there was no answer)."""
        body = {"jsonrpc": "2.0", "id": order.number, "method": method, "params": params}
        try:
            async with chance.choice(self._sessions).post("http://sidecar/", json=body) as answer:
                said = await answer.json(content_type=None)
        except (OSError, aiohttp.ClientError, TimeoutError, ValueError):
            order.refusals += 1
            return None, ""
        if "result" in said:
            return said["result"], ""
        order.refusals += 1
        data = said["error"].get("data")
        if said["error"]["code"] == INTERNAL_ERROR:
            order.oddities.append(f"{method} was answered: internal error")
        return None, str(data.get("code", "")) if isinstance(data, dict) else ""
