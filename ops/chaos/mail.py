"""Strange messages that a peer's login may put into an inbox: for sessions that no service hosts, nearly as many as
one peer may have waiting, and forged ones.

They are written as payment's sidecar would, through loyalty's `deliver()`. Ordinary orders pass the same inbox, and
must not be held up. A peer with more waiting messages than it may have begins no session there until they expire, not
even for its own orders; `ops.chaos.hostile` tests that, and judges the others.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import msgspec
import orjson

from accompanist import limits
from accompanist import postgres_server as postgres
from accompanist.log import names
from accompanist.log.sessions import decode_header, encode
from accompanist.runtime.messages import Header
from ops.chaos.faults import Fault, Hurt
from ops.chaos.ground import Ground, Layout
from ops.chaos.oracles import Breach

EARLY = limits.waiting_rows_per_peer_max * 8 // 10
BATCH = 2_000
AFTERWARDS_S = 10.0
MAIL = Layout("mail")
_LYING = "SELECT count(*) FROM loyalty.arrival WHERE early"
_DELIVER = "SELECT loyalty.deliver($1, $2, $3, $4, $5, $6, $7, $8, false)"

Letter = tuple[UUID, str, str, str, str, bytes, bytes, bytes]


_RECEIPT = """
SELECT header, site, payload FROM loyalty.inbox
WHERE sender = 'payment' AND position('paid_cents'::bytea in payload) > 0 ORDER BY received_at DESC LIMIT 1"""


async def _example(ground: Ground) -> tuple[Header, str, bytes]:
    """A receipt from payment that loyalty has: its header, site and payload."""
    found: list[Any] = []

    async def there() -> bool:
        found[:] = await ground.sql(_RECEIPT)
        return bool(found)

    await ground.until(there, "a receipt at loyalty")
    return decode_header(found[0]["header"]), found[0]["site"], found[0]["payload"]


async def _deliver(ground: Ground, letters: Sequence[Letter]) -> Counter[str]:
    """As payment's sidecar."""
    answers: Counter[str] = Counter()
    user = names.sidecar_role("payment")
    connection = await asyncpg.connect(postgres.dsn(ground.running.run, user))
    try:
        for at in range(0, len(letters), BATCH):
            columns = [list(column) for column in zip(*letters[at : at + BATCH], strict=True)]
            answers.update(await connection.fetchval(_DELIVER, *columns, timeout=60))
            await asyncio.sleep(0.02)
    finally:
        await connection.close()
    return answers


def _letter(header: Header, site: str, payload: bytes, **other: Any) -> Letter:
    """From payment to loyalty, unless said otherwise."""
    header_bytes = other.get("header_bytes", encode(header))
    kind, sender = other.get("kind", "data"), other.get("sender", "payment")
    return header.session, site, sender, other.get("receiver", "loyalty"), kind, header_bytes, payload, b"{}"


async def early(ground: Ground, chance: random.Random) -> Hurt:
    """So many, then the orders that came after them."""
    lying = await _unhosted(ground, EARLY)
    await asyncio.sleep(AFTERWARDS_S)
    return Hurt(lying, f"{lying} early messages at loyalty")


async def _unhosted(ground: Ground, count: int) -> int:
    """Have so many early messages lie at loyalty, of a version that nobody has; how many do."""
    header, site, payload = await _example(ground)
    strange = msgspec.structs.replace(header, fingerprint="0" * 64)
    missing = count - await ground.value(_LYING)
    letters = [_letter(msgspec.structs.replace(strange, session=uuid4()), site, payload) for _ in range(missing)]
    await _deliver(ground, letters)
    return int(await ground.value(_LYING))


async def swept(ground: Ground, chance: random.Random) -> Hurt:
    """A replica dies while they lie there: whoever takes over looks at all of them."""
    lying = await _unhosted(ground, EARLY)
    began = time.monotonic()
    killed = await ground.kill("loyalty")
    await ground.until(lambda: ground.ready("loyalty"), "loyalty is ready")
    took = time.monotonic() - began
    return Hurt(killed if lying else 0, f"{lying} early messages at loyalty; ready {took:.1f} s after")


def _lies(header: Header, site: str, payload: bytes) -> list[Letter]:
    """Each for a session of its own."""

    def of(**change: Any) -> Header:
        return msgspec.structs.replace(header, session=uuid4(), **change)

    twice = of()
    return [
        _letter(of(), site, b'{"number": 7}'),
        _letter(of(), site, b"\x00\xff not JSON"),
        _letter(of(), site, b"[" * 60_000),
        _letter(of(), "no such site", payload),
        _letter(of(fingerprint="f" * 64), site, payload),
        _letter(of(choreography="unheard_of"), site, payload),
        _letter(of(bindings={**header.bindings, "payment": "loyalty"}), site, payload),
        _letter(of(initiator="nobody"), site, payload),
        _letter(of(), site, payload, header_bytes=b"\x00nonsense"),
        _letter(of(), site, payload, header_bytes=encode(of())),
        _letter(of(), site, payload, kind="unkind"),
        _letter(of(), site, payload, sender="warehouse"),
        _letter(of(), site, payload, receiver="nobody"),
        _letter(of(), "!abort", orjson.dumps("for no reason"), kind="abort"),
        _letter(of(), "!settled", b"null", kind="settled"),
        _letter(of(), "!ended", b"7", kind="ended"),
        _letter(of(), "!operator/1", b"{}", kind="operator", sender=""),
        _letter(twice, "somewhere", payload),
        _letter(twice, "somewhere", b"null"),
    ]


async def poison(ground: Ground, chance: random.Random) -> Hurt:
    """None of them may have an effect, or stop anybody."""
    about = await _example(ground)
    answers: Counter[str] = Counter()
    pids = {name: ground.pid(name) for name in ground.sidecars}
    for _ in range(5):
        lies = _lies(*about)
        chance.shuffle(lies)
        answers += await _deliver(ground, lies)
        await asyncio.sleep(1)
    died = [Breach("I7", name, "died of a message") for name, pid in pids.items() if ground.pid(name) != pid]
    return Hurt(answers["stored"], f"{len(lies)} lies, five times: {dict(answers)}", tuple(died))


FAULTS = (
    Fault("poison", "messages that lie, through a peer's deliver()", poison, MAIL),
    Fault("early", "thousands of early messages that nobody hosts", early, MAIL),
    Fault("early-swept", "a replica killed on top of the early messages", swept, MAIL),
)
