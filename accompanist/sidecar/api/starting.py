"""Checks a start request, and finds the session of its idempotency key.

Requests are compared in canonical JSON as they were sent, not as values of the choreography's types: types change with
a deployment, and a repeated request has to stay the same request.

A session's id is random, in a shard of this sidecar (`sidecar.api.own_ids`). Under a key it is the id of the first
request (`Log.request`), for as long as the log has anything of that session.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Annotated
from uuid import UUID, uuid5

import msgspec

from accompanist import limits
from accompanist.errors import AuthorError, catalogue
from accompanist.language.program.program import RoleProgram
from accompanist.language.values import codec
from accompanist.runtime.control import CLIENT, site_of
from accompanist.runtime.log import Log
from accompanist.runtime.messages import DURABLE, VOLATILE, Header, Kind, Message
from accompanist.runtime.ports import Memory, SessionStub
from accompanist.runtime.replay import decode_arguments
from accompanist.sidecar.api.search import Attributes, Name
from accompanist.sidecar.api.volatile import check_start
from accompanist.sidecar.calls.limiting import CallLimits
from accompanist.sidecar.hosting import UNKNOWN_CHOREOGRAPHY, Hosted

KEY_TAKEN = catalogue(
    "ACC711",
    "idempotency key taken",
    "A session was started under this key with other arguments, or of another choreography. A key is for one request.",
    "Repeat a request with exactly the arguments of the first time: `accompanist sessions show ID` has them. Use a new "
    "key only for a further request.",
)
WRONG_ARGUMENTS = catalogue(
    "ACC714",
    "arguments do not fit the choreography",
    "The arguments of a start do not have the names and types of the choreography's parameters. Nothing was written.",
    "Give every parameter that is not a role, by name, as JSON of the type that the choreography declares.",
)

_KEYS = UUID("6f1c2b0e-2c0b-5d0e-9d63-0f6d2a6b8a55")

Wait = Annotated[int, msgspec.Meta(ge=0)]
Patience = Annotated[int, msgspec.Meta(ge=0, le=limits.deadline_ms_max)]
Key = Annotated[str, msgspec.Meta(min_length=1, max_length=limits.reason_chars_max)]


class Start(msgspec.Struct, forbid_unknown_fields=True):
    choreography: Name
    arguments: msgspec.Raw
    role: Name | None = None
    key: Key | None = None
    deadline_ms: Patience | None = None
    wait_ms: Wait = 0
    attributes: Attributes = {}
    volatile: bool = False


class Starting:
    """Turns start requests into sessions, with the hosted choreographies and the log of a service."""

    def __init__(
        self,
        service: str,
        hosted: Hosted,
        log: Log,
        clock: Callable[[], float],
        new_id: Callable[[], UUID],
        calls: CallLimits,
    ) -> None:
        self._service = service
        self._hosted = hosted
        self._log = log
        self._clock = clock
        self._new_id = new_id
        self._limits = calls

    async def message(self, asked: Start) -> Message:
        """The `start` message of a request. Raises AuthorError, and OperatorError if it makes calls of which too many
        wait already, before anything is written. A repeated request is not refused for that."""
        program, bindings = self._program(asked)
        if asked.volatile:
            check_start(program.choreography, asked.key)
        try:
            arguments = codec.canonical(bytes(asked.arguments))
        except codec.DecodeError as problem:
            raise AuthorError(WRONG_ARGUMENTS, f"{asked.choreography}: {problem.text}", problem.hint) from None
        if asked.key is None:
            self._check(program, arguments)
            session = self._new_id()
        else:
            session = await self._under_key(asked.key, program, arguments)
        header = Header(
            session=session,
            choreography=asked.choreography,
            fingerprint=program.choreography.fingerprint,
            initiator=program.role,
            bindings=dict(bindings),
            started_at=self._clock(),
            mode=VOLATILE if asked.volatile else DURABLE,
            attributes=asked.attributes,
            deadline=self._clock() + asked.deadline_ms / 1000 if asked.deadline_ms is not None else None,
        )
        return Message(
            header=header,
            kind=Kind.START,
            site=site_of(Kind.START),
            sender=CLIENT,
            receiver=program.role,
            payload=arguments,
        )

    def _program(self, asked: Start) -> tuple[RoleProgram, Mapping[str, str]]:
        program, bindings = self._hosted.startable(asked.choreography)
        if asked.role is not None and asked.role != program.role:
            raise AuthorError(
                UNKNOWN_CHOREOGRAPHY,
                f"{asked.choreography} is started by its initiator {program.role}, not by {asked.role}",
                f"use role {program.role}",
            )
        return program, bindings

    async def _under_key(self, key: str, program: RoleProgram, arguments: bytes) -> UUID:
        """The session of an idempotency key. Raises AuthorError if the key is taken by another request, or if the
        arguments have wrong types. Those of a repeated request were checked the first time, and are not checked
        again."""
        name = name_of_key(self._service, key)
        asked = (program.choreography.name, codec.digest(arguments))
        request = await self._log.requested(name)
        if request is None:
            self._check(program, arguments)
            request = await self._log.request(name, self._new_id(), *asked)
        if request.digest is None:
            same = await self._began_alike(request.session, program, arguments)
        else:
            kept = (request.choreography, request.digest)
            # the log's function `start` keeps another digest
            same = kept == asked or kept == (program.choreography.name, sha256(arguments).digest())
        if not same:
            raise AuthorError(KEY_TAKEN, f"the key of session {request.session} stands for another request")
        return request.session

    def _check(self, program: RoleProgram, arguments: bytes) -> None:
        """Raises AuthorError for arguments that do not fit, OperatorError while too many calls wait."""
        _check(program, arguments)
        if not self._limits.are_set:
            return
        projection = program.projection
        # the role's class has more operations; those that this saga may call stand in its program's text
        called = [name for name in projection.operations if f'"{name}"' in projection.source]
        self._limits.check_room(projection.role_class, called)

    async def _began_alike(self, session: UUID, program: RoleProgram, arguments: bytes) -> bool:
        """Whether a session that is older than digests was started by the same request. Its inbox has the arguments as
        they were decoded then, or none if they were deleted."""
        found = await self.find(session)
        if found is None or isinstance(found, SessionStub):
            return True
        first = found.inbox[0]
        if first.header.choreography != program.choreography.name:
            return False
        try:
            made = codec.encode(decode_arguments(program, arguments))
        except codec.DecodeError:
            made = arguments
        return first.payload in (arguments, made, b"null")

    async def find(self, session: UUID) -> Memory | SessionStub | None:
        """The session at its initiator, its start first in the inbox; or its stub."""
        roles = sorted(self._hosted.initiators)
        for role in roles:
            [memory] = await self._log.load([(session, role)])
            starts = tuple(message for message in memory.inbox if message.kind is Kind.START)
            if starts:
                others = tuple(message for message in memory.inbox if message.kind is not Kind.START)
                return msgspec.structs.replace(memory, inbox=starts + others)
        for role in roles:
            if (stub := await self._log.stub(session, role)) is not None:
                return stub
        return None


def _check(program: RoleProgram, arguments: bytes) -> None:
    """Raises AuthorError for arguments that do not fit the choreography's parameters."""
    try:
        decode_arguments(program, arguments, codec.decode_exactly)
    except codec.DecodeError as problem:
        raise AuthorError(WRONG_ARGUMENTS, f"{program.choreography.name}: {problem.text}", problem.hint) from None


def name_of_key(service: str, key: str) -> UUID:
    """The id under which a key is stored. It is also the session's id, if an event was sent to it before it began."""
    return uuid5(uuid5(_KEYS, service), key)
