"""Real workers in a test: in their own process, with their own Postgres and fence, called as by a sidecar.

    charged = serve(payment.worker, dsn, payment.install)     # one in Python, from here
    shipped = Real("http://127.0.0.1:7001/")                  # one in any language, that listens already
    Saga(fulfil_order, workers={"payment": charged, "warehouse": shipped}).decline("loyalty.award").run()

Faults are requested from the saga, as with fakes: declines, lost answers, crashes of sidecars. The worker does the
rest: its transactions, its fence, its compensations. Sidecars and their logs stay in memory.

Not supported: a worker that hangs. A call that times out fails the test.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import threading
from collections.abc import Awaitable, Callable, Coroutine
from functools import cache, cached_property
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import orjson

from accompanist import limits
from accompanist.rpc import meta
from accompanist.rpc.client import WorkerClient, connect
from accompanist.runtime.answers import Answer, Fault, Missing, Replied, RetryLater
from accompanist.runtime.burst import CallWorker, CloseWorker
from accompanist.runtime.events import CloseAnswered, Name
from accompanist.runtime.messages import Header
from accompanist.runtime.ports import Executed, ResultKind
from accompanist.worker import Worker as PythonWorker
from accompanist.worker import process
from accompanist.worker.sdk import CLOSE, FORGET

T = TypeVar("T")
_attempts_max = 5


class Real:
    """A real worker, by its address; `workers` of a `Saga` takes it for a role.

    Saga(fulfil_order, workers={"payment": Real("unix:/run/payment.sock")})
    """

    def __init__(self, url: str, *, token: str = "", allow_remote: bool = False) -> None:
        self.url = url
        self._open = lambda: connect(url, allow_remote=allow_remote, token=token)

    def worker(self, header: Header, role: str) -> RealWorker:
        """The worker of one saga."""
        return RealWorker(self._client, header, role)

    def stop(self) -> None:
        """Close the connections."""
        if "_client" in vars(self):
            _run(self._client.close())

    @cached_property
    def _client(self) -> WorkerClient:
        return _run(_made(self._open))


class Served(Real):
    """A worker in Python that serves from this process; see `serve`. Use it as a context manager, or `stop` it."""

    def __init__(self, url: str, dsn: str, running: process.Running, place: Path) -> None:
        super().__init__(url)
        self.dsn = dsn
        self._running, self._place = running, place

    def stop(self) -> None:
        super().stop()
        _run(self._running.stop())
        shutil.rmtree(self._place, ignore_errors=True)

    def __enter__(self) -> Served:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def serve(worker: PythonWorker, dsn: str, install: Callable[[str], Awaitable[None]] | None = None) -> Served:
    """Serve a worker of the Python SDK on the database at `dsn`, after its `install`.

    with serve(payment.worker, dsn, payment.install) as real:
        Saga(fulfil_order, workers={"payment": real}).run()
    """
    place = Path(tempfile.mkdtemp(prefix="accompanist-"))

    async def begun() -> process.Running:
        if install is not None:
            await install(dsn)
        return await process.start(worker, f"unix:{place}/worker.sock", dsn)

    try:
        running = _run(begun())
    except BaseException:
        shutil.rmtree(place, ignore_errors=True)
        raise
    return Served(running.url, dsn, running, place)


class RealWorker:
    """A real worker in one saga. It is called as by a sidecar."""

    def __init__(self, client: WorkerClient, header: Header, role: str) -> None:
        self._client, self._header, self._role = client, header, role

    @cached_property
    def plain(self) -> bool:
        """Whether the worker has no fence, found by its lack of `accompanist.forget`."""
        return isinstance(self._ask(FORGET, orjson.dumps({"sessions": []}), meta.Meta()), Missing)

    def call(self, call: CallWorker) -> Answer:
        kind: Any = "compensate" if call.kind is ResultKind.COMPENSATE else "forward"
        session, role = self._header.session, self._role
        about = meta.Meta(session=session, role=role, site=call.site, kind=kind, retriable=call.firm)
        return self._ask(call.operation, call.arguments, about)

    def close(self, close: CloseWorker) -> CloseAnswered:
        if self.plain:
            return CloseAnswered(Name.CLOSED, None, before=close.before)
        asked = {"session": str(self._header.session), "role": self._role, "unless": close.unless}
        if close.before is not None:
            asked["before"] = close.before
        answer = self._ask(CLOSE, orjson.dumps(asked), meta.Meta())
        if not isinstance(answer, Replied):
            raise AssertionError(f"the worker of {self._role} answers its close with {answer!r}")
        told = msgspec.json.decode(answer.value, type=_CloseReply)
        if not told.closed:
            return CloseAnswered(Name.HELD, (), bytes(told.reply))
        executed = tuple(Executed(one.site, one.operation, bytes(one.arguments)) for one in told.executed)
        return CloseAnswered(Name.CLOSED, executed, before=close.before, more=told.more)

    def _ask(self, method: str, arguments: bytes, about: meta.Meta) -> Answer:
        """Call a method, and retry transient errors. Raises AssertionError if there is no answer, because that is not
        part of the scenario."""
        answer: Answer = Fault("it was never asked")
        for attempt in range(1, _attempts_max + 1):
            known = meta.write(msgspec.structs.replace(about, attempt=attempt))
            answer = _run(self._client.call(method, arguments, known, limits.call_timeout_ms))
            if not isinstance(answer, RetryLater):
                break
        if isinstance(answer, RetryLater | Fault):
            raise AssertionError(f"the worker of {self._role} fails in {method}: {answer.text}")
        return answer


class _FenceEntry(msgspec.Struct):
    site: str
    operation: str
    arguments: msgspec.Raw


class _CloseReply(msgspec.Struct):
    closed: bool
    executed: list[_FenceEntry] = []
    more: bool = False
    reply: msgspec.Raw = msgspec.Raw(b"null")


async def _made(open: Callable[[], T]) -> T:
    return open()


@cache
def _loop() -> asyncio.AbstractEventLoop:
    """One event loop in a thread of its own: a saga runs without a loop, and a test may have a loop already."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="accompanist-testing", daemon=True).start()
    return loop


def _run(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on the loop, and wait for its result."""
    return asyncio.run_coroutine_threadsafe(work, _loop()).result()
