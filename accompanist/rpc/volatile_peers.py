"""The call `peer.volatile`, which carries what is said of volatile sessions between services in different databases.

    {"process": "77ab…", "to": "4c1d…", "messages": […], "lost": […]}
    -> {"process": "4c1d…", "lost": [{"session": "…", "reason": "…"}]}

Messages are written as in `peer.deliver`. `process`: of the caller, and in the answer of who answers. A call `to`
another process than the one that answers is not taken. One without messages asks which process is there. The service
that calls is not in the call: the receiver knows it by the caller's token.

Not promised: that messages are taken once. One that is sent again is known by its name.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from accompanist import limits
from accompanist.rpc import peers
from accompanist.runtime.loss import Lost
from accompanist.runtime.messages import VOLATILE, Message

VOLATILE_METHOD = "peer.volatile"


class VolatileCall(msgspec.Struct):
    """What a call brings."""

    process: str
    to: str = ""
    messages: list[msgspec.Raw] = []
    lost: list[Lost] = []


class VolatileAnswer(msgspec.Struct):
    """What is answered."""

    process: str
    lost: list[Lost] = []


_answered = msgspec.json.Decoder(VolatileAnswer)


def calls(process: str, to: str, messages: Sequence[Message], lost: Sequence[Lost]) -> Iterator[bytes]:
    """The arguments of the calls that carry all of these, messages first; of one where there are none."""
    said = b'{"process":' + msgspec.json.encode(process) + b',"to":' + msgspec.json.encode(to) + b","
    for _, arguments in peers.calls(messages):
        yield said + arguments[1:]
    said_at_least = 0 if messages else 1
    for at in range(0, max(len(lost), said_at_least), limits.relay_rows_max):
        yield said + b'"lost":' + msgspec.json.encode(lost[at : at + limits.relay_rows_max]) + b"}"


def read(params: dict[str, msgspec.Raw]) -> tuple[VolatileCall, list[Message]]:
    """What a call brings, with its messages. Raises msgspec.DecodeError."""
    given = {name: msgspec.json.decode(value) for name, value in params.items() if name in ("process", "to", "lost")}
    asked = msgspec.convert(given, VolatileCall, strict=False)
    if max(len(asked.process), len(asked.to)) > limits.name_chars_max or len(asked.lost) > limits.relay_rows_max:
        raise msgspec.ValidationError("what it says of volatile sessions is too long")
    return asked, peers.read(bytes(params.get("messages", msgspec.Raw(b"[]"))), VOLATILE)


def answer(process: str, lost: Sequence[Lost] = ()) -> bytes:
    """Encode the result of a call."""
    return msgspec.json.encode(VolatileAnswer(process, list(lost)))


def read_answer(data: bytes) -> VolatileAnswer:
    """Decode the result of a call. Raises msgspec.DecodeError."""
    return _answered.decode(data)
