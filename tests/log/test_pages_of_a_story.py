"""A session can be shown, however much it has: in pages, each of which fits into an answer, all of it in the end."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from accompanist import limits
from accompanist.log.story import StoryCursor
from accompanist.runtime.ports import Phase
from accompanist.sidecar.api import paging
from accompanist.sidecar.api.public import plain
from tests.log.letters import burst, header, message, result, row
from tests.log.worlds import AnyLog, World, owner


async def everything(log: AnyLog, session: Any) -> tuple[list[dict[str, Any]], int]:
    """The pages of a session's story, read as a client reads them."""
    pages: list[dict[str, Any]] = []
    after: Any = {}
    while after is not None:
        seen = StoryCursor(**{name: tuple(key) if isinstance(key, list) else key for name, key in after.items()})
        shown = await log.show(session, seen)
        assert shown is not None
        answer = paging.story(shown, seen, {"unhosted": []}, plain)
        assert len(answer) <= limits.message_bytes_max
        pages.append(orjson.loads(answer))
        after = pages[-1]["next"]
        assert len(pages) < 100, "it comes to an end"
    return pages, len(pages)


def gathered(pages: list[dict[str, Any]], what: str) -> list[dict[str, Any]]:
    return [one for page in pages for one in page[what]]


@pytest.mark.parametrize("rows_max", [5, 1_000])
async def test_many_small_rows(world: World, monkeypatch: pytest.MonkeyPatch, rows_max: int) -> None:
    log = await owner(world, "warehouse")
    of, other = header(), header()
    sent = [message(of, f"2[{n}]", "stock") for n in range(23)]
    lost = [message(of, f"3[{n}]", "lost") for n in range(7)]
    replies = [result(of, f"4[{n}]") for n in range(11)]
    for one in (of, other):
        await log.flush([burst(one, session=row(one), messages=(message(one, "1", "stock"),))])
    await log.flush([burst(of, messages=(*sent, *lost), results=tuple(replies))])
    monkeypatch.setattr(limits, "list_rows_max", rows_max)
    pages, count = await everything(log, of.session)
    messages = sorted((one["place"], one["site"]) for one in gathered(pages, "messages"))
    wanted = [("inbox", "1"), *(("inbox", one.site) for one in sent), *(("outbox", one.site) for one in lost)]
    assert messages == sorted(wanted)
    assert sorted(one["site"] for one in gathered(pages, "results")) == sorted(one.site for one in replies)
    assert [one["role"] for one in gathered(pages, "rows")] == ["warehouse"]
    assert (count > 1) is (rows_max == 5)
    assert [("stubs" in page, "unhosted" in page) for page in pages] == [(True, True)] + [(False, False)] * (count - 1)


async def test_rows_of_which_one_fills_an_answer(world: World) -> None:
    """Two roles of one service may each have a result as large as a value may be, and so may every message."""
    log = await owner(world, "warehouse")
    of = header()
    huge = b'"' + b"x" * (limits.payload_bytes_max - 2) + b'"'
    for role in ("warehouse", "stock"):
        over = row(of, role, phase=Phase.SETTLED, outcome="settled", result=huge)
        await log.flush([burst(of, session=over, messages=(message(of, role, "stock", payload=huge),))])
    await log.flush([burst(of, results=(result(of, value=huge),))])
    pages, count = await everything(log, of.session)
    assert count == 5, "nothing fits beside another"
    assert {one["role"] for one in gathered(pages, "rows")} == {"warehouse", "stock"}
    assert {one["site"] for one in gathered(pages, "messages")} == {"warehouse", "stock"}
    assert [len(one["value"]) for one in gathered(pages, "results")] == [limits.payload_bytes_max - 2]


async def test_a_list_of_sessions_ends_where_an_answer_does(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    log = await owner(world, "warehouse")
    reason = "\x01" * limits.reason_chars_max  # six bytes each in JSON
    sessions = [header(started_at=float(n)) for n in range(9)]
    await log.flush([burst(of, session=row(of, reason=reason)) for of in sessions])
    monkeypatch.setattr(paging, "_room", 10_000)
    after, found, counts = None, [], []
    while True:
        lines = await log.summaries(after=after, limit=9)
        answer = orjson.loads(paging.lines(lines, 9, plain))
        found += [one["session"] for one in answer["sessions"]]
        counts.append(len(answer["sessions"]))
        if answer["next"] is None:
            break
        after = lines[len(answer["sessions"]) - 1].cursor
        assert answer["next"] == {"started_at": after.started_at, "session": str(after.session), "role": after.role}
    assert found == [str(of.session) for of in reversed(sessions)]
    assert counts == [3, 3, 3]
