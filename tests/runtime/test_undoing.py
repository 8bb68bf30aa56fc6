"""What there is to compensate comes in pages and is stored nowhere else, so every saga that could run can be undone."""

from __future__ import annotations

import msgspec
import pytest

from accompanist.runtime.burst import Burst, CallWorker, CloseWorker
from accompanist.runtime.events import Arrived, CallAnswered, CloseAnswered, Name, Undid
from accompanist.runtime.messages import Kind, Message
from accompanist.runtime.ports import Executed, Memory, Phase, ResultRow
from accompanist.runtime.session import Session
from accompanist.simulation.fence import page
from tests.runtime import sagas
from tests.runtime.test_operate import hear, order

ABORT = Message(header=sagas.HEADER, kind=Kind.ABORT, site="!abort", sender="a", receiver="b", payload=b'"no"')
FIRST = Message(header=sagas.HEADER, kind=Kind.DATA, site="2", sender="a", receiver="b", payload=b"1")
WITHOUT = CloseAnswered(Name.CLOSED, None)


class Fence:
    """So many executed transactions, in pages of so many."""

    def __init__(self, count: int, rows: int) -> None:
        self.left = [Executed(f"3[{number}]", "try_it", b'{"value":1}') for number in range(count)]
        self.rows = rows

    def answer(self, close: CloseWorker) -> CloseAnswered:
        return page(self.left, frozenset(), close.before, self.rows)


def closing() -> tuple[Session, CloseWorker]:
    session = Session.begin(sagas.ring()["b"], FIRST)
    session.handle(Arrived(FIRST))
    [close] = session.handle(Arrived(ABORT)).calls
    assert isinstance(close, CloseWorker)
    return session, close


def undo(session: Session, burst: Burst, fence: Fence) -> tuple[list[str], list[ResultRow], int]:
    """Answer whatever is asked until nothing is: sites in the order of their compensation, marks, pages."""
    sites: list[str] = []
    marks: list[ResultRow] = []
    pages = 0
    while burst.calls:
        [call] = burst.calls
        if isinstance(call, CloseWorker):
            pages += 1
            burst = session.handle(fence.answer(call))
            continue
        assert fence.left.pop().site == call.site
        sites.append(call.site)
        burst = session.handle(Undid(call.site, Name.UNDID))
        marks.extend(burst.results)
    return sites, marks, pages


def recovered(session: Session, marks: list[ResultRow], *inbox: Message) -> tuple[Session, Burst]:
    memory = Memory(session=session.durable_row, inbox=(FIRST, ABORT, *inbox), results=tuple(marks))
    again, bursts = Session.recover(session.program, memory)
    return again, next(burst for burst in bursts if burst.calls)


@pytest.mark.slow
def test_a_hundred_thousand_transactions_are_undone_in_reverse_page_by_page() -> None:
    fence = Fence(100_000, 1_000)
    session, close = closing()
    sites, marks, pages = undo(session, session.handle(fence.answer(close)), fence)
    assert sites == [f"3[{number}]" for number in reversed(range(100_000))]
    assert pages == 99, "beside the one that closed"
    assert session.row.phase is Phase.UNDONE and len(marks) == 100_000


def test_the_row_that_every_compensation_writes_does_not_grow_with_what_was_executed() -> None:
    sizes = []
    for count in (2, 2_000):
        fence = Fence(count, 1_000)
        session, close = closing()
        burst = session.handle(fence.answer(close))
        sizes.append(len(msgspec.json.encode(burst.row)))
    assert sizes[1] - sizes[0] < 10


def test_the_pages_go_on_after_a_crash_where_the_fence_stands() -> None:
    fence = Fence(7, 2)
    session, close = closing()
    burst = session.handle(fence.answer(close))
    [call] = burst.calls
    assert isinstance(call, CallWorker) and call.site == "3[6]"
    fence.left.pop()  # it is compensated, and its mark is lost in the crash
    again, asked = recovered(session, [])
    assert asked.calls == (CloseWorker(),), "nothing of what was executed is in the log"
    sites, _, _ = undo(again, again.handle(fence.answer(CloseWorker())), fence)
    assert sites == [f"3[{number}]" for number in reversed(range(6))]
    assert again.row.phase is Phase.UNDONE


def stuck(count: int, page: int) -> tuple[Session, Fence]:
    fence = Fence(count, page)
    session, close = closing()
    session.handle(fence.answer(close))
    session.handle(Undid(fence.left[-1].site, Name.STUCK, "no"))
    assert session.row.parked is not None
    return session, fence


