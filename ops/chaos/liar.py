"""A hostile peer: a process that has loyalty's login, or its tokens, and sends any message that these allow.

    python -m ops.chaos.liar --seconds 60 --seed 7 --database DSN                  its login; peers in the same database
    python -m ops.chaos.liar --seconds 60 --seed 7 --database DSN --sockets DIR    its tokens; peers in their own

It reads only its own inbox. It sends the lies of the simulation's hostile service
(`accompanist.simulation.clusters.lies`), and others that need a real server: rows that are no messages, floods, locks,
endless notifications and connections, bodies that are deep, slow or too large. At its end it prints the answers that it
got, as JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import asyncpg

from accompanist.cli.simulate import subjects_of
from accompanist.log.inbox import STORED, columns, from_columns
from accompanist.rpc import peers
from accompanist.runtime.messages import Message
from accompanist.simulation.clusters.lies import Lies
from ops.local import ROOT

SERVICE = "loyalty"
PEERS = ("warehouse", "payment")
FILES = [ROOT / "workers/orders/choreography.py", ROOT / "ops/chaos/pickup.py"]
PAUSE_S = 0.03
FLOOD = 2_000
HELD_S = 2.0
_INBOX = f"SELECT {STORED}, received_at FROM loyalty.inbox WHERE received_at > $1 ORDER BY received_at LIMIT 500"  # noqa: S608
_ODD_HEADERS: tuple[dict[str, Any], ...] = (
    {"started_at": 1e308}, {"started_at": -1e308}, {"deadline": 1e308}, {"deadline": 5e-324}, {"mode": "zzz\0"},
    {"choreography": "f" * 60_000}, {"choreography": "a\0b"}, {"choreography": "x\x1b[2J\x1b]0;y\x07"},
    {"initiator": "ware\0house"}, {"attributes": {"a\0": "b\0"}}, {"attributes": {"x": "\x1b[31mred\nrow"}},
    {"attributes": {f"k{n}": "v" * 20 for n in range(1_500)}}, {"bindings": {}}, {"bindings": 7}, {"session": "x"},
)  # fmt: skip
_NO_ARRAYS = (
    "NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL",
    "array[gen_random_uuid()], array['a','b'], array['a'], array['a'], array['a'], array['a'::bytea], array['a'::bytea], array['a'::bytea]",  # noqa: E501
    "array[NULL::uuid], array['a'], array['a'], array['a'], array['a'], array['a'::bytea], array['a'::bytea], array['a'::bytea]",  # noqa: E501
)

Row = list[Any]


class Liar:
    """What both kinds share: what it heard, what it says, and what it was answered."""

    def __init__(self, seed: int, dsn: str) -> None:
        subjects = subjects_of(FILES)
        assert subjects is not None
        bindings = {one.choreography.name: {role: role for role in one.choreography.roles} for one in subjects}
        self.chance = random.Random(seed)
        self.lies = Lies(SERVICE, subjects, bindings, self.chance, time.time)
        self.answers: Counter[str] = Counter()
        self._dsn = dsn
        self._since: Any = None

    async def run(self, seconds: float) -> None:
        own = await asyncpg.connect(self._dsn)
        self._since = await own.fetchval("SELECT now()")
        until = time.monotonic() + seconds
        moves = self.moves()
        while time.monotonic() < until:
            await self._listen(own)
            try:
                if self.chance.random() < 0.9:
                    await self._say()
                else:
                    move = self.chance.choice(moves)
                    await move()
                    self.answers[move.__name__.lstrip("_")] += 1
            except (
                OSError,
                TimeoutError,
                asyncpg.PostgresError,
                asyncpg.InterfaceError,
                aiohttp.ClientError,
            ) as problem:
                self.answers[type(problem).__name__] += 1
            await asyncio.sleep(self.chance.random() * 2 * PAUSE_S)
        await self.end()

    async def _listen(self, own: asyncpg.Connection) -> None:
        with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            for *stored, at in await own.fetch(_INBOX, self._since):
                self._since = at
                if (message := from_columns(stored)) is not None:
                    self.lies.hear(message)

    async def _say(self) -> None:
        _, messages = self.lies.some()
        for peer in PEERS:
            mine = [message for message in messages if message.receiver == peer]
            if mine:
                await self.deliver(peer, mine)

    async def deliver(self, peer: str, messages: Sequence[Message]) -> None:
        raise NotImplementedError

    def moves(self) -> Sequence[Any]:
        raise NotImplementedError

    async def end(self) -> None:
        """Let go of what it holds."""


class ByLogin(Liar):
    """By `deliver()` of its peers' schemas, as anybody with its login calls it."""

    _held: asyncpg.Connection | None = None

    async def _connection(self) -> asyncpg.Connection:
        if self._held is None or self._held.is_closed():
            self._held = await asyncpg.connect(self._dsn)
        return self._held

    async def deliver(self, peer: str, messages: Sequence[Message]) -> None:
        await self._rows(peer, [list(column) for column in columns(messages)])

    async def _rows(self, peer: str, told: Sequence[Row]) -> None:
        connection = await self._connection()
        answered = await connection.fetchval(f"SELECT {peer}.deliver($1, $2, $3, $4, $5, $6, $7, $8, false)", *told)
        self.answers.update(answered)

    async def end(self) -> None:
        if self._held is not None:
            await self._held.close()

    def moves(self) -> Sequence[Any]:
        return (
            self._strange_kinds, self._aborts, self._odd_headers, self._no_rows, self._notifies, self._locks,
            self._connections, self._altered_login,
        )  # fmt: skip

    async def _flood(self, kind: str, site: str, header: bytes) -> None:
        peer = self.chance.choice(PEERS)
        rows = [uuid4() for _ in range(FLOOD)]
        same = [[site], [SERVICE], [peer], [kind]]
        await self._rows(
            peer, [rows, *(one * FLOOD for one in same), [header] * FLOOD, [b"1"] * FLOOD, [b"{}"] * FLOOD]
        )

    async def _strange_kinds(self) -> None:
        await self._flood(self.chance.choice(("ghost", "", "done", "settled", "event", "operator")), "x", b"x" * 200)

    async def _aborts(self) -> None:
        """Well-formed ones, of sessions that never were."""
        header = self.lies.header()
        if header is None:
            return
        peer, built = self.chance.choice(PEERS), json.loads(_encoded(header))
        ids = [uuid4() for _ in range(FLOOD)]
        headers = [json.dumps({**built, "session": str(one)}, separators=(",", ":")).encode() for one in ids]
        same = [["!abort"], [SERVICE], [peer], ["abort"]]
        await self._rows(peer, [ids, *(one * FLOOD for one in same), headers, [b'"no"'] * FLOOD, [b"{}"] * FLOOD])

    async def _odd_headers(self) -> None:
        header = self.lies.header()
        if header is None:
            return
        built, peer = json.loads(_encoded(header)), self.chance.choice(PEERS)
        for odd in _ODD_HEADERS:
            one = uuid4() if self.chance.random() < 0.5 else header.session
            told = json.dumps({**built, "session": str(one), **odd}).encode()
            site, kind = self.chance.choice((("6", "data"), ("12", "data"), ("!abort", "abort"), ("!done", "done")))
            context = b'{"traceparent":"x\\u0000","baggage":"\\u0000"}'
            await self._rows(peer, [[one], [site], [SERVICE], [peer], [kind], [told], [b'"no"'], [context]])

    async def _no_rows(self) -> None:
        connection = await self._connection()
        for arrays in _NO_ARRAYS:
            with suppress(asyncpg.PostgresError):
                self.answers.update(await connection.fetchval(f"SELECT payment.deliver({arrays}, false)") or ())

    async def _notifies(self) -> None:
        connection = await self._connection()
        await connection.execute(
            "SELECT pg_notify('accompanist_' || peer, n::text) FROM generate_series(1, 500) n, unnest($1::text[]) peer",
            list(PEERS),
        )

    async def _locks(self) -> None:
        """The locks that a schema's shards would have, if they had such."""
        connection = await self._connection()
        await connection.execute(
            """SELECT pg_try_advisory_lock(c.oid::int, s) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace,
                      generate_series(0, 63) s WHERE nspname = ANY ($1) AND relname = 'shard'""",
            list(PEERS),
        )
        await asyncio.sleep(HELD_S)
        await connection.execute("SELECT pg_advisory_unlock_all()")

    async def _connections(self) -> None:
        """As many as its login gets."""
        held: list[asyncpg.Connection] = []
        try:
            with suppress(asyncpg.PostgresError, OSError, TimeoutError):
                while len(held) < 100:
                    held.append(await asyncpg.connect(self._dsn, timeout=2))
            await asyncio.sleep(HELD_S)
        finally:
            for one in held:
                await one.close()

    async def _altered_login(self) -> None:
        """Lift the bounds of its own login."""
        connection = await self._connection()
        with suppress(asyncpg.PostgresError):
            await connection.execute(f"ALTER ROLE {SERVICE}_sidecar SET statement_timeout = 0")


