"""The call `peer.deliver`, which carries messages between sidecars of services in different databases.

    {"messages": [{"header": {…}, "kind": "data", "site": "4", "sender": "payment", "receiver": "loyalty",
                   "payload": …, "context": {…}}, …]}
    -> {"answers": ["stored", …]}            one of `ports.Delivery` a message, after the receiver's commit

Payloads are spliced in and taken out unchanged. A canonical value keeps its bytes, so a duplicate can be told from a
contradiction. The sending service is not in the call: the receiver knows it by the caller's token.

Not promised: that a call carries all messages that are due. It carries as many as fit into `message_bytes_max` and
`message_parts_max`, at most `relay_rows_max` and at least one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from accompanist import limits
from accompanist.language.values import shape
from accompanist.runtime.headers import message_fault, trace_headers
from accompanist.runtime.messages import DURABLE, Header, Kind, Message
from accompanist.runtime.ports import Delivery

DELIVER = "peer.deliver"


class _Carried(msgspec.Struct):
    header: Header
    kind: Kind
    site: str
    sender: str
    receiver: str
    payload: msgspec.Raw
    context: dict[str, str] = {}


class _Answers(msgspec.Struct):
    answers: list[Delivery]


_carried = msgspec.json.Decoder(list[_Carried])
_answers = msgspec.json.Decoder(_Answers)


class TooMany(msgspec.DecodeError):
    """More messages than one call may carry."""


class Nonsense(Exception):
    """The peer's answer is malformed, or does not match the call."""


def calls(messages: Sequence[Message]) -> Iterator[tuple[Sequence[Message], bytes]]:
    """The messages in groups, each with the arguments of the call that carries it."""
    group: list[Message] = []
    parts: list[bytes] = []
    room = limits.message_bytes_max - limits.relay_around_bytes
    parts_max = limits.message_parts_max - limits.relay_around_parts_max
    size = values = 0
    for message in messages:
        part = _encode(message)
        more = shape.parts(part)
        full = len(parts) >= limits.relay_rows_max
        if parts and (full or size + len(part) > room or values + more > parts_max):
            yield group, _arguments(parts)
            group, parts, size, values = [], [], 0, 0
        group.append(message)
        parts.append(part)
        size += len(part) + 1
        values += more
    if parts:
        yield group, _arguments(parts)


def arguments(messages: Sequence[Message]) -> bytes:
    """The arguments of one call that carries all of these messages."""
    return _arguments([_encode(message) for message in messages])


def _arguments(parts: Sequence[bytes]) -> bytes:
    return b'{"messages":[' + b",".join(parts) + b"]}"


def _encode(message: Message) -> bytes:
    return msgspec.json.encode(
        _Carried(
            message.header,
            message.kind,
            message.site,
            message.sender,
            message.receiver,
            msgspec.Raw(message.payload),
            message.context,
        )
    )


def read(data: bytes, mode: str = DURABLE) -> list[Message]:
    """Decode the `messages` of a call, which are of sessions of this mode. Raises msgspec.DecodeError."""
    try:
        carried = _carried.decode(data)
    except UnicodeDecodeError:
        raise msgspec.DecodeError("not UTF-8") from None
    if len(carried) > limits.relay_rows_max:
        raise TooMany(f"{len(carried)} messages; one call brings {limits.relay_rows_max} at most")
    return [_message(one, mode) for one in carried]


def _message(one: _Carried, mode: str) -> Message:
    message = Message(
        header=one.header,
        kind=one.kind,
        site=one.site,
        sender=one.sender,
        receiver=one.receiver,
        payload=bytes(one.payload),
        context=trace_headers(one.context),
    )
    if (fault := message_fault(message, mode)) is not None:
        raise msgspec.DecodeError(fault)
    return message


def answer(deliveries: Sequence[Delivery]) -> bytes:
    """Encode the result of a call."""
    return msgspec.json.encode(_Answers(list(deliveries)))


def read_answer(data: bytes, count: int) -> list[Delivery]:
    """Decode the result of a call with `count` messages. Raises Nonsense."""
    try:
        answers = _answers.decode(data).answers
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Nonsense("it is no list of answers") from None
    if len(answers) != count:
        raise Nonsense(f"{len(answers)} answers to {count} messages")
    return answers
