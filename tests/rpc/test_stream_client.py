"""The stream's client against workers that break every rule: each call gets its answer or a Fault, in time."""

from __future__ import annotations

import asyncio
from pathlib import Path

import orjson
import pytest

from accompanist import limits
from accompanist.rpc.client import WorkerClient, connect
from accompanist.rpc.framing import frame
from accompanist.runtime.answers import Answer, Declined, Fault, Missing, Replied
from tests.rpc.hostile import Peer, honest, worker

PATIENT_MS = 20_000
HASTY_MS = 60


async def ask(client: WorkerClient, n: int = 0, timeout_ms: int = PATIENT_MS, method: str = "echo") -> Answer:
    return await client.call(method, b'{"n":%d}' % n, b"{}", timeout_ms)


def echoed(n: int = 0) -> Replied:
    return Replied(b'{"n":%d}' % n)


async def test_many_calls_share_a_connection(tmp_path: Path) -> None:
    peers = set()

    async def backwards(peer: Peer) -> None:
        peers.add(peer.number)
        requests = [await peer.request() for _ in range(100)]
        for request in reversed(requests):
            peer.answer(request, {"n": request["params"]["n"]})
        await peer.request()

    async with worker(tmp_path, backwards) as client:
        answers = await asyncio.gather(*(ask(client, n) for n in range(100)))
        assert answers == [echoed(n) for n in range(100)]
    assert peers == {1}


async def test_what_is_sent_is_spliced(tmp_path: Path) -> None:
    seen = []

    async def listen(peer: Peer) -> None:
        seen.append(await peer.request())
        peer.answer(seen[0])

    async with worker(tmp_path, listen) as client:
        await client.call("réserver", b'{"a":1}', b'{"site":"7[2].3"}', PATIENT_MS)
    assert seen[0]["method"] == "réserver"
    assert seen[0]["params"] == {"a": 1, "_meta": {"site": "7[2].3"}}


async def test_calls_in_flight_are_bounded(tmp_path: Path) -> None:
    most = 0

    async def count(peer: Peer) -> None:
        nonlocal most
        while True:
            requests = [await peer.request() for _ in range(2)]
            most = max(most, len(requests))
            for request in requests:
                peer.answer(request, {"n": request["params"]["n"]})

    async with worker(tmp_path, count, calls_in_flight_max=2) as client:
        answers = await asyncio.gather(*(ask(client, n) for n in range(10)))
        assert answers == [echoed(n) for n in range(10)]
    assert most == 2


async def test_a_call_that_waits_for_its_turn_spends_none_of_its_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = asyncio.Event()

    async def hold(peer: Peer) -> None:
        for n in range(2):
            request = await peer.request()
            await go_on.wait()
            peer.answer(request, {"n": n})

    async with worker(tmp_path, hold, calls_in_flight_max=1) as client:
        first, second = asyncio.create_task(ask(client, 0, 10**9)), asyncio.create_task(ask(client, 1))
        await asyncio.sleep(0)
        loop = asyncio.get_running_loop()
        monkeypatch.setattr(loop, "time", lambda real=loop.time: real() + 2 * PATIENT_MS / 1000)
        await asyncio.sleep(0)
        go_on.set()
        assert await asyncio.gather(first, second) == [echoed(0), echoed(1)]


async def test_errors_have_their_meaning(tmp_path: Path) -> None:
    async def refuse(peer: Peer) -> None:
        for code, data in ((-32001, "no money"), (-32601, None)):
            request = await peer.request()
            error = {"code": code, "message": "m", "data": data}
            peer.say(frame(orjson.dumps({"jsonrpc": "2.0", "id": request["id"], "error": error})))

    async with worker(tmp_path, refuse) as client:
        assert await ask(client) == Declined("no money")
        assert await ask(client, method="sing") == Missing("sing")


# -- no answer -------------------------------------------------------------------------------------


async def test_nobody_listens(tmp_path: Path) -> None:
    client = connect(f"unix:{tmp_path}/nobody.sock")
    assert await ask(client) == Fault("no connection to the worker (FileNotFoundError)", silent=True, away=True)
    await client.close()


async def test_a_call_that_nobody_has_read_is_told_from_one_that_was_read(tmp_path: Path) -> None:
    """Over one connection, ended by a worker that has read the first of three calls and not the others: the last one
    was certainly not read, of the others nobody knows."""

    async def read_one(peer: Peer) -> None:
        await peer.request()
        reading.set()
        await written.wait()

    reading, written = asyncio.Event(), asyncio.Event()
    big = b'{"a":"' + b"x" * 300_000 + b'"}'  # more than the reader takes ahead
    async with worker(tmp_path, read_one) as client:
        first = asyncio.create_task(ask(client, 1))
        await reading.wait()
        others = [asyncio.create_task(client.call("echo", big, b"{}", PATIENT_MS)) for _ in range(2)]
        for _ in range(5):
            await asyncio.sleep(0)  # a turn of the loop: they are written
        written.set()
        answers = await asyncio.gather(first, *others)
    assert all(isinstance(answer, Fault) and answer.silent for answer in answers)
    assert [isinstance(answer, Fault) and answer.away for answer in answers] == [False, False, True]