def test_what_a_person_undid_is_passed_over_although_the_fence_still_lists_it() -> None:
    session, fence = stuck(3, 1)
    burst = hear(session, "skip")
    marks = list(burst.results)
    assert [mark.site for mark in marks] == ["3[2]"]
    assert burst.calls == (CloseWorker(before="3[2]"),)
    again, asked = recovered(session, marks)
    assert asked.calls == (CloseWorker(),)
    burst = again.handle(fence.answer(CloseWorker()))
    assert burst.calls == (CloseWorker(before="3[2]"),), "the whole page is marked"
    [call] = again.handle(fence.answer(CloseWorker(before="3[2]"))).calls
    assert isinstance(call, CallWorker) and call.site == "3[1]"


def test_an_order_that_comes_before_the_page_does_is_carried_out_when_the_page_is_there() -> None:
    session, fence = stuck(2, 2)
    again, asked = recovered(session, [], order("skip"))
    assert asked.calls == (CloseWorker(),)
    assert again.row.verbs == (), "not taken up: after another crash it is heard again"
    burst = again.handle(fence.answer(CloseWorker()))
    assert [mark.site for mark in burst.results] == ["3[1]"]
    assert again.row.verbs == ("!operator/1",)
    [call] = burst.calls
    assert isinstance(call, CallWorker) and call.site == "3[0]"


def test_all_that_is_left_is_resolved_without_being_read() -> None:
    session, _ = stuck(3, 1)
    burst = hear(session, "resolve")
    assert [mark.site for mark in burst.results] == ["3[2]"]
    assert session.row.phase is Phase.UNDONE and not burst.calls


def test_a_parked_session_reads_on_and_compensates_nothing() -> None:
    session, fence = stuck(2, 1)
    hear(session, "park", 2)
    again, asked = recovered(session, [])
    assert asked.calls == (CloseWorker(),)
    assert not again.handle(fence.answer(CloseWorker())).calls
    assert hear(again, "retry", 3).calls[0].site == "3[1]"  # type: ignore[union-attr]


def test_a_page_that_was_not_asked_for_changes_nothing() -> None:
    session, close = closing()
    fence = Fence(3, 1)
    session.handle(fence.answer(close))
    assert not session.handle(CloseAnswered(Name.CLOSED, ())).calls
    burst = session.handle(Undid("3[2]", Name.UNDID))
    assert burst.calls == (CloseWorker(before="3[2]"),)
    assert not session.handle(CloseAnswered(Name.CLOSED, ())).calls, "an answer to another question"
    assert session.row.phase is Phase.UNDOING


@pytest.mark.parametrize("answered", [True, False])
def test_without_a_fence_what_was_decided_at_the_close_counts_after_a_crash(answered: bool) -> None:
    """The call that was asked and not answered counts as executed."""
    session = Session.begin(sagas.ring(concurrent_tail=True)["b"], FIRST)
    session.handle(Arrived(FIRST))
    results = list(session.handle(CallAnswered("3", Name.REPLIED, b"2")).results) if answered else []
    session.handle(Arrived(ABORT))
    burst = session.handle(WITHOUT)
    assert burst.row.asked == ("4b" if answered else "3")
    again, asked = recovered(session, results)
    assert asked.calls == (CloseWorker(),)
    [call] = again.handle(WITHOUT).calls
    assert isinstance(call, CallWorker) and call.site == burst.row.asked


def test_without_a_fence_what_was_declined_meanwhile_is_not_compensated_after_a_crash() -> None:
    session = Session.begin(sagas.ring(concurrent_tail=True)["b"], FIRST)
    session.handle(Arrived(FIRST))
    results = list(session.handle(CallAnswered("3", Name.REPLIED, b"2")).results)
    session.handle(Arrived(ABORT))
    session.handle(CallAnswered("4b", Name.DECLINED, b'"no"'))
    [call] = session.handle(WITHOUT).calls
    assert isinstance(call, CallWorker) and call.site == "3" and session.row.asked == ""
    again, _ = recovered(session, results)
    [call] = again.handle(WITHOUT).calls
    assert isinstance(call, CallWorker) and call.site == "3"


def test_without_a_fence_a_call_that_has_not_ended_after_a_crash_either_is_for_a_person() -> None:
    session = Session.begin(sagas.ring()["b"], FIRST)
    session.handle(Arrived(FIRST))
    session.handle(Arrived(ABORT))
    session.handle(WITHOUT)
    again, _ = recovered(session, [])
    assert again.handle(CloseAnswered(Name.UNENDED, None)).parked is not None
    assert hear(again, "retry").calls == (CloseWorker(),)
    [call] = again.handle(WITHOUT).calls
    assert isinstance(call, CallWorker) and call.site == "3"
