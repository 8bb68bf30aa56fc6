"""The client for programs with an event loop. One may be shared by all tasks of a loop.

Not promised: that a request that is cancelled by the caller was not carried out.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, TypeVar, Unpack
from uuid import UUID

import msgspec

from accompanist import extras, limits
from accompanist.client import operations
from accompanist.client.answers import SagaState, Unreachable, result_of
from accompanist.client.caller import ApiCaller, ClientOptions
from accompanist.client.choreographies import Asked, encoded
from accompanist.client.meant import MeantSession
from accompanist.client.operations import ApiRequest, Begin, Operation, Pause, SessionLine
from accompanist.client.typed import Starts

if TYPE_CHECKING:
    import aiohttp

R = TypeVar("R")
T = TypeVar("T")


class Client(ApiCaller, Starts):
    """A client of one sidecar; `ApiCaller` says what it is made with. Raises OperatorError where aiohttp is not
    installed, too."""

    def __init__(self, url: str, **given: Unpack[ClientOptions]) -> None:
        extras.require("client", "Client")
        super().__init__(url, **given)
        self._http: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Client:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        if self._http is not None:
            await self._http.close()
            self._http = None

    def session(
        self,
        session: UUID | None = None,
        result: Any = Any,
        *,
        key: str | None = None,
        attributes: Mapping[str, str] | None = None,
        choreography: str | None = None,
    ) -> SessionHandle[Any]:
        """A session that was started before, with the type of its result: by its id, by the key of its start, or by
        attributes of which no other open session of the service has all; `choreography` narrows them. Nothing is asked
        yet. Raises AuthorError if it is not named in one way."""
        return SessionHandle(self, MeantSession(session, key, attributes, choreography), result)

    async def list(self, **filters: Any) -> AsyncIterator[SessionLine]:
        """The sessions at this service that fit the filters of the API's `session.list`, newest first."""
        after = None
        while True:
            rows, after = await self.carry_out(operations.page(self.manner, filters, after))
            for row in rows:
                yield row
            if after is None:
                return

    async def _begin(
        self,
        wanted: Asked[R],
        begin: Begin,
    ) -> SessionHandle[R]:
        begun = operations.start(self.manner, wanted, begin)
        return SessionHandle(self, MeantSession(await self.carry_out(begun)), wanted.result)

    async def carry_out(self, operation: Operation[T]) -> T:
        """Carry out what `operations` decides."""
        try:
            step = next(operation)
            while True:
                if isinstance(step, Pause):
                    await asyncio.sleep(step.seconds)
                    step = operation.send(None)
                    continue
                try:
                    said = await self._ask(step)
                except Exception as problem:
                    step = operation.throw(problem)
                else:
                    step = operation.send(said)
        except StopIteration as end:
            value: T = end.value
            return value

    async def _ask(self, request: ApiRequest) -> Any:
        import aiohttp  # SyncClient lives in the same package and needs none

        body = msgspec.json.encode({"jsonrpc": "2.0", "id": 1, "method": request.method, "params": request.params})
        allowed = aiohttp.ClientTimeout(total=request.wait_s + limits.client_answer_s)
        try:
            answering = self._opened().post(
                self._place.url, data=body, headers=self._place.headers, timeout=allowed, ssl=self._ssl or True
            )
            async with answering as answer:
                said, status = await answer.read(), answer.status
        except (aiohttp.ClientError, TimeoutError, OSError) as problem:
            raise Unreachable(self._place.where, type(problem).__name__) from None
        return result_of(said, status, self._place.where)

    def _opened(self) -> aiohttp.ClientSession:
        import aiohttp

        if self._http is None:
            path = self._place.socket
            connector = aiohttp.UnixConnector(path, limit=0) if path else aiohttp.TCPConnector(limit=0)
            self._http = aiohttp.ClientSession(connector=connector)
        return self._http


class SessionHandle(Generic[R]):
    """A saga that was started, seen from the role that started it."""

    def __init__(self, client: Client, meant: MeantSession, result: Any) -> None:
        self._client = client
        self._result = result
        self._meant = meant

    @property
    def id(self) -> UUID:
        """Its id. Raises AuthorError for a session that was named otherwise, until the sidecar has answered."""
        return self._meant.id

    async def result(self, timeout_s: float | None = None) -> R:
        """Wait until the saga is settled at all roles; its result. Raises Undone, NotOver, Refused, Unreachable, and
        OperatorError if the result was deleted."""
        waiting = operations.result(self._client.manner, self._meant, self._result, timeout_s)
        found: R = await self._client.carry_out(waiting)
        return found

    async def standing(self) -> SagaState:
        """Where it stands now. Raises Refused, Unreachable."""
        return await self._client.carry_out(operations.standing(self._client.manner, self._meant))

    async def watch(self, every_s: float = limits.client_watch_s) -> AsyncIterator[SagaState]:
        """Where it stands, each time that it has changed, until it is over. It is asked every `every_s`, so what
        lasts shorter may not be seen; the end is told at once."""
        before: SagaState | None = None
        while before is None or not before.over:
            wait_s = 0.0 if before is None else every_s
            found = await self._client.carry_out(operations.standing(self._client.manner, self._meant, wait_s))
            if found != before:
                yield found
            before = found

    async def signal(self, role: str, name: str, value: Any) -> bool:
        """Tell a role of this service an event; whether it was new. Raises Refused, Unreachable, AuthorError."""
        params = {"role": role, "name": name, "value": encoded(value)}
        telling = operations.told(self._client.manner, "session.signal", self._meant, params)
        return await self._client.carry_out(telling)

    async def cancel(self, reason: str = "by a client") -> bool:
        """Ask that the saga be undone; whether that was new. The owner of the commit point decides. Raises Refused,
        Unreachable."""
        telling = operations.told(self._client.manner, "session.cancel", self._meant, {"reason": reason})
        return await self._client.carry_out(telling)