class ByToken(Liar):
    """By its peers' `listen` addresses, with the token that it bears there."""

    def __init__(self, seed: int, dsn: str, sockets: Path) -> None:
        super().__init__(seed, dsn)
        self._sockets = sockets
        self._sessions: dict[str, aiohttp.ClientSession] = {}

    def _session(self, peer: str) -> aiohttp.ClientSession:
        if peer not in self._sessions:
            connector = aiohttp.UnixConnector(self._socket(peer))
            self._sessions[peer] = aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=20))
        return self._sessions[peer]

    def _socket(self, peer: str) -> str:
        return str(self._sockets / f"{peer}-peers.sock")

    def _headers(self, peer: str) -> dict[str, str]:
        token = (self._sockets / f"{SERVICE}-at-{peer}.token").read_text().strip()
        return {"content-type": "application/json", "authorization": f"Bearer {token}"}

    async def end(self) -> None:
        for session in self._sessions.values():
            await session.close()

    async def deliver(self, peer: str, messages: Sequence[Message]) -> None:
        for at in range(0, len(messages), 500):
            await self._call(peer, peers.DELIVER, peers.arguments(messages[at : at + 500]))

    async def _call(self, peer: str, method: str, arguments: bytes) -> None:
        body = b'{"jsonrpc":"2.0","id":1,"method":"' + method.encode() + b'","params":' + arguments + b"}"
        async with self._session(peer).post("http://peer/", data=body, headers=self._headers(peer)) as answer:
            said = await answer.json(content_type=None)
        result = said.get("result") if isinstance(said, dict) else None
        self.answers.update(result["answers"] if isinstance(result, dict) and "answers" in result else ["error"])

    def moves(self) -> Sequence[Any]:
        return (self._other_methods, self._bombs, self._silence, self._half_a_body, self._ghosts, self._many)

    async def _other_methods(self) -> None:
        for method in ("session.start", "session.operate", "session.list", "session.cancel", "nothing"):
            await self._call(self.chance.choice(PEERS), method, b"{}")

    async def _bombs(self) -> None:
        """Deep, wide, and long numbers, as large as a body may be."""
        size = 1_300_000
        for arguments in (b"[" * size, b"[" + b"[]," * (size // 3) + b"[]]", b'{"messages":' + b"9" * size + b"}"):
            with suppress(aiohttp.ClientError):
                await self._call(self.chance.choice(PEERS), peers.DELIVER, arguments)

    async def _silence(self) -> None:
        """Connections that say nothing."""
        held = []
        with suppress(OSError):
            for _ in range(300):
                held.append(await asyncio.open_unix_connection(self._socket(self.chance.choice(PEERS))))
        await asyncio.sleep(HELD_S)
        for _, writer in held:
            writer.close()

    async def _half_a_body(self) -> None:
        peer = self.chance.choice(PEERS)
        _, writer = await asyncio.open_unix_connection(self._socket(peer))
        told = "".join(f"{name}: {value}\r\n" for name, value in self._headers(peer).items())
        writer.write(f"POST / HTTP/1.1\r\nHost: localhost\r\n{told}Content-Length: 1300000\r\n\r\n".encode())
        with suppress(OSError):
            await writer.drain()
        await asyncio.sleep(HELD_S)
        writer.close()

    async def _ghosts(self) -> None:
        """Messages of sessions that never were."""
        for _ in range(4):
            _, messages = "", self.lies.flood()
            for peer in PEERS:
                if mine := [message for message in messages if message.receiver == peer]:
                    await self.deliver(peer, mine)

    async def _many(self) -> None:
        """More than one call may bring."""
        messages = self.lies.flood()
        await self._call("payment", peers.DELIVER, peers.arguments([*messages, *messages, *messages] * 3))


def _encoded(header: Any) -> bytes:
    from accompanist.log.sessions import encode

    return encode(header)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m ops.chaos.liar")
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--database", required=True)
    parser.add_argument("--sockets", type=Path, default=None)
    asked = parser.parse_args()
    made: Liar = ByLogin(asked.seed, asked.database)
    if asked.sockets is not None:
        made = ByToken(asked.seed, asked.database, asked.sockets)
    asyncio.run(made.run(asked.seconds))
    print(json.dumps(made.answers))


if __name__ == "__main__":
    main()
