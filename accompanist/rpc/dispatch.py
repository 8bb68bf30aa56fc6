"""Dispatch of JSON-RPC requests to handlers, shared by both servers: request bytes in, answer bytes out.

A handler gets the parameters by name, each as raw JSON, and the content of `_meta`; it returns the result's JSON bytes.
An exception becomes an error object:

    RpcError               itself
    DecodeError            -32602, with the path of the wrong value
    AccompanistError       -32000 with code, title, text, hint (a Bug: -32603)
    CancelledError         -32603: the call had begun and may have had its effect; a call that had not begun gets -32002
    anything else          -32603 without its text, which may quote a payload; its type and place are logged

The server bounds the handlers under way. A handler with a fence can tell more exactly what an interrupted call did
(`worker.execution`).
"""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple

import msgspec
import structlog

from accompanist import limits
from accompanist.errors import AccompanistError, Bug, PeerError, catalogue
from accompanist.language.values.codec import DecodeError
from accompanist.rpc import envelope
from accompanist.rpc.access import Access, Token
from accompanist.rpc.envelope import RpcError, RpcRequest
from accompanist.rpc.turns import Turns

UNEXPECTED = catalogue(
    "ACC506",
    "a handler failed unexpectedly",
    "The handler of a method raised an undeclared exception. Its text is not sent, because it may quote the caller's "
    "data.",
    "The log of the process that served the call has the exception's type and place.",
)

Params = dict[str, msgspec.Raw]
Handler = Callable[[Params, bytes | None], Awaitable[bytes]]


logger = structlog.get_logger("accompanist.rpc")


class RpcAnswer(NamedTuple):
    """An answer: its bytes (None for a notification), the method called ("" for none or several), whether the caller
    lacked the right, and the id answered (None for several)."""

    body: bytes | None
    method: str = ""
    forbidden: bool = False
    id: envelope.Id = None


class Dispatcher:
    """Answers a request or a batch: bytes in, bytes out."""

    def __init__(self, handlers: Mapping[str, Handler], calls_in_flight_max: int, access: Access | None = None) -> None:
        self._handlers = handlers
        self.calls_in_flight_max = calls_in_flight_max
        self.access = access
        self._turns = Turns()

    async def answer(self, data: bytes, caller: Token | None = None) -> RpcAnswer:
        """Answer a request or a batch. `caller`: the caller's token, if the server has tokens."""
        async with self._turns.turn(len(data)):
            requests, batch = envelope.read_requests(data)
        if not batch:
            [request] = requests
            if not isinstance(request, RpcRequest):
                return RpcAnswer(envelope.write_error(*request))
            refusal = self._refusal(request, caller)
            return RpcAnswer(await self._one(request, refusal), request.method, refusal is not None, request.id)
        answers: list[bytes | None] = []
        for request in requests:
            if isinstance(request, RpcRequest):
                answers.append(await self._one(request, self._refusal(request, caller)))
                await asyncio.sleep(0)  # let other tasks run, even if no method of the batch waits
            else:
                answers.append(envelope.write_error(*request))
        bodies = [answer for answer in answers if answer is not None]
        return RpcAnswer(b"[" + b",".join(bodies) + b"]" if bodies else None)

    def _refusal(self, request: RpcRequest, caller: Token | None) -> RpcError | None:
        if self.access is None:
            return None
        try:
            if caller is not None:
                self.access.permit(caller, request.method)
                return None
            self.access.caller(b"")
        except PeerError as problem:
            return failed(problem)
        raise AssertionError("nobody bears no token")

    async def _one(self, request: RpcRequest, refusal: RpcError | None) -> bytes | None:
        try:
            if refusal is not None:
                raise refusal
            answer = envelope.write_result(request.id, await self._result(request))
            if len(answer) > limits.message_bytes_max:
                raise RpcError(envelope.INTERNAL_ERROR, "internal error", "the result is too large to be sent")
        except RpcError as problem:
            answer = envelope.write_error(request.id, problem)
        return None if request.notification else answer

    async def _result(self, request: RpcRequest) -> bytes:
        handler = self._handlers.get(request.method)
        if handler is None:
            raise RpcError(envelope.METHOD_NOT_FOUND, "method not found")
        if (task := asyncio.current_task()) is not None and task.cancelling():  # cancelled earlier in this batch
            raise stopping()
        try:
            return await handler(request.params, request.meta)
        except RpcError:
            raise
        except asyncio.CancelledError:
            raise RpcError(envelope.INTERNAL_ERROR, "internal error", "it was stopped before it had ended") from None
        except DecodeError as problem:
            raise envelope.invalid_params(problem.text) from None
        except Bug as problem:
            raise RpcError(envelope.INTERNAL_ERROR, "internal error", problem.as_json()) from None
        except AccompanistError as problem:
            raise failed(problem) from None
        except Exception as problem:
            _log_unexpected(request.method, problem)
            raise RpcError(envelope.INTERNAL_ERROR, "internal error", type(problem).__name__) from None


def failed(problem: AccompanistError) -> RpcError:
    """An AccompanistError as an error object."""
    return RpcError(envelope.FAILED, problem.title, problem.as_json())


def no_room() -> RpcError:
    """The error for a message that finds no room in memory now. Nothing was done; the caller may retry."""
    return RpcError(envelope.RETRY_LATER, "retry later", "no_room")


def stopping() -> RpcError:
    """The error for a call that a stopping server has not begun, or has undone. Nothing was done."""
    return RpcError(envelope.RETRY_LATER, "retry later", "shutting_down")


def unsent(id: envelope.Id) -> bytes:
    """The answer if there is no room in memory for the real one. It is not `retry later`, because the call may have had
    its effect: without a fence its outcome is unknown."""
    return envelope.write_error(
        id, RpcError(envelope.INTERNAL_ERROR, "internal error", "there is no room for the answer now")
    )


def _log_unexpected(method: str, problem: Exception) -> None:
    """Log an exception's type and place, but not its text, which may quote a payload."""
    frames = traceback.extract_tb(problem.__traceback__)
    where = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "?"
    logger.error("handler.failed", code=UNEXPECTED, operation=method, error_type=type(problem).__name__, where=where)