async def test_a_call_that_was_read_is_not_one_that_nobody_has_read(tmp_path: Path) -> None:
    async def read_it(peer: Peer) -> None:
        await peer.request()

    async with worker(tmp_path, read_it) as client:
        assert await ask(client) == Fault("the connection was closed", silent=True)


async def test_no_answer_in_time_hits_one_call_only(tmp_path: Path) -> None:
    async def all_but_one(peer: Peer) -> None:
        # not the first that comes: where the machine is slow, the time of the hasty one is over before it is sent
        while True:
            request = await peer.request()
            if request["params"]["n"]:
                peer.answer(request, {"n": request["params"]["n"]})

    async with worker(tmp_path, all_but_one) as client:
        answers = await asyncio.gather(ask(client, 0, HASTY_MS), *(ask(client, n) for n in range(1, 5)))
    assert answers == [Fault(f"no answer within {HASTY_MS} ms"), *(echoed(n) for n in range(1, 5))]


async def test_a_late_answer_is_nobodys(tmp_path: Path) -> None:
    late = asyncio.Event()

    async def answer_late(peer: Peer) -> None:
        requests = [await peer.request(), await peer.request()]
        await late.wait()
        for request in requests:
            peer.answer(request, {"n": request["params"]["n"]})
        await honest(peer)

    async with worker(tmp_path, answer_late) as client:
        neighbour = asyncio.create_task(ask(client, 1))
        assert await ask(client, 0, HASTY_MS) == Fault(f"no answer within {HASTY_MS} ms")
        late.set()
        assert await neighbour == echoed(1)


async def test_an_answer_comes_late_for_the_first_and_in_time_for_the_second(tmp_path: Path) -> None:
    given_up = asyncio.Event()

    async def answer_late(peer: Peer) -> None:
        first = await peer.request()
        peer.say(frame(b'{"jsonrpc":"2.0","method":"$/alive"}'))  # not silent, so not retired
        await given_up.wait()
        second = await peer.request()
        peer.answer(first, {"n": 100})
        peer.answer(second, {"n": 2})
        await peer.request()

    async with worker(tmp_path, answer_late) as client:
        assert isinstance(await ask(client, 1, HASTY_MS), Fault)
        given_up.set()
        assert await ask(client, 2) == echoed(2)


async def test_a_silent_connection_is_retired_and_its_neighbours_are_still_answered(tmp_path: Path) -> None:
    fresh = asyncio.Event()

    async def first_is_slow(peer: Peer) -> None:
        if peer.number == 1:
            neighbour, _ = sorted([await peer.request(), await peer.request()], key=lambda r: r["params"]["n"])
            await fresh.wait()
            peer.answer(neighbour, {"n": 1})
            await peer.request()
        await honest(peer)

    async with worker(tmp_path, first_is_slow) as client:
        neighbour = asyncio.create_task(ask(client, 1))
        assert isinstance(await ask(client, 2, HASTY_MS), Fault)
        assert await ask(client, 3) == echoed(3)  # over the second connection
        fresh.set()
        assert await neighbour == echoed(1)


async def test_a_worker_that_does_not_read(tmp_path: Path) -> None:
    async def deaf(peer: Peer) -> None:
        await asyncio.Event().wait()

    big = b'{"a":"' + b"x" * 1_000_000 + b'"}'
    async with worker(tmp_path, deaf) as client:
        answers = await asyncio.gather(*(client.call("a", big, b"{}", 300) for _ in range(20)))
    assert all(isinstance(answer, Fault) for answer in answers), answers


