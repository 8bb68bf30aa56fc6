"""A fake is called as a real worker is: once for each call that reaches it, in the order of the run, and it keeps its
data.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from accompanist.errors import AuthorError
from accompanist.testing import Declined, Saga
from accompanist.testing import saga as limits_of_a_run
from workers.gallery import mergesort

SAGAS = Path(__file__).with_name("sagas")
TABLE = {"table": 7}


def game(x: list[int], o: list[int]) -> Saga:
    """Tic-tac-toe, with the moves of each player in a sequence."""
    fakes = {"x.think": Mock(side_effect=x), "o.think": Mock(side_effect=o)}
    return Saga(SAGAS / "tictactoe.py", workers=fakes, arguments={"start": "." * 9})


class Stove:
    """Ready at the third look; it counts how often it was asked, although that is a query."""

    def __init__(self, looks: int = 3) -> None:
        self.looks, self.asked, self.fired = looks, 0, list[int]()

    def ready(self, table: int) -> bool:
        self.asked += 1
        return self.asked >= self.looks

    def fire(self, table: int, seat: int) -> int:
        self.fired.append(seat)
        return seat

    def scrap(self, table: int, seat: int) -> None:
        self.fired.append(-seat)


def dinner(stove: Any, **more: Any) -> Saga:
    return Saga(SAGAS / "waiting.py", "dinner", workers={"kitchen": stove, **more}, arguments=TABLE)


def test_a_loop_ends_by_what_a_fake_answers() -> None:
    assert game([0, 1, 2], [3, 4]).run().result == "X"
    assert game([0, 1, 8], [3, 4, 5]).run().result == "O"
    assert game([0, 2, 3, 7, 8], [1, 4, 5, 6]).run().result == "tie"


def test_a_while_that_waits_goes_on_when_the_answer_changes() -> None:
    stove = Stove(looks=3)
    saga = dinner(stove).run()
    assert saga.outcome == "settled" and stove.asked == 3
    assert saga.clock == 120, "time passes and costs none"


def test_what_a_crash_did_not_reach_is_not_asked_again() -> None:
    stove = Stove()
    saga = dinner(stove).crash("kitchen", "after call").run()
    assert saga.outcome == "settled" and stove.fired == [1, 2], "the fence knows it, and the fake is not asked"


def test_a_query_whose_answer_a_crash_lost_is_asked_again() -> None:
    stove = Stove(looks=1)
    saga = dinner(stove).crash("kitchen", "after call", at=3).run()
    assert saga.outcome == "settled" and stove.asked == 2


def test_what_a_fake_has_done_is_not_rolled_back() -> None:
    stove = Stove(looks=1)
    saga = dinner(stove).decline("waiter.serve", "closed").run()
    assert saga.reason == "closed" and stove.fired == [1, 2, -2, -1]
    assert saga.ledger == ["kitchen.fire", "kitchen.fire", "kitchen.scrap", "kitchen.scrap"]


def test_a_closure_and_a_mock_keep_what_they_have_seen() -> None:
    seen: list[int] = []
    serve = Mock(return_value="served")
    saga = dinner(Stove(looks=1), **{"waiter.serve": serve}).run()
    assert saga.result == "served"
    serve.assert_called_once_with(table=7)

    def fire(table: int, seat: int) -> int:
        seen.append(seat)
        if len(seen) == 2:
            raise Declined("out of fish")
        return seat

    fakes = {"kitchen.fire": fire, "kitchen.ready": lambda table: True}
    saga = Saga(SAGAS / "waiting.py", "dinner", workers=fakes, arguments=TABLE).run()
    assert (saga.reason, seen) == ("out of fish", [1, 2])


@pytest.mark.slow
def test_a_long_recursion_is_run_and_not_searched() -> None:
    numbers = [(at * 7919) % 1009 for at in range(250)]
    saga = Saga(mergesort.__file__, "mergesort", arguments={"numbers": numbers}).run()
    assert saga.result == sorted(numbers)


def test_what_a_fake_raises_comes_out_with_a_picture() -> None:
    with pytest.raises(StopIteration) as raised:
        game([0], [3, 4]).run()
    assert "x's worker raises in think" in "".join(raised.value.__notes__)


def test_a_fake_that_breaks_its_contract_is_told() -> None:
    def scrap(table: int, seat: int) -> None:
        raise Declined("no")

    saga = dinner(Stove(looks=1), **{"waiter.serve": Mock(side_effect=Declined("closed"))})
    assert saga.run().reason == "closed"
    fakes = {"kitchen.scrap": scrap, "kitchen.ready": lambda table: True, "kitchen.fire": lambda table, seat: seat}
    with pytest.raises(AssertionError, match=r"kitchen\.scrap declines, which it may not"):
        Saga(SAGAS / "waiting.py", "dinner", workers=fakes, arguments=TABLE).decline("waiter.serve").run()


def test_a_reply_of_another_type_is_the_fakes_fault() -> None:
    with pytest.raises(AssertionError, match=r"the fake kitchen\.ready replies what does not fit: .*bool"):
        dinner(Mock(ready=Mock(return_value="soon"), fire=Mock(return_value=1))).run()


def test_a_run_that_never_ends_is_told_with_its_last_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits_of_a_run, "STEPS_MAX", 300)
    with pytest.raises(AssertionError, match="no end after 300 steps") as found:
        dinner(Stove(looks=1_000)).run()
    assert len(str(found.value).splitlines()) < 250 and "lines" in str(found.value)


@pytest.mark.slow
def test_a_search_refuses_what_it_would_forget() -> None:
    """What a query has changed would be there in one schedule and not in the next."""
    with pytest.raises(AuthorError, match=r"kitchen\.ready changes the data of its fake"):
        dinner(Stove(looks=1)).explore(crashes=0)
