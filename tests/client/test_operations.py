"""What a client sends, sends again and makes of the answers, without a network."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
import pytest

from accompanist import limits
from accompanist.client import NotOver, Refused, SagaLost, Undone, Unreachable, answers, operations
from accompanist.client.answers import SagaState
from accompanist.client.choreographies import Asked
from accompanist.client.meant import MeantSession
from accompanist.client.operations import ApiRequest, Begin, Manner, Operation, Pause
from accompanist.errors import AuthorError, OperatorError, PeerError

ID = UUID(int=7)
DRAWN = UUID(int=9)


class Sidecar:
    """Answers requests in turn: bytes are a result, an error is raised. Pauses move the clock."""

    def __init__(self, *answers: bytes | Exception, patience_s: float = 30.0) -> None:
        self.now = 100.0
        self.waits = True
        self.asked: list[ApiRequest] = []
        self._answers = list(answers)
        self.manner = Manner("here", patience_s, lambda: self.now, lambda: 0.5, lambda: DRAWN)

    def carry_out(self, operation: Operation[Any]) -> Any:
        try:
            step = next(operation)
            while True:
                if isinstance(step, Pause):
                    self.now += step.seconds
                    step = operation.send(None)
                    continue
                self.asked.append(step)
                answer = self._answers.pop(0)
                self.now += step.wait_s if self.waits else 0.0
                step = operation.throw(answer) if isinstance(answer, Exception) else operation.send(answer)
        except StopIteration as end:
            return end.value


def refused(code: str) -> Refused:
    return Refused({"code": code, "text": "no", "title": "", "hint": ""})


def state(**told: Any) -> bytes:
    return msgspec.json.encode({"session": ID, "state": "running", **told})


STARTED = msgspec.json.encode({"session": ID, "new": True})
WANTED: Asked[Any] = Asked("fulfil_order", {"order": msgspec.Raw(b"{}")}, int)


def test_a_start_has_a_key_of_its_own_and_keeps_it_when_it_is_sent_again() -> None:
    sidecar = Sidecar(Unreachable("here", "ConnectionResetError"), refused("ACC716"), STARTED)
    assert sidecar.carry_out(operations.start(sidecar.manner, WANTED, Begin())) == ID
    assert [one.params["key"] for one in sidecar.asked] == [str(DRAWN)] * 3
    assert sidecar.now > 100.0


def test_a_start_says_what_it_was_told_to() -> None:
    sidecar = Sidecar(STARTED)
    sidecar.carry_out(operations.start(sidecar.manner, WANTED, Begin("order-7", "shop", 1.5, {"customer": "ann"})))
    assert sidecar.asked[0].params == {
        "choreography": "fulfil_order",
        "arguments": {"order": msgspec.Raw(b"{}")},
        "key": "order-7",
        "role": "shop",
        "deadline_ms": 1500,
        "attributes": {"customer": "ann"},
    }


def test_a_volatile_start_has_no_key_and_is_sent_once() -> None:
    sidecar = Sidecar(STARTED)
    sidecar.carry_out(operations.start(sidecar.manner, WANTED, Begin(volatile=True)))
    assert sidecar.asked[0].params["volatile"] is True
    assert "key" not in sidecar.asked[0].params
    sidecar = Sidecar(Unreachable("here", "ConnectionResetError"), STARTED)
    with pytest.raises(Unreachable):
        sidecar.carry_out(operations.start(sidecar.manner, WANTED, Begin(volatile=True)))


@pytest.mark.parametrize("code", ["ACC711", "ACC714", "ACC999"])
def test_what_does_not_pass_by_itself_is_not_sent_again(code: str) -> None:
    sidecar = Sidecar(refused(code))
    with pytest.raises(Refused) as problem:
        sidecar.carry_out(operations.start(sidecar.manner, WANTED, Begin()))
    assert problem.value.code == code
    assert len(sidecar.asked) == 1


def test_patience_ends() -> None:
    sidecar = Sidecar(*[Unreachable("here", "OSError")] * 1000, patience_s=5.0)
    with pytest.raises(Unreachable):
        sidecar.carry_out(operations.start(sidecar.manner, WANTED, Begin()))
    assert 100.0 < sidecar.now <= 105.0
    assert len(sidecar.asked) > 2


def test_patience_begins_with_the_first_failure() -> None:
    sidecar = Sidecar(state(), Unreachable("here", "OSError"), state(outcome="settled", result=5), patience_s=5.0)
    assert sidecar.carry_out(operations.result(sidecar.manner, MeantSession(ID), int, None)) == 5
    assert sidecar.now > 100.0 + limits.wait_ms_max / 1000


def test_who_gives_up_learns_the_key_that_was_drawn() -> None:
    sidecar = Sidecar(Unreachable("here", "OSError"), patience_s=0.0)
    with pytest.raises(Unreachable) as away:
        sidecar.carry_out(operations.start(sidecar.manner, WANTED, Begin()))
    assert away.value.key == str(DRAWN)


def test_an_answer_without_a_session_is_an_error() -> None:
    sidecar = Sidecar(b'{"new": true}')
    with pytest.raises(PeerError):
        sidecar.carry_out(operations.start(sidecar.manner, WANTED, Begin()))


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (b'{"jsonrpc":"2.0","id":1,"error":{"code":-32002,"message":"retry later","data":"shutting_down"}}', 503),
        (b"<html>Bad Gateway</html>", 502),
        (b"", 504),
    ],
)
def test_what_says_retry_later_is_sent_again(said: bytes, status: int) -> None:
    with pytest.raises(Unreachable):
        answers.result_of(said, status, "here")
    with pytest.raises(PeerError):
        answers.result_of(b"<html>Not Found</html>", 404, "here")


def test_a_result_is_waited_for_and_decoded() -> None:
    sidecar = Sidecar(state(waiting="payment"), state(outcome="settled", result=5))
    assert sidecar.carry_out(operations.result(sidecar.manner, MeantSession(ID), int, None)) == 5


def test_a_saga_that_was_undone_says_why() -> None:
    sidecar = Sidecar(state(outcome="ended", reason="no funds"))
    with pytest.raises(Undone, match="no funds") as undone:
        sidecar.carry_out(operations.result(sidecar.manner, MeantSession(ID), int, None))
    assert (undone.value.session, undone.value.reason, undone.value.code) == (ID, "no funds", "ACC850")


def test_a_volatile_saga_that_was_lost_is_not_said_to_be_undone() -> None:
    sidecar = Sidecar(state(outcome="lost", reason="ACC760: the worker is gone"))
    with pytest.raises(SagaLost, match="worker is gone") as lost:
        sidecar.carry_out(operations.result(sidecar.manner, MeantSession(ID), int, None))
    assert lost.value.code == "ACC855"


def test_a_result_that_does_not_come_in_time_says_what_is_waited_for() -> None:
    parked = {"code": "ACC217", "text": "wrong event"}
    sidecar = Sidecar(*[state(waiting="an event", parked=parked)] * 2)
    with pytest.raises(NotOver, match="parked with ACC217: wrong event") as late:
        sidecar.carry_out(operations.result(sidecar.manner, MeantSession(ID), int, 2.0))
    assert isinstance(late.value, TimeoutError)
    assert late.value.standing.waiting == "an event"
    assert sidecar.asked[0].wait_s == 2.0


def test_a_sidecar_that_does_not_wait_is_not_asked_all_the_time() -> None:
    sidecar = Sidecar(*[state()] * 3, state(outcome="settled", result=1))
    sidecar.waits = False
    assert sidecar.carry_out(operations.result(sidecar.manner, MeantSession(ID), int, None)) == 1
    assert sidecar.now - 100.0 == pytest.approx(3 * limits.client_pause_ms / 1000)


def test_a_result_that_was_deleted_is_no_value() -> None:
    sidecar = Sidecar(state(outcome="settled", let_go_at=3.0))
    with pytest.raises(OperatorError) as gone:
        sidecar.carry_out(operations.result(sidecar.manner, MeantSession(ID), int, None))
    assert gone.value.code == "ACC852"


def test_pages_go_on_where_the_last_one_ended() -> None:
    line = {"session": ID, "role": "a", "choreography": "c", "phase": "running"}
    sidecar = Sidecar(msgspec.json.encode({"sessions": [line], "next": [1.0, ID, "a"]}))
    rows, after = sidecar.carry_out(operations.page(sidecar.manner, {"open": True}, None))
    assert (rows[0].session, rows[0].phase, after) == (ID, "running", [1.0, str(ID), "a"])
    sidecar = Sidecar(msgspec.json.encode({"sessions": [], "next": None}))
    assert sidecar.carry_out(operations.page(sidecar.manner, {"open": True}, after)) == ([], None)
    assert sidecar.asked[0].params == {"open": True, "after": after}


def test_an_answer_of_another_kind_is_an_error() -> None:
    sidecar = Sidecar(b'{"x": 1}')
    with pytest.raises(PeerError):
        sidecar.carry_out(operations.standing(sidecar.manner, MeantSession(ID)))


def test_an_outcome_says_that_it_is_over() -> None:
    assert msgspec.json.decode(state(outcome="ended"), type=SagaState).over
    assert not msgspec.json.decode(state(), type=SagaState).over


TOLD = msgspec.json.encode({"session": ID, "new": False})


@pytest.mark.parametrize(
    "given",
    [
        {"key": "order-7"},
        {"attributes": {"order": "7"}},
        {"attributes": {"order": "7"}, "choreography": "fulfil_order"},
    ],
)
def test_a_session_that_is_named_otherwise_is_asked_for_by_its_id_once_that_is_known(given: dict[str, Any]) -> None:
    sidecar = Sidecar(state(), TOLD, state())
    meant = MeantSession(**given)
    with pytest.raises(AuthorError):
        _ = meant.id
    sidecar.carry_out(operations.standing(sidecar.manner, meant))
    assert not sidecar.carry_out(operations.told(sidecar.manner, "session.cancel", meant, {"reason": "r"}))
    assert meant.id == ID
    assert [one.params for one in sidecar.asked] == [{**given, "wait_ms": 0}, {"session": ID, "reason": "r"}]
    meant = MeantSession(**given)
    told = Sidecar(TOLD, state())
    told.carry_out(operations.told(told.manner, "session.signal", meant, {"name": "n"}))
    told.carry_out(operations.standing(told.manner, meant))
    assert [one.params for one in told.asked] == [{**given, "name": "n"}, {"session": ID, "wait_ms": 0}]


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"attributes": {}},
        {"session": ID, "key": "k"},
        {"key": "k", "attributes": {"a": "b"}},
        {"key": "k", "choreography": "c"},
    ],
)
def test_what_names_no_session_or_two_is_refused_before_anything_is_sent(given: dict[str, Any]) -> None:
    with pytest.raises(AuthorError) as refusal:
        MeantSession(**given)
    assert refusal.value.code == "ACC856"


def test_a_result_by_attributes_is_that_of_the_session_that_had_them_first() -> None:
    """Asked again by them, another session could answer."""
    sidecar = Sidecar(state(), Unreachable("here", "ConnectionResetError"), state(outcome="settled", result=5))
    meant = MeantSession(attributes={"a": "b"})
    sidecar.carry_out(operations.result(sidecar.manner, meant, int, None))
    assert [set(one.params) for one in sidecar.asked] == [{"attributes", "wait_ms"}, *[{"session", "wait_ms"}] * 2]
    assert sidecar.asked[0].params["wait_ms"] == 0


def test_a_cancel_by_attributes_is_not_sent_again_where_no_answer_came() -> None:
    """The first may have ended its session, and another one may have the attributes by now."""
    lost = Sidecar(Unreachable("here", "ConnectionResetError"), TOLD)
    with pytest.raises(Unreachable):
        lost.carry_out(operations.told(lost.manner, "session.cancel", MeantSession(attributes={"a": "b"}), {}))
    assert len(lost.asked) == 1
    away = Sidecar(refused("ACC716"), TOLD)
    with pytest.raises(Refused, match="ACC716"):  # its log may have committed the first
        away.carry_out(operations.told(away.manner, "session.cancel", MeantSession(attributes={"a": "b"}), {}))
    refusing = Sidecar(refused("ACC719"), TOLD)
    refusing.carry_out(operations.told(refusing.manner, "session.cancel", MeantSession(attributes={"a": "b"}), {}))
    by_key = Sidecar(Unreachable("here", "ConnectionResetError"), TOLD)
    by_key.carry_out(operations.told(by_key.manner, "session.cancel", MeantSession(key="k"), {}))
    assert (len(away.asked), len(refusing.asked), len(by_key.asked)) == (1, 2, 2)
