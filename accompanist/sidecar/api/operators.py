"""The API for operators: verbs that change sessions.

    session.operate {session, role, verb, who, why, value?}   verb: park, resume, retry, skip, resolve, rehost, end

A verb is checked against the session's state in the log. If it does not apply, it is refused with the verbs that do. A
value is decoded as the type it stands for (`runtime.operate`). The value of a `rehost` is a prefix of a version's
fingerprint; without one, it is the deployed version. When the answer leaves, the verb is audited and stable; the owner
of the session's shard carries it out. The answer and the audit name the site at which the session stood. A verb about
one call is carried out at that site or not at all.

Not promised: that the session is still in that state. It checks the verb again, and ignores one that no longer applies.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, assert_never
from uuid import UUID, uuid4

import msgspec
import orjson

from accompanist.errors import AuthorError, OperatorError, PeerError, catalogue
from accompanist.language.values import codec
from accompanist.rpc.access import proved
from accompanist.rpc.dispatch import Handler
from accompanist.runtime import operate
from accompanist.runtime.control import CLIENT
from accompanist.runtime.log import Log
from accompanist.runtime.messages import Kind, Message
from accompanist.runtime.operate import Standing, Verb
from accompanist.runtime.ports import Delivery, Memory, SessionRow
from accompanist.sidecar.api.correlation import UNKNOWN_SESSION
from accompanist.sidecar.api.public import (
    NOT_PARKED,
    NOT_TAKEN,
    OVER,
    Held,
    read,
    while_the_log_answers,
)
from accompanist.sidecar.api.search import Name, Words
from accompanist.sidecar.api.standing import standing_of, to_stand_on, versions_of
from accompanist.sidecar.hosting import Hosted

NOT_NOW = catalogue(
    "ACC722",
    "verb does not apply",
    "The verbs that apply to a parked session depend on its state: a value can only be given where the program waits "
    "for one, a compensation can only be skipped while one is due, and a saga can only be ended by hand where it may "
    "have passed its commit point; before that a cancel undoes it.",
    "Use one of the verbs that the message names; `accompanist sessions show ID` names them, too.",
)
UNFIT = catalogue(
    "ACC724",
    "session cannot go on under that version",
    "A session can only go on under another version if it would have made the same calls and sent the same messages "
    "under that version, and if the programs of all other roles are the same.",
    "Change only what failed, deploy that, and rehost; or end the saga by hand.",
)
WRONG_VALUE = catalogue(
    "ACC723",
    "value does not fit the operation",
    "A value given by hand replaces a worker's reply. It is recorded, and the program goes on with it, so it must have "
    "the operation's type.",
    "Give JSON of that type with --value; without it the value is null.",
)


class Operate(msgspec.Struct, forbid_unknown_fields=True):
    session: UUID
    role: Name
    verb: Verb
    who: Words
    why: Words
    value: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class Operators:
    """The method above. `deliver` puts a message into this service's inbox; `hosted_here` raises for a session whose
    version is not hosted."""

    def __init__(
        self,
        service: str,
        hosted: Hosted,
        log: Log,
        deliver: Callable[[Message], Awaitable[Held]],
        hosted_here: Callable[[UUID, str], None],
        new_id: Callable[[], UUID] = uuid4,
    ) -> None:
        self._service = service
        self._hosted = hosted
        self._log = log
        self._deliver = deliver
        self._hosted_here = hosted_here
        self._new_id = new_id

    def methods(self) -> dict[str, Handler]:
        return {"session.operate": while_the_log_answers(self.operate)}

    async def operate(self, params: dict[str, msgspec.Raw], meta: bytes | None) -> bytes:
        asked = read(params, Operate)
        memory = await to_stand_on(self._log, asked.session, asked.role)
        row = memory.session
        if row is None:
            raise PeerError(UNKNOWN_SESSION, f"{self._service} plays no {asked.role} in session {asked.session}")
        self._hosted_here(asked.session, asked.role)
        standing = standing_of(self._hosted, self._service, memory)
        if asked.verb is Verb.REHOST:
            value = self._version(asked, memory, standing)
        else:
            _applies(asked, row, standing)
            value = _value(asked, standing)
        who = {"proved": proved(), "claimed": asked.who}
        content = {"verb": asked.verb.value, "who": who, "why": asked.why}
        at = {"site": standing.site} if standing.site else {}
        parked = {"code": standing.parked.code} if standing.parked is not None else {}
        message = Message(
            header=row.header,
            kind=Kind.OPERATOR,
            site=f"!operator/{self._new_id().hex}",
            sender=CLIENT,
            receiver=asked.role,
            payload=orjson.dumps(content | at | parked | value),
            context=row.context,
        )
        delivery = await self._deliver(message)  # with its audit, in one commit
        match delivery:
            case Delivery.STORED | Delivery.SAME:
                pass
            case Delivery.CLOSED:
                raise PeerError(OVER, f"{asked.session} is over at {asked.role}, and was collected")
            case Delivery.CLASH:
                raise OperatorError(NOT_TAKEN, f"the log of {self._service} has another verb under this one's name")
            case _:
                assert_never(delivery)
        return orjson.dumps({"session": str(asked.session), "role": asked.role, "verb": asked.verb.value} | at)

    def _version(self, asked: Operate, memory: Memory, standing: Standing) -> dict[str, Any]:
        """The version that a `rehost` names. Raises AuthorError, PeerError."""
        row = memory.session
        assert row is not None
        known = versions_of(self._hosted, self._service, memory)
        if not known:
            _applies(asked, row, standing)
        deployed = self._hosted.choreographies.get(row.header.choreography)
        wanted = deployed.fingerprint if deployed is not None else ""
        if asked.value is not msgspec.UNSET:
            try:
                wanted = msgspec.json.decode(bytes(asked.value), type=str)
            except msgspec.DecodeError:
                raise AuthorError(UNFIT, "a version is named by its fingerprint, a text") from None
        found = [version for version in known if version.startswith(wanted)]
        if len(found) != 1:
            what = "is the one it runs on, or none that is hosted here" if not found else "names several versions"
            raise AuthorError(UNFIT, f"{wanted[:12]!r} {what}", f"there are: {', '.join(v[:12] for v in known)}")
        if known[found[0]]:
            raise AuthorError(UNFIT, f"{asked.role} cannot go on under {found[0][:12]}: {known[found[0]]}")
        return {"value": found[0]}


def _applies(asked: Operate, row: SessionRow, standing: Standing) -> None:
    """Raises PeerError for a verb that does not apply."""
    there = operate.verbs(standing)
    if asked.verb in there:
        return
    if row.outcome is not None:
        raise PeerError(OVER, f"{asked.role} of {asked.session} is {row.outcome}", "nothing is to be done for it")
    if row.parked is None and asked.verb is not Verb.PARK:
        waits = f"it waits for {row.waiting}" if row.waiting else "nothing is to be done for it"
        raise PeerError(NOT_PARKED, f"{asked.role} is {row.phase.value} and not parked", waits)
    why = f", parked with {row.parked.code}" if row.parked is not None else ""
    raise PeerError(
        NOT_NOW,
        f"{asked.verb.value} does nothing for {asked.role}, which is {row.phase.value}{why}",
        _instead(asked.verb, there),
    )


def _instead(verb: Verb, there: tuple[Verb, ...]) -> str:
    words = f"what can be done: {', '.join(there)}" if there else "it goes on when the others have answered"
    undo = "`accompanist sessions cancel` undoes a saga that has not committed"
    return words if verb is not Verb.END else f"{words}; {undo}"


def _value(asked: Operate, standing: Standing) -> dict[str, Any]:
    """The value of a verb, in canonical form. Raises AuthorError if it is of the wrong type, or not needed."""
    gap = standing.gap if asked.verb is Verb.RESOLVE else None
    if gap is None:
        if asked.value is not msgspec.UNSET:
            raise AuthorError(WRONG_VALUE, f"{asked.verb.value} takes no value here", "leave it out")
        return {}
    given = b"null" if asked.value is msgspec.UNSET else bytes(asked.value)
    what = f"{gap.operation} at {gap.site}" if gap.operation else f"the message at {gap.site}"
    try:
        return {"value": orjson.Fragment(codec.encode(codec.decode_exactly(given, gap.type)))}
    except (codec.DecodeError, codec.EncodeError) as problem:
        text = f"{what} gives {gap.wants}: {problem.text}"
        raise AuthorError(WRONG_VALUE, text, problem.hint or f"--value takes JSON of {gap.wants}") from None
