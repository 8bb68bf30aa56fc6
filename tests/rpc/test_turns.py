"""Large messages that arrive at once are each read in a turn of the event loop of their own."""

from __future__ import annotations

import asyncio

import pytest

from accompanist import limits
from accompanist.rpc import envelope
from accompanist.rpc.dispatch import Dispatcher, Params
from accompanist.rpc.turns import Turns

LARGE = b'{"jsonrpc":"2.0","id":1,"method":"noted","params":{"a":"' + b"x" * limits.small_bytes + b'"}}'
SMALL = b'{"jsonrpc":"2.0","id":1,"method":"noted"}'


class Loop:
    """Counts the turns of the event loop."""

    def __init__(self) -> None:
        self.turn = 0
        self._loop = asyncio.get_running_loop()
        self._loop.call_soon(self._next)

    def _next(self) -> None:
        self.turn += 1
        self._handle = self._loop.call_soon(self._next)

    def stop(self) -> None:
        self._handle.cancel()


async def read_in_turns(monkeypatch: pytest.MonkeyPatch, bodies: list[bytes]) -> tuple[list[int], list[int]]:
    """In which turns so many bodies were read that came at once, and in which their handlers began."""
    loop, reads, begun = Loop(), [], []
    plain = envelope.read_requests

    def read(data: bytes) -> object:
        reads.append(loop.turn)
        return plain(data)

    async def noted(params: Params, meta: bytes | None) -> bytes:
        begun.append(loop.turn)
        return b"true"

    monkeypatch.setattr(envelope, "read_requests", read)
    dispatcher = Dispatcher({"noted": noted}, 256)
    answers = await asyncio.gather(*(dispatcher.answer(body) for body in bodies))
    loop.stop()
    assert all(answer.body is not None and b"true" in answer.body for answer in answers)
    return reads, begun


async def test_no_two_large_messages_are_read_in_one_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    reads, begun = await read_in_turns(monkeypatch, [LARGE] * 40)
    assert len(set(reads)) == len(set(begun)) == 40


async def test_small_ones_do_not_wait_for_large_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    reads, _ = await read_in_turns(monkeypatch, [LARGE] * 40 + [SMALL] * 10)
    assert reads.count(min(reads)) == 11


async def test_the_methods_of_a_batch_are_called_in_turns_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    _, begun = await read_in_turns(monkeypatch, [b"[" + b",".join([SMALL] * 64) + b"]"])
    assert len(set(begun)) == 64


async def test_a_turn_is_given_on_after_a_failure() -> None:
    turns = Turns()
    for _ in range(2):
        with pytest.raises(ValueError, match="of the reader"):
            async with turns.turn(limits.small_bytes + 1):
                raise ValueError("of the reader")
