"""Who gave an operator's verb is what was proved: a token, or the user at the other end of a socket. What a person
claims is kept apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import msgspec
import pytest

from accompanist.rpc.access import calls_as
from accompanist.runtime.messages import Message
from accompanist.runtime.operate import order_in
from accompanist.runtime.operator_identity import Operator
from accompanist.runtime.ports import Delivery, Memory, Phase, SessionRow
from accompanist.sidecar.api.operators import Operators
from tests.telemetry.saga import HEADER


class Log:
    """A log with one session. It audits what the message of a verb says, in the commit that takes the message."""

    async def load(self, keys: Sequence[Any]) -> list[Memory]:
        row = SessionRow(header=HEADER, role="payment", phase=Phase.RUNNING)
        return [Memory(session=row, inbox=(), results=())]


class Driver:
    """Takes the order."""

    def __init__(self) -> None:
        self.taken: list[Message] = []

    async def hand_in(self, message: Message) -> Delivery:
        self.taken.append(message)
        return Delivery.STORED


@pytest.mark.parametrize(
    ("token", "said", "audited"),
    [
        ("", "ann", ""),
        ("console", "ann", "token console"),
        ("console", "root (token admin)", "token console"),
    ],
)
async def test_the_audit_names_the_token(token: str, said: str, audited: str) -> None:
    """In a field of its own, so that nobody can say it of himself."""
    log, driver = Log(), Driver()
    hosted: Any = None  # nothing that is not parked needs a program
    operators = Operators("payment", hosted, cast(Any, log), driver.hand_in, lambda session, role: None)
    asked = {"session": str(HEADER.session), "role": "payment", "verb": "park", "who": said, "why": "to look"}
    if token:
        calls_as(token)
    await operators.operate({name: msgspec.Raw(msgspec.json.encode(value)) for name, value in asked.items()}, None)
    [message] = driver.taken
    order = order_in(message)
    assert order is not None and (order.who, order.why) == (Operator(proved=audited, claimed=said), "to look")