# -- nonsense --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "nonsense",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\x00\x01\x02",
        b"Content-Length: 99999999999999999999\r\n\r\n",
        b"Content-Length: 10\r\n\r\n{}",  # then it closes
        b"Content-Le",
        b"",
    ],
)
async def test_a_broken_stream_ends_its_calls_and_the_next_connects_anew(tmp_path: Path, nonsense: bytes) -> None:
    async def break_the_first(peer: Peer) -> None:
        if peer.number > 1:
            await honest(peer)
        for _ in range(3):
            await peer.request()
        peer.say(nonsense)

    async with worker(tmp_path, break_the_first) as client:
        answers = await asyncio.gather(*(ask(client, n) for n in range(3)))
        assert all(isinstance(answer, Fault) for answer in answers), answers
        assert await ask(client, 7) == echoed(7)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"CANARY",
        b"[]",
        b'{"jsonrpc":"2.0","id":999,"result":1}',
        b'{"jsonrpc":"2.0","id":"1","result":1}',
        b'{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"CANARY"}}',
        b'{"jsonrpc":"2.0","id":1}',
        b'{"jsonrpc":"2.0","id":1,"result":NaN}',
        b"[" * 1000,
    ],
)
async def test_nonsense_in_a_frame_is_the_only_calls(tmp_path: Path, body: bytes) -> None:
    async def talk_nonsense(peer: Peer) -> None:
        await peer.request()
        peer.say(frame(body))
        await honest(peer)

    async with worker(tmp_path, talk_nonsense) as client:
        answer = await ask(client)
        assert isinstance(answer, Fault)
        assert "CANARY" not in answer.text
        assert await ask(client, 2) == echoed(2)  # the connection is sound


async def test_nonsense_among_several_calls_hits_the_one_that_is_not_answered(tmp_path: Path) -> None:
    async def talk_nonsense(peer: Peer) -> None:
        first, _, third = [await peer.request() for _ in range(3)]
        peer.say(frame(b"nonsense"))
        peer.answer({"id": 999})
        peer.answer(third, {"n": 2})
        peer.answer(first, {"n": 0})
        await honest(peer)

    async with worker(tmp_path, talk_nonsense) as client:
        answers = await asyncio.gather(*(ask(client, n, 500) for n in range(3)))
        assert answers == [echoed(0), Fault("no answer within 500 ms"), echoed(2)]


async def test_a_doubled_answer_counts_once(tmp_path: Path) -> None:
    async def answer_twice(peer: Peer) -> None:
        while True:
            request = await peer.request()
            for n in (request["params"]["n"], 99):
                peer.answer(request, {"n": n})

    async with worker(tmp_path, answer_twice) as client:
        for n in range(5):
            assert await ask(client, n) == echoed(n)


@pytest.mark.parametrize("id_first", [True, False])
async def test_an_oversized_answer_hits_its_call_only(tmp_path: Path, id_first: bool) -> None:
    size = 3 * limits.message_bytes_max

    async def answer_too_much(peer: Peer) -> None:
        first, second = await peer.request(), await peer.request()
        huge, id = b'"result":"%b"' % (b"x" * size), b'"id":%d' % first["id"]
        fields = b",".join((id, huge) if id_first else (huge, id))
        peer.say(frame(b"{" + fields + b"}"))
        peer.answer(second, {"n": 1})
        await honest(peer)

    async with worker(tmp_path, answer_too_much) as client:
        first, second = await asyncio.gather(ask(client), ask(client, 1))
        assert isinstance(first, Fault)
        assert f"the limit is {limits.message_bytes_max}" in first.text
        assert second == echoed(1)


async def test_requests_from_a_worker_are_ignored(tmp_path: Path) -> None:
    async def chatter(peer: Peer) -> None:
        request = await peer.request()
        peer.say(frame(b'{"jsonrpc":"2.0","method":"$/log","params":{}}'))
        peer.say(frame(b'{"jsonrpc":"2.0","method":"ask","id":1}'))
        peer.answer(request, {"n": 0})

    async with worker(tmp_path, chatter) as client:
        assert await ask(client) == echoed()


# -- ends ------------------------------------------------------------------------------------------


async def test_closing_the_client_ends_its_calls(tmp_path: Path) -> None:
    asked = asyncio.Event()

    async def silent(peer: Peer) -> None:
        await peer.request()
        asked.set()
        await peer.request()

    async with worker(tmp_path, silent) as client:
        call = asyncio.create_task(ask(client))
        await asked.wait()
        await client.close()
        assert await call == Fault("the client was closed", silent=True)
        assert isinstance(await ask(client), Fault)


async def test_cancelling_a_call_leaves_its_neighbours(tmp_path: Path) -> None:
    async def wait_for_two(peer: Peer) -> None:
        first, second = await peer.request(), await peer.request()
        asked.set()
        await cancelled.wait()
        for request in (first, second):
            peer.answer(request, {"n": request["params"]["n"]})
        await peer.request()

    asked, cancelled = asyncio.Event(), asyncio.Event()
    async with worker(tmp_path, wait_for_two) as client:
        first, second = asyncio.create_task(ask(client, 1)), asyncio.create_task(ask(client, 2))
        await asked.wait()
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        cancelled.set()
        assert await second == echoed(2)


async def test_a_call_that_is_too_large_is_not_sent(tmp_path: Path) -> None:
    async with worker(tmp_path, honest) as client:
        big = b'{"a":"' + b"x" * limits.message_bytes_max + b'"}'
        assert isinstance(await client.call("a", big, b"{}", PATIENT_MS), Fault)
        assert await ask(client) == echoed()
