"""A key stands for one request as the client sent it, whatever a deploy changes in its types and whatever the log has
removed, as long as the log has anything of its session. A refusal is never answered as a success.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from accompanist.errors import AccompanistError
from accompanist.runtime.ports import Commit, Delivery
from accompanist.sidecar.api.starting import Start, name_of_key
from tests.log.worlds import AnyLog, MemoryWorld, PostgresWorld
from tests.sidecar.front import Front, Worker

HEAD = """
from __future__ import annotations
from dataclasses import dataclass
from accompanist import At, Role, choreography, transaction

@dataclass(frozen=True)
class Line:
    product: str
    quantity: int = 1

@dataclass(frozen=True)
class Ask:
    by: str
    lines: tuple[Line, ...] = ()
{more}

class Desk(Role):
    @transaction
    def put(self, ask: Ask) -> int: ...

@choreography
def put_down(desk: Desk, ask: At[Ask, "desk"]) -> At[int, "desk"]:
    return desk.put(ask)
"""
BEFORE, AFTER = HEAD.format(more=""), HEAD.format(more='    note: str = ""')


@pytest.fixture(params=["memory", "postgres"])
async def front(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Front]:
    in_memory = request.param == "memory"
    world = MemoryWorld() if in_memory else PostgresWorld(request.getfixturevalue("database"))
    log: AnyLog = await world.sidecar("warehouse")
    made = Front("warehouse", log, tmp_path, Worker({"put": lambda given: 7}), {"Desk": "warehouse"})
    made.world = world  # type: ignore[attr-defined]
    await made.deploy(BEFORE)
    yield made
    await made.close()
    await world.close()


async def start(front: Front, key: str | None = "k", ask: Any = None, **more: Any) -> dict[str, Any]:
    arguments = ask if isinstance(ask, bytes) else {"ask": ask or {"by": "ann"}}
    under = {} if key is None else {"key": key}
    return await front.ask("session.start", choreography="put_down", arguments=arguments, **under, **more)


async def refusal(asked: Any) -> AccompanistError:
    with pytest.raises(AccompanistError) as caught:
        await asked
    return caught.value


async def settled(front: Front, **more: Any) -> str:
    told = await start(front, wait_ms=20_000, **more)
    assert (told["outcome"], told["result"], told["new"]) == ("settled", 7, True)
    return str(told["session"])


async def older(front: Front, seconds: float = 10.0) -> None:
    await front.world.pass_time(seconds)  # type: ignore[attr-defined]


async def gone(front: Front, *, stub: bool) -> None:
    """The session is collected; with `stub` that goes, too."""
    await older(front)
    assert await front.log.collect(5_000, 10) == 1
    if stub:
        await older(front)
        await front.log.forget(5_000, 10)


# -- the same request ---------------------------------------------------------------------------------


async def test_a_repeated_request_is_the_same_after_a_deploy_that_added_a_field(front: Front) -> None:
    session = await settled(front)
    await front.deploy(AFTER)
    again = await start(front)
    assert (again["session"], again["new"]) == (session, False)
    other = await refusal(start(front, ask={"by": "ann", "note": ""}))
    assert other.code == "ACC711", "a client that says more says something else"
    assert len(front.worker.done) == 1


async def test_a_repeated_request_is_not_checked_by_the_types_of_today(front: Front) -> None:
    session = await settled(front)
    await front.deploy(HEAD.format(more="    note: str").replace("lines: tuple[Line, ...] = ()", "lines: int"))
    assert (await start(front))["session"] == session
    assert (await refusal(start(front, key="new"))).code == "ACC714"


async def test_how_a_request_is_written_does_not_count(front: Front) -> None:
    session = await settled(front, ask=b'{"ask": {"by": "ann", "lines": [{"product": "k\\u00e9", "quantity": 2}]}}')
    again = await start(front, ask='{"ask":{"lines":[{"quantity":2,"product":"ké"}],"by":"ann"}}'.encode())
    assert (again["session"], again["new"]) == (session, False)


async def test_another_request_under_a_key_is_refused_with_a_hint_that_doubles_nothing(front: Front) -> None:
    await settled(front)
    problem = await refusal(start(front, ask={"by": "bob"}))
    assert problem.code == "ACC711"
    assert len(front.worker.done) == 1


async def test_two_at_once_under_one_key_are_one_session(front: Front) -> None:
    told = await asyncio.gather(*(start(front, wait_ms=20_000) for _ in range(5)))
    assert len({one["session"] for one in told}) == 1
    assert [one["new"] for one in told].count(True) == 1
    assert len(front.worker.done) == 1


# -- what the log let go ------------------------------------------------------------------------------


async def test_after_its_values_were_let_go_a_result_says_so_and_when(front: Front) -> None:
    session = await settled(front)
    assert (await front.ask("session.result", session=session))["let_go_at"] is None
    await older(front)
    assert (await front.log.lighten(5_000, 10))[0] == 1
    told = await front.ask("session.result", session=session)
    assert (told["outcome"], told["result"]) == ("settled", None)
    at = told["let_go_at"]
    assert at > 1_600_000_000
    await front.log.lighten(5_000, 10)
    assert (await front.ask("session.result", session=session))["let_go_at"] == at, "it was let go once"
    assert (await start(front))["new"] is False
    assert (await refusal(start(front, ask={"by": "bob"}))).code == "ACC711"


async def test_after_collection_a_key_and_an_id_answer_from_the_stub(front: Front) -> None:
    session = await settled(front)
    await gone(front, stub=False)
    for told in (
        await start(front),
        await start(front, wait_ms=1_000),
        await front.ask("session.result", session=session),
    ):
        assert (told["session"], told["state"], told["outcome"]) == (session, "settled", "settled")
        assert told["let_go_at"] is not None and not told.get("new")
    assert (await refusal(start(front, ask={"by": "bob"}))).code == "ACC711"
    assert (await refusal(front.ask("session.cancel", session=session))).code == "ACC717"
    assert len(front.worker.done) == 1


async def test_after_its_stub_a_key_begins_a_session_of_another_id(front: Front) -> None:
    """A peer may remember the first for longer, and would answer a second of the same id to nothing."""
    first = await settled(front)
    await gone(front, stub=True)
    second = await settled(front)
    assert second != first
    assert (await front.ask("session.result", session=second))["outcome"] == "settled"


async def test_a_request_whose_start_was_never_taken_is_forgotten_in_time(front: Front) -> None:
    name, fresh = uuid4(), uuid4()
    assert (await front.log.request(name, fresh, "put_down", b"d")).first
    assert await front.log.requested(name) is not None
    await front.log.forget(5_000, 10)
    assert await front.log.requested(name) is not None, "its start may still come"
    await older(front)
    session = await settled(front)
    await older(front)
    await front.log.forget(5_000, 10)
    assert await front.log.requested(name) is None
    assert (await start(front))["session"] == session, "one that has begun stays"


async def test_a_session_of_before_keys_were_kept_stands_for_its_key(front: Front) -> None:
    """Its id was made from the key, and its start holds what the types made of the arguments."""
    asked = Start(choreography="put_down", arguments=msgspec.Raw(b'{"ask":{"by":"ann"}}'))
    message = await front.api._starting.message(asked)
    old = name_of_key("warehouse", "k")
    header = msgspec.structs.replace(message.header, session=old)
    before = msgspec.structs.replace(message, header=header, payload=b'{"ask":{"by":"ann","lines":[]}}')
    assert await front.log.flush([Commit(shard=None, messages=(before,))]) == [[Delivery.STORED]]
    told = await start(front, wait_ms=20_000)
    assert (told["session"], told["new"]) == (str(old), False)
    assert (await refusal(start(front, ask={"by": "bob"}))).code == "ACC711"


# -- what is refused at the start ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ask", "where", "hint"),
    [
        ({"by": "ann", "lines": [{"product": "k", "quantitty": 2}]}, "ask: ", "$.lines[0].quantitty"),
        ({"bye": "ann", "by": "ann"}, "ask: ", "$.bye"),
        ({"by": "ann", "lines": [{"product": "k", "quantity": True}]}, "$.lines[0].quantity", ""),
        ({"by": 3}, "$.by", ""),
    ],
)
async def test_what_does_not_fit_is_refused_at_the_start_with_its_path(
    front: Front, ask: dict[str, Any], where: str, hint: str
) -> None:
    for key in ("k", None):
        problem = await refusal(start(front, key=key, ask=ask))
        assert problem.code == "ACC714"
        assert "ask: " in problem.text and where in problem.text and hint in problem.hint
    assert (await start(front))["new"], "a request that was refused holds no key"


async def test_an_empty_key_is_no_key(front: Front) -> None:
    assert (await refusal(start(front, key=""))).code == "ACC712"


# -- every answer of the log is told as what it is ----------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "key", "code"),
    [
        (Delivery.CLOSED, None, "ACC729"),
        (Delivery.CLOSED, "k", "ACC729"),
        (Delivery.CLASH, None, "ACC729"),
        (Delivery.FULL, "k", "ACC719"),
        (Delivery.UNKNOWN, None, "ACC729"),
    ],
)
async def test_a_start_that_the_log_refuses_is_no_success(
    front: Front, answer: Delivery, key: str | None, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(message: Any) -> Delivery:
        return answer

    monkeypatch.setattr(front.driver, "hand_in", refuse)
    assert (await refusal(start(front, key=key))).code == code


async def test_an_unkeyed_start_whose_own_answer_was_lost_is_new(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    async def same(message: Any) -> Delivery:
        return Delivery.SAME

    monkeypatch.setattr(front.driver, "hand_in", same)
    assert (await start(front, key=None))["new"] is True


async def test_a_cancel_says_whether_it_is_the_first(front: Front) -> None:
    """Whatever the reason that is given: the first request stands."""
    front.worker.answers.clear()
    session = (await start(front, key=None))["session"]
    while not front.worker.done:  # noqa: ASYNC110
        await asyncio.sleep(0.001)
    assert (await front.ask("session.cancel", session=session, reason="tired"))["new"] is True
    for reason in ("tired", "no more"):
        assert (await front.ask("session.cancel", session=session, reason=reason))["new"] is False
    front.worker.answers.set()
