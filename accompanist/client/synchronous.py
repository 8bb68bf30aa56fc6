"""The client for programs without an event loop. One is for one thread: it keeps one connection.

Standard library only. Not promised: anything for two threads at once.
"""

from __future__ import annotations

import http.client
import socket
import time
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, Generic, TypeVar, Unpack
from urllib.parse import urlsplit
from uuid import UUID

import msgspec

from accompanist import limits
from accompanist.client import operations
from accompanist.client.answers import SagaState, Unreachable, result_of
from accompanist.client.caller import ApiCaller, ClientOptions
from accompanist.client.choreographies import Asked, encoded
from accompanist.client.meant import MeantSession
from accompanist.client.operations import ApiRequest, Begin, Operation, Pause, SessionLine
from accompanist.client.typed import SyncStarts

R = TypeVar("R")
T = TypeVar("T")


class SyncClient(ApiCaller, SyncStarts):
    """A client of one sidecar, as `Client`; `ApiCaller` says what it is made with."""

    def __init__(self, url: str, **given: Unpack[ClientOptions]) -> None:
        super().__init__(url, **given)
        self._kept: http.client.HTTPConnection | None = None

    def __enter__(self) -> SyncClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        if self._kept is not None:
            self._kept.close()
            self._kept = None

    def session(
        self,
        session: UUID | None = None,
        result: Any = Any,
        *,
        key: str | None = None,
        attributes: Mapping[str, str] | None = None,
        choreography: str | None = None,
    ) -> SyncSessionHandle[Any]:
        """A session that was started before, with the type of its result: by its id, by the key of its start, or by
        attributes of which no other open session of the service has all; `choreography` narrows them. Nothing is asked
        yet. Raises AuthorError if it is not named in one way."""
        return SyncSessionHandle(self, MeantSession(session, key, attributes, choreography), result)

    def list(self, **filters: Any) -> Iterator[SessionLine]:
        """The sessions at this service that fit the filters of the API's `session.list`, newest first."""
        after = None
        while True:
            rows, after = self.carry_out(operations.page(self.manner, filters, after))
            yield from rows
            if after is None:
                return

    def _begin(
        self,
        wanted: Asked[R],
        begin: Begin,
    ) -> SyncSessionHandle[R]:
        begun = operations.start(self.manner, wanted, begin)
        return SyncSessionHandle(self, MeantSession(self.carry_out(begun)), wanted.result)

    def carry_out(self, operation: Operation[T]) -> T:
        """Carry out what `operations` decides."""
        try:
            step = next(operation)
            while True:
                if isinstance(step, Pause):
                    time.sleep(step.seconds)
                    step = operation.send(None)
                    continue
                try:
                    said = self._ask(step)
                except Exception as problem:
                    step = operation.throw(problem)
                else:
                    step = operation.send(said)
        except StopIteration as end:
            value: T = end.value
            return value

    def _ask(self, request: ApiRequest) -> Any:
        body = msgspec.json.encode({"jsonrpc": "2.0", "id": 1, "method": request.method, "params": request.params})
        allowed = request.wait_s + limits.client_answer_s
        try:
            connection = self._connected(allowed)
            connection.request("POST", urlsplit(self._place.url).path or "/", body, dict(self._place.headers))
            answer = connection.getresponse()
            said, status = answer.read(), answer.status
        except (OSError, http.client.HTTPException) as problem:
            self.close()
            raise Unreachable(self._place.where, type(problem).__name__) from None
        return result_of(said, status, self._place.where)

    def _connected(self, allowed: float) -> http.client.HTTPConnection:
        """The kept connection, with the time that its next answer may take."""
        if self._kept is None:
            self._kept = self._connection()
        self._kept.timeout = allowed
        if self._kept.sock is not None:
            self._kept.sock.settimeout(allowed)
        return self._kept

    def _connection(self) -> http.client.HTTPConnection:
        if self._place.socket:
            return UnixConnection(self._place.socket)
        parts = urlsplit(self._place.url)
        if parts.scheme == "https":
            return http.client.HTTPSConnection(parts.hostname or "", parts.port, context=self._ssl)
        return http.client.HTTPConnection(parts.hostname or "", parts.port)


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: str, timeout: float = limits.client_answer_s) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class SyncSessionHandle(Generic[R]):
    """A saga that was started, as `SessionHandle`."""

    def __init__(self, client: SyncClient, meant: MeantSession, result: Any) -> None:
        self._client = client
        self._result = result
        self._meant = meant

    @property
    def id(self) -> UUID:
        """Its id. Raises AuthorError for a session that was named otherwise, until the sidecar has answered."""
        return self._meant.id

    def result(self, timeout_s: float | None = None) -> R:
        """Wait until the saga is settled at all roles; its result. Raises what `SessionHandle.result` raises."""
        waiting = operations.result(self._client.manner, self._meant, self._result, timeout_s)
        found: R = self._client.carry_out(waiting)
        return found

    def standing(self) -> SagaState:
        """Where it stands now. Raises Refused, Unreachable."""
        return self._client.carry_out(operations.standing(self._client.manner, self._meant))

    def watch(self, every_s: float = limits.client_watch_s) -> Iterator[SagaState]:
        """Where it stands, each time that it has changed, until it is over. As `SessionHandle.watch`."""
        before: SagaState | None = None
        while before is None or not before.over:
            wait_s = 0.0 if before is None else every_s
            found = self._client.carry_out(operations.standing(self._client.manner, self._meant, wait_s))
            if found != before:
                yield found
            before = found

    def signal(self, role: str, name: str, value: Any) -> bool:
        """Tell a role of this service an event; whether it was new. Raises Refused, Unreachable, AuthorError."""
        params = {"role": role, "name": name, "value": encoded(value)}
        telling = operations.told(self._client.manner, "session.signal", self._meant, params)
        return self._client.carry_out(telling)

    def cancel(self, reason: str = "by a client") -> bool:
        """Ask that the saga be undone; whether that was new. Raises Refused, Unreachable."""
        telling = operations.told(self._client.manner, "session.cancel", self._meant, {"reason": reason})
        return self._client.carry_out(telling)
