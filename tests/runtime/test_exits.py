"""Every parked session has a way out: each way in which a session is parked, and one way from there to its end."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from accompanist import limits
from accompanist.errors import Bug
from accompanist.language.program.operations import Call, Program, Receive, Send
from accompanist.language.program.program import Operation, RoleProgram
from accompanist.runtime import (
    by_hand,
    closing,
    operate,
    peer_aborts,
    recovery,
    requests,
    running,
    session,
    state,
    undo,
    votes,
)
from accompanist.runtime.burst import Burst, CallWorker, CloseWorker
from accompanist.runtime.control import event, left_in
from accompanist.runtime.events import Arrived, CallAnswered, Clashed, CloseAnswered, Name, Undid
from accompanist.runtime.messages import Kind, Message
from accompanist.runtime.operate import Verb
from accompanist.runtime.ports import Executed, Memory, Phase, ResultKind, ResultRow
from accompanist.runtime.saga import FINAL
from accompanist.runtime.session import Session
from tests.runtime import sagas
from tests.runtime.test_operate import order
from tests.runtime.test_undone import Owner, said


def message(kind: Kind, site: str, sender: str, payload: bytes) -> Message:
    return Message(header=sagas.HEADER, kind=kind, site=site, sender=sender, receiver="b", payload=payload)


UNFIT = message(Kind.DATA, "6", "a", b'"one"')
ILL_TOLD = event(sagas.HEADER.session, "b", "b", "seen", b'"one"', 0.0)


def told(broken: bool = False) -> Program:
    """b as it is where the commit point is behind it: what may not fail, an expression, and again."""
    got = yield Receive("2", "a", int)
    first = yield Call("3", "confirm", {"value": got}, int)
    share = 100 // (first - 7) if broken else first
    yield Call("4", "confirm", {"value": share}, int)
    yield Send("5", "a", share)
    return None


def hearer() -> Program:
    got = yield Receive("2", "a", int)
    yield Call("3", "confirm", {"value": got}, int)
    heard = yield Receive("6", "a", int)
    yield Send("5", "a", heard)
    return None


def waiter() -> Program:
    got = yield Receive("2", "a", int)
    yield Call("3", "confirm", {"value": got}, int)
    seen = yield Call("4", "role.event.seen", {}, int)
    yield Send("5", "a", seen)
    return None


def sleeper() -> Program:
    got = yield Receive("2", "a", int)
    yield Call("3", "role.sleep", {"seconds": limits.timer_seconds_max + got}, None)
    return None


def programs(function: Callable[..., Program] = told, commit_role: str | None = "a") -> RoleProgram:
    confirm = sagas.transaction("confirm", None, retriable=True)
    sleep = Operation("role.sleep", "query", {"seconds": "float"}, "None")
    roles = {
        "a": (sagas.ring()["a"].function, sagas.transaction("finish", None), {"b"}),
        "b": (function, [*confirm, sleep, Operation("role.event.seen", "query", {}, "int")], {"a"}),
    }
    after = {"b": {"2", "3", "4", "5", "6"}}
    return sagas.saga(roles, commit_role, after_commit=after if commit_role else None)["b"]


def begun(program: RoleProgram) -> Session:
    first = message(Kind.DATA, "2", "a", b"1")
    made = Session.begin(program, first)
    made.handle(Arrived(first))
    return made


def broken() -> Program:
    return told(broken=True)


def parked_by_hand() -> Session:
    made = begun(programs())
    made.handle(Arrived(order("park", 1)))
    return made


def of_an_expression() -> Session:
    made = begun(programs(broken))
    made.handle(CallAnswered("3", Name.REPLIED, b"7"))
    return made


def of_a_sleep_that_is_too_long() -> Session:
    return begun(programs(sleeper))


def of_a_reply_that_does_not_fit() -> Session:
    made = begun(programs())
    made.handle(CallAnswered("3", Name.REPLIED, b"null"))
    return made


def of_a_message_that_does_not_fit() -> Session:
    made = begun(programs(hearer))
    made.handle(CallAnswered("3", Name.REPLIED, b"2"))
    made.handle(Arrived(UNFIT))
    return made


def of_an_event_that_does_not_fit() -> Session:
    """It came before anything was known of its session."""
    made = begun(programs(waiter))
    made.handle(Arrived(ILL_TOLD))
    made.handle(CallAnswered("3", Name.REPLIED, b"2"))
    return made


def of_a_door_that_is_shut() -> Session:
    made = begun(programs())
    made.handle(CallAnswered("3", Name.SHUT))
    return made


def of_a_key_that_is_reused() -> Session:
    made = begun(programs())
    made.handle(CallAnswered("3", Name.REUSED))
    return made


def of_no_answer() -> Session:
    made = begun(programs())
    made.handle(CallAnswered("3", Name.EXHAUSTED))
    return made


def of_a_clash_with_a_message_of_ours() -> Session:
    made = begun(programs())
    made.handle(Clashed("5", "a"))
    return made


def of_a_clash_when_it_was_done() -> Session:
    made = begun(programs())
    for site in ("3", "4"):
        made.handle(CallAnswered(site, Name.REPLIED, b"2"))
    assert made.row.phase is Phase.DONE
    made.handle(Clashed("5", "a"))
    return made


def of_two_contents_under_one_identity() -> Session:
    made = begun(programs())
    made.handle(Arrived(message(Kind.DATA, "2", "a", b"5")))
    return made


def of_a_divergence() -> Session:
    row = begun(programs()).durable_row
    other = ResultRow(
        session=row.header.session, role="b", site="3", kind=ResultKind.FORWARD, operation="other", digest=b"?",
        outcome="replied", value=b"2",
    )  # fmt: skip
    inbox = (message(Kind.DATA, "2", "a", b"1"),)
    made, _ = Session.recover(programs(), Memory(session=row, inbox=inbox, results=(other,)))
    return made


def of_what_cannot_be() -> Session:
    """Found in the inbox, where it stays."""
    made = begun(programs())
    inbox = (message(Kind.DATA, "2", "a", b"1"), message(Kind.SETTLED, "!settled", "a", b"null"))
    made, _ = Session.recover(programs(), Memory(session=made.durable_row, inbox=inbox, results=()))
    return made


def undoing(*executed: Executed) -> Session:
    made = begun(sagas.ring()["b"])
    made.handle(Arrived(message(Kind.ABORT, "!abort", "a", b'"no"')))
    made.handle(CloseAnswered(Name.CLOSED, executed))
    return made


def of_a_compensation() -> Session:
    made = undoing(Executed("3", "try_it", b'{"value":1}'))
    made.handle(Undid("3", Name.STUCK, "the worker is down"))
    return made


def of_what_has_no_compensation() -> Session:
    return undoing(Executed("3", "confirm", b'{"value":1}'))


def of_a_bug_when_it_was_undone() -> Session:
    made = undoing()
    assert made.row.phase is Phase.UNDONE
    with pytest.raises(Bug) as raised:
        made.handle(Arrived(message(Kind.SETTLED, "!settled", "a", b"null")))
    made.impossible(Arrived(message(Kind.SETTLED, "!settled", "a", b"null")), raised.value)
    return made


def of_a_pivot_in_doubt() -> Session:
    made = begun(sagas.billed()["b"])
    made.handle(CallAnswered("3", Name.EXHAUSTED))
    made.handle(CloseAnswered(Name.CLOSED, None))
    return made


def of_a_call_that_does_not_end() -> Session:
    made = begun(sagas.ring()["b"])
    made.handle(Arrived(message(Kind.ABORT, "!abort", "a", b'"no"')))
    made.handle(CloseAnswered(Name.UNENDED, None))
    return made


def owner_of_an_undone_saga() -> Owner:
    """The initiator owns the commit point, has passed it, and hears that b is undone."""
    made = Owner()
    made.ships()
    made.hear(said("b", "a", kind=Kind.COMPENSATED))
    return made


def of_a_role_that_is_undone_elsewhere() -> Session:
    return owner_of_an_undone_saga().session


@dataclass(frozen=True)
class Way:
    """A way to park: where it is written, how it comes about, the verbs that apply then, and what `resolve` takes."""

    at: str
    park: Callable[[], Session]
    verbs: str
    value: bytes = b"null"


HEARS = "a message that does not fit"
TOLD = "an event that does not fit"
ELSEWHERE = "a role that is undone elsewhere"
FIRST = message(Kind.DATA, "2", "a", b"1")
IN_THE_INBOX = {HEARS: (FIRST, UNFIT), TOLD: (FIRST, ILL_TOLD), ELSEWHERE: tuple(owner_of_an_undone_saga().inbox)}
IN_THE_LOG = {ELSEWHERE: tuple(owner_of_an_undone_saga().results)}
FORWARD = "resume retry resolve end"
WAYS = {
    "by hand": Way("_carry_out", parked_by_hand, FORWARD, b"3"),
    "an expression": Way("fail", of_an_expression, "resume retry end"),
    "a sleep that is too long": Way("fail", of_a_sleep_that_is_too_long, FORWARD),
    "a reply that does not fit": Way("fail", of_a_reply_that_does_not_fit, FORWARD, b"3"),
    HEARS: Way("fail", of_a_message_that_does_not_fit, FORWARD, b"3"),
    TOLD: Way("_end_at_once", of_an_event_that_does_not_fit, FORWARD, b"3"),
    "a door that is shut": Way("shut", of_a_door_that_is_shut, FORWARD, b"3"),
    "a key that is reused": Way("reused", of_a_key_that_is_reused, FORWARD, b"3"),
    "no answer": Way("exhausted", of_no_answer, FORWARD, b"3"),
    "a clash": Way("clashed", of_a_clash_with_a_message_of_ours, FORWARD, b"3"),
    "a clash when done": Way("clashed", of_a_clash_when_it_was_done, "resume retry"),
    "two contents": Way("put", of_two_contents_under_one_identity, FORWARD, b"3"),
    "a divergence": Way("advance", of_a_divergence, "resume retry end"),
    "what cannot be": Way("park", of_what_cannot_be, FORWARD, b"3"),
    "a compensation": Way("stuck", of_a_compensation, "resume retry skip resolve"),
    "no compensation": Way("_compensate", of_what_has_no_compensation, "resume retry skip resolve"),
    "a pivot in doubt": Way("leave_in_doubt", of_a_pivot_in_doubt, "resume retry skip resolve", b"3"),
    "a call that does not end": Way("calls_not_ended", of_a_call_that_does_not_end, "resume retry skip resolve"),
    ELSEWHERE: Way("heed_undone", of_a_role_that_is_undone_elsewhere, "resume retry end"),
    "a bug when undone": Way("park", of_a_bug_when_it_was_undone, "resume retry"),
}


@pytest.mark.parametrize("name", WAYS)
def test_every_way_to_park_has_the_verbs_that_it_should(name: str) -> None:
    made = WAYS[name].park()
    assert made.row.parked is not None
    assert " ".join(operate.verbs(made.standing())) == WAYS[name].verbs


@pytest.mark.parametrize("name", WAYS)
def test_every_way_to_park_has_a_way_out_to_the_end(name: str) -> None:
    """By the last verb that applies, which is the one that needs nobody but a person and the worker; also after a
    crash, in which nothing is left but what was written."""
    way = WAYS[name]
    for crash in (False, True):
        made = way.park()
        verb = way.verbs.split()[-1]
        value = {"value": msgspec.Raw(way.value)} if verb == "resolve" and made.standing().gap else {}
        given = order(verb, 9, receiver=made.state.role, **value)
        burst = made.handle(Arrived(given))
        assert made.row.parked is None
        if crash and made.row.phase not in (Phase.DONE, Phase.UNDONE):
            inbox = (*IN_THE_INBOX.get(name, (FIRST,)), given)
            results = (*IN_THE_LOG.get(name, ()), *burst.results)
            made, bursts = Session.recover(made.program, Memory(session=made.durable_row, inbox=inbox, results=results))
            assert made.row.parked is None
            burst = merged(bursts)
        to_the_end(made, burst)
        assert made.row.phase in FINAL


def merged(bursts: list[Burst]) -> Burst:
    calls = tuple(call for burst in bursts for call in burst.calls)
    return msgspec.structs.replace(bursts[-1], calls=calls)


def to_the_end(made: Session, burst: Burst) -> None:
    """The worker answers, and the initiator says how it ended, or hears that from the others."""
    while burst.calls:
        match burst.calls[0]:
            case CloseWorker():
                fenced = "confirm" in made.program.projection.operations
                done = (Executed("3", "confirm", b'{"value":1}'),) if fenced else None
                burst = made.handle(CloseAnswered(Name.CLOSED, done))
            case CallWorker(site=site, kind=ResultKind.COMPENSATE):
                burst = made.handle(Undid(site, Name.UNDID))
            case CallWorker(site=site):
                burst = made.handle(CallAnswered(site, Name.REPLIED, b"2"))
    if made.row.phase is Phase.UNDOING:  # ended by hand where nobody decides about that
        made.handle(Arrived(message(Kind.ABORT, "!abort", "a", b'{"reason":"by hand","left":true}')))
    if made.row.phase is Phase.DONE:
        made.handle(Arrived(message(Kind.SETTLED, "!settled", "a", b"null")))
    elif made.row.phase is Phase.UNDONE and made.state.is_initiator:
        for role in "bcde":
            made.handle(Arrived(said(role, "a", left=True, kind=Kind.COMPENSATED)))
    elif made.row.phase is Phase.UNDONE:
        made.handle(Arrived(message(Kind.ENDED, "!ended", "a", b'"why"')))


@pytest.mark.parametrize(
    "name", [name for name, way in WAYS.items() if "resolve" in way.verbs and way.value != b"null"]
)
def test_a_value_lets_the_program_go_on(name: str) -> None:
    made = WAYS[name].park()
    to_the_end(made, made.handle(Arrived(order("resolve", 9, value=msgspec.Raw(WAYS[name].value)))))
    assert made.row.phase is Phase.SETTLED


@pytest.mark.parametrize("value", [b"null", b"true", b'"3"', b"1.5"])
def test_a_value_of_another_type_is_never_recorded(value: bytes) -> None:
    made = WAYS["no answer"].park()
    burst = made.handle(Arrived(order("resolve", 9, value=msgspec.Raw(value))))
    assert made.row.parked is not None and not burst.results
    assert made.handle(Arrived(order("resolve", 10, value=msgspec.Raw(b"3")))).results


def test_a_record_that_does_not_fit_is_corrected_by_hand_and_stays_corrected() -> None:
    made = of_a_reply_that_does_not_fit()
    wrong = ResultRow(
        session=sagas.HEADER.session, role="b", site="3", kind=ResultKind.FORWARD, operation="confirm",
        digest=made.state.results["3"].digest, outcome="replied", value=b"null",
    )  # fmt: skip
    correction = order("resolve", 9, value=msgspec.Raw(b"3"))
    burst = made.handle(Arrived(correction))
    assert not burst.results, "the log keeps the first; the order says what counts"
    assert [call.arguments for call in burst.calls if isinstance(call, CallWorker)] == [b'{"value":3}']
    inbox = (message(Kind.DATA, "2", "a", b"1"), correction)
    _, bursts = Session.recover(programs(), Memory(session=made.durable_row, inbox=inbox, results=(wrong,)))
    calls = [call for burst in bursts for call in burst.calls]
    assert [call.arguments for call in calls if isinstance(call, CallWorker)] == [b'{"value":3}']


def test_a_value_by_hand_that_the_program_cannot_go_on_from_is_corrected_by_hand() -> None:
    made = begun(programs(broken))
    made.handle(CallAnswered("3", Name.REUSED))
    made.handle(Arrived(order("resolve", 8, value=msgspec.Raw(b"7"))))
    assert made.row.parked is not None and Verb.RESOLVE in operate.verbs(made.standing())
    made.handle(Arrived(order("resolve", 9, value=msgspec.Raw(b"8"))))
    assert made.row.parked is None and made.row.by_hand == (("3", "!operator/8"), ("3", "!operator/9"))


def test_what_followed_from_a_value_keeps_it() -> None:
    """A later value would contradict what has left."""
    made = begun(programs())
    made.handle(CallAnswered("3", Name.REUSED))
    made.handle(Arrived(order("resolve", 8, value=msgspec.Raw(b"7"))))
    made.handle(Arrived(order("park", 9)))
    gap = made.standing().gap
    assert gap is not None and gap.site == "4"


def test_a_saga_that_is_ended_by_hand_undoes_nothing_and_says_so() -> None:
    made = of_an_expression()
    closing = made.handle(Arrived(order("end", 9)))
    assert closing.calls == (CloseWorker(None),) and closing.forced
    burst = made.handle(CloseAnswered(Name.CLOSED, (Executed("3", "confirm", b'{"value":1}'),)))
    assert made.row.phase is Phase.UNDOING
    assert [(m.kind, left_in(m)) for m in burst.messages] == [(Kind.ABORT, True)]
    word = made.handle(Arrived(message(Kind.ABORT, "!abort", "a", b'{"reason":"by hand","left":true}')))
    assert made.row.phase is Phase.UNDONE and not word.calls
    assert [(m.kind, left_in(m)) for m in word.messages] == [(Kind.COMPENSATED, True)]
    assert made.row.reason == "ended by hand at b (op: because)"


def test_a_saga_that_a_cancel_can_undo_is_not_ended_by_hand() -> None:
    undoable = begun(programs(commit_role=None))
    undoable.handle(Arrived(order("park", 1)))
    assert Verb.END not in operate.verbs(undoable.standing())
    undoable.handle(Arrived(order("end", 2)))
    assert undoable.row.parked is not None


def test_no_way_to_park_is_left_out() -> None:
    """Where the core parks a session is where one of the ways above begins."""
    found: set[str] = set()
    for module in (session, state, by_hand, closing, peer_aborts, recovery, requests, running, undo, votes):
        tree = ast.parse(Path(module.__file__).read_text())
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef):
                calls = [node for node in ast.walk(function) if isinstance(node, ast.Call)]
                parks = ("self._state.park", "self.state.park", *(["self.park"] if module is state else []))
                if any(ast.unparse(call.func) in parks for call in calls):
                    found.add(function.name)
    assert found == {way.at for way in WAYS.values()}
