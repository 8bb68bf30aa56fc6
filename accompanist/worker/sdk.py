"""A worker in Python: a role's operations as functions on an open transaction.

    worker = Worker(Warehouse, schema="warehouse")

    @worker.operation
    async def reserve(tx: asyncpg.Connection, order: Order) -> Reservation:
        ...

`tx` is a connection in a transaction. The operation's statements on it, the fence's record and the reply are one commit
(`worker.execution`). So the operation takes effect once however often it is called, and may be written as if it were
called once. `raise Declined("reason")` declines it. A query gets a read-only transaction.

Parameters are checked against the role's types before the operation begins. A value of a wrong type is answered -32602
with its path, never its content. A call without a key (session, role, site in `_meta`) is refused, because it could not
be retried safely.

The deadline in `_meta` is the session's, not the call's. Only the session acts on it, and a compensation has to work
long after it. The worker ignores it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, TypeVar
from uuid import UUID

import msgspec
import orjson

from accompanist import Role, limits
from accompanist.errors import AuthorError
from accompanist.language.values import codec
from accompanist.rpc import envelope, meta
from accompanist.rpc.dispatch import Handler, Params
from accompanist.rpc.envelope import RpcError
from accompanist.rpc.meta import Meta
from accompanist.worker import contract, fence
from accompanist.worker.contract import OperationContract
from accompanist.worker.database import Asyncpg
from accompanist.worker.execution import Execution
from accompanist.worker.fence import Key
from accompanist.worker.identifiers import schema_name
from accompanist.worker.port import READ_COMMITTED, Isolation, WorkerDriver
from accompanist.worker.volatile import VolatileMemory

Operation = TypeVar("Operation", bound=Callable[..., Any])
Around = Callable[[str, Mapping[str, Any]], AbstractContextManager[None]]
"""A hook around each operation: (its name, the fields of `_meta`) to a context manager. Used for spans."""

_NOTHING = nullcontext()

CLOSE = "accompanist.close"
FORGET = "accompanist.forget"
DESCRIBE = "accompanist.describe"


class Worker:
    """The operations of one role, to be served by `worker.process`. With `isolation="serializable"` all transactions
    are SERIALIZABLE, the fence's among them; then every process that uses this schema's fence has to say so.
    `database` is the driver whose handle the operations take: asyncpg, unless it is one of `worker.adapters`."""

    def __init__(
        self,
        role: type[Role],
        schema: str,
        *,
        isolation: Isolation = READ_COMMITTED,
        database: WorkerDriver | None = None,
    ) -> None:
        self.role = role
        self.schema = schema_name(schema)
        self.isolation = isolation
        self.database: WorkerDriver = database or Asyncpg()
        self.contract = contract.contract_of(role)
        self.around: Around | None = None
        self._handlers: dict[str, Callable[..., Any]] = {}

    def operation(self, handler: Operation) -> Operation:
        """Register a function as the handler of the operation with its name. Raises AuthorError if it does not
        match."""
        name = handler.__name__
        name = next((one.name for one in self.contract.values() if one.written == name), name)
        if name not in self.contract:
            known = ", ".join(self.contract)
            raise AuthorError(contract.MISMATCH, f"{self.role.__name__} has no operation {name}; it has {known}")
        if name in self._handlers:
            raise AuthorError(contract.MISMATCH, f"{self.role.__name__}.{name} has two handlers")
        contract.check_handler(self.role.__name__, self.contract[name], handler, threaded=self.database.threaded)
        self._handlers[name] = handler
        return handler

    def check(self) -> None:
        """Raise AuthorError unless every operation of the role has a handler."""
        missing = [name for name in self.contract if name not in self._handlers]
        if missing:
            raise AuthorError(contract.MISMATCH, f"{self.role.__name__} has no handler for {', '.join(missing)}")

    def handlers(self, execution: Execution) -> dict[str, Handler]:
        """The JSON-RPC methods to serve: the role's operations and the reserved ones."""
        self.check()
        methods = {name: self._method(self.contract[name], self._handlers[name], execution) for name in self.contract}
        return methods | {
            CLOSE: _close_method(execution),
            FORGET: _forget_method(execution),
            DESCRIBE: self._describe_method(execution),
        }

    def _method(self, operation: OperationContract, handler: Callable[..., Any], execution: Execution) -> Handler:
        async def method(params: Params, context: bytes | None) -> bytes:
            call = _read_meta(context)
            with self.around(operation.name, msgspec.structs.asdict(call)) if self.around else _NOTHING:
                values = _decode(params, operation.parameters)

                def work(tx: Any) -> Any:
                    return handler(tx, **values)

                if operation.kind == contract.QUERY:
                    return await execution.ask(work, operation.returns, patience_ms=call.timeout_ms)
                key = _key(call, operation, params)
                if (memory := _memory_for(call, execution)) is not None:
                    return await execution.transact_volatile(
                        memory, key, work, operation.returns, retriable=call.retriable, patience_ms=call.timeout_ms
                    )
                return await execution.transact(
                    key, work, operation.returns, retriable=call.retriable, patience_ms=call.timeout_ms
                )

        return method

    def _describe_method(self, execution: Execution) -> Handler:
        operations = {name: operation.kind for name, operation in self.contract.items()}
        says = {"role": self.role.__name__, "fence": fence.VERSION, "operations": operations}
        if execution.memory is not None:
            says["volatile"] = execution.memory.process
        told = orjson.dumps(says)

        async def describe(params: Params, context: bytes | None) -> bytes:
            return told

        return describe


