"""What may fail has one definition: what the check lets stand, the runtime carries out."""

from __future__ import annotations

import pytest

from accompanist.language.program.operations import Call, Program
from accompanist.language.program.program import Operation
from accompanist.language.reading.roles import DRAWN, Offer
from accompanist.language.refusal import may_decline, may_fail
from accompanist.language.types import INT
from accompanist.runtime.events import Arrived, CallAnswered, Name
from accompanist.runtime.ports import Phase
from accompanist.runtime.session import Session
from tests.runtime import sagas


@pytest.mark.parametrize(
    ("kind", "retriable", "declines"),
    [
        ("transaction", False, True),
        ("transaction", True, False),
        ("query", False, True),
        ("query", True, False),
        ("compensation", False, False),
        ("commit", False, False),
    ],
)
def test_an_offer_and_its_operation_agree(kind: str, retriable: bool, declines: bool) -> None:
    offer = Offer("do", kind, (), INT, None, retriable)
    operation = Operation("do", kind, {}, "int", None, retriable)
    assert may_decline(offer) is may_decline(operation) is offer.may_decline is operation.may_decline is declines
    assert may_fail(operation, attempt=False) is declines
    assert not may_fail(operation, attempt=True)


def test_what_the_sidecar_answers_itself_never_declines() -> None:
    assert not any(offer.may_decline for offer in DRAWN.values())


@pytest.mark.parametrize("place", ["behind", "beside"])
def test_a_declined_attempt_is_a_value_wherever_the_commit_point_is(place: str) -> None:
    def a(value: int) -> Program:
        if place == "behind":
            yield Call("1", "ship", {"value": value}, int)
        tried = yield Call("2", "gift", {"value": value}, int, True)
        return int(tried.ok)

    operations = [*sagas.transaction("ship", None), *sagas.transaction("gift")]
    programs = sagas.saga({"a": (a, operations, set())}, commit_role="a", after_commit={"a": {"2"}})
    session = Session.begin(programs["a"], sagas.start())
    session.handle(Arrived(sagas.start()))
    if place == "behind":
        session.handle(CallAnswered("1", Name.REPLIED, b"1"))
    burst = session.handle(CallAnswered("2", Name.DECLINED, b'"none left"'))
    assert session.row.parked is None
    assert (session.row.phase, session.row.result) == (Phase.SETTLED, b"0")
    assert [result.outcome for result in burst.results] == ["declined"]