class _Close(msgspec.Struct, forbid_unknown_fields=True):
    session: UUID
    role: str
    unless: str | None = None
    before: str | None = None


class _Forget(msgspec.Struct, forbid_unknown_fields=True):
    sessions: list[UUID]


def _close_method(execution: Execution) -> Handler:
    async def close(params: Params, context: bytes | None) -> bytes:
        asked = codec.decode(_object(params), _Close)
        unless = None if asked.unless is None else _text("unless", asked.unless)
        before = None if asked.before is None else _text("before", asked.before)
        if (memory := _memory_for(_read_meta(context), execution)) is not None:
            return await memory.close(asked.session, _text("role", asked.role), unless, before)
        return await execution.close(asked.session, _text("role", asked.role), unless, before)

    return close


def _forget_method(execution: Execution) -> Handler:
    async def forget(params: Params, context: bytes | None) -> bytes:
        sessions = codec.decode(_object(params), _Forget).sessions
        if len(sessions) > limits.forget_sessions_max:
            raise envelope.invalid_params(f"at most {limits.forget_sessions_max} sessions are forgotten at a time")
        if (memory := _memory_for(_read_meta(context), execution)) is not None:
            return orjson.dumps({"rows": memory.forget(sessions)})
        return orjson.dumps({"rows": await execution.forget(sessions)})

    return forget


def _memory_for(call: Meta, execution: Execution) -> VolatileMemory | None:
    """The memory that answers a call of a volatile session; None for a call that the fence answers. Raises RpcError if
    another process knew the session's calls."""
    if call.volatile is None or execution.memory is None:
        return None
    if call.volatile != execution.memory.process:
        raise RpcError(envelope.GONE, "another process knew this session")
    return execution.memory


def _read_meta(data: bytes | None) -> Meta:
    try:
        return meta.read(data or b"{}")
    except msgspec.DecodeError as problem:
        raise envelope.invalid_params(f"_meta: {problem}") from None


def _decode(params: Params, types: Mapping[str, Any]) -> dict[str, Any]:
    """Decode the parameters, which must be exactly these. Raises RpcError."""
    if params.keys() != types.keys():
        missing, unknown = types.keys() - params.keys(), params.keys() - types.keys()
        words = f"missing: {', '.join(sorted(missing))}" if missing else f"{len(unknown)} unknown parameters"
        raise envelope.invalid_params(words)
    values: dict[str, Any] = {}
    for name, wanted in types.items():
        try:
            values[name] = codec.decode(bytes(params[name]), wanted)
        except codec.DecodeError as problem:
            raise envelope.invalid_params(f"{name}: {problem.text}") from None
    return values


def _key(call: Meta, operation: OperationContract, params: Params) -> Key:
    if call.session is None or call.role is None or call.site is None:
        raise envelope.invalid_params("_meta needs session, role and site: the call's key")
    wanted = "compensate" if operation.kind == contract.COMPENSATION else "forward"
    if call.kind != wanted:
        raise envelope.invalid_params(f"_meta.key: {operation.name} is called with {wanted!r}")
    # in canonical form, so that a retry with other white space is the same call
    arguments = orjson.dumps(orjson.loads(_object(params)), option=orjson.OPT_SORT_KEYS)
    if len(arguments) > limits.payload_bytes_max:
        # arguments that large could not be returned for their compensation
        raise envelope.invalid_params(f"arguments of {len(arguments)} bytes, the limit is {limits.payload_bytes_max}")
    role, site = _text("_meta.role", call.role), _text("_meta.site", call.site)
    return Key(call.session, role, site, wanted, operation.name, arguments.decode())


def _object(params: Params) -> bytes:
    members = (orjson.dumps(name) + b":" + bytes(value) for name, value in params.items())
    return b"{" + b",".join(members) + b"}"


def _text(name: str, value: str) -> str:
    """Check that Postgres can store and index a name."""
    if not value or len(value.encode()) > limits.site_bytes_max or "\0" in value:
        raise envelope.invalid_params(f"{name}: not a name")
    return value
