"""A short part of `make chaos`, and tests that its oracles and proxies notice what is wrong.

The whole takes ten minutes, this part under one, with one sidecar for each service. The invariants are the same.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from accompanist.language.compile import compile_file
from ops.chaos import kills, lines, network
from ops.chaos.faults import MAIN, Fault
from ops.chaos.load import KEY_TAKEN, Load, Order
from ops.chaos.oracles import judge_order
from ops.chaos.report import Played, Report
from ops.chaos.runner import play
from ops.chaos.wire import Conversation
from ops.stage import ALL_DONE
from ops.upgrade import Project, widen

pytestmark = pytest.mark.postgres

SEED = 20
CHOSEN = ("kill-two", "unlisten", "cut-flush", "cut-commit")
PARCEL = {"tracking": "T1", "reservation": "R1", "points": 39}


def slim() -> list[Fault]:
    """The chosen faults, on a deployment that comes up faster."""
    layout = replace(MAIN, name="slim", replicas=1)
    faults = [fault for family in (kills, lines, network) for fault in family.FAULTS if fault.name in CHOSEN]
    return [replace(fault, layout=layout) for fault in faults]


def test_nothing_is_lost_doubled_or_stuck(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kills, "ROUNDS", 1)
    report = play(slim(), tmp_path, seed=SEED, rate=4.0)
    assert report.failures() == [], report.text(str(tmp_path))
    assert {one.fault for one in report.played} == set(CHOSEN)


def order(kind: str = "plain", *outcomes: tuple[str, str | None, object]) -> Order:
    made = Order(1, kind, "customer001", {"plain": "kettle", "unpaid": "grinder"}[kind], "key", time.monotonic())
    made.sessions, made.news = ["s"], 1
    made.outcomes = [(0.0, *outcome) for outcome in outcomes or [("settled", None, PARCEL)]]
    return made


UNPAID = ("ended", "not enough money", None)


@pytest.mark.parametrize(
    ("judged", "ledger", "broken"),
    [
        (order(), ALL_DONE, ""),
        (order("unpaid", UNPAID), {"reserve": 1, "release": 1}, ""),
        (order("unpaid", UNPAID), {}, ""),
        (order(), ALL_DONE | {"award": 0}, "I1"),
        (order(), ALL_DONE | {"refund": 1}, "I1"),
        (order("unpaid", UNPAID), {"reserve": 1}, "I1"),
        (order("unpaid", UNPAID), {"release": 1}, "I1"),
        (order("unpaid", UNPAID), ALL_DONE | {"release": 1, "refund": 1, "revoke": 1}, "I1"),
        (order("unpaid", UNPAID), {"reserve": 2, "release": 2}, "I3"),
        (order("unpaid", ("ended", "budget spent", None)), {}, "I5"),
        (order("plain", UNPAID), {}, "I5"),
        (order("plain", ("settled", None, PARCEL | {"points": 40})), ALL_DONE, "I5"),
        (order("plain", ("settled", None, PARCEL), ("ended", "late", None)), ALL_DONE, "I8"),
    ],
)
def test_a_breach_is_noticed(judged: Order, ledger: dict[str, int], broken: str) -> None:
    found = {breach.invariant for breach in judge_order(judged, Counter(ledger))}
    assert broken in found if broken else not found


@pytest.mark.parametrize("said", ["two sessions", "new twice", "an oddity"])
def test_a_lie_to_the_client_is_noticed(said: str) -> None:
    told = order()
    match said:
        case "two sessions":
            told.sessions.append("t")
        case "new twice":
            told.news = 2
        case _:
            told.oddities.append("another order under the same key was accepted")
    assert [breach.invariant for breach in judge_order(told, Counter(ALL_DONE))] == ["I8"]


class Answers(Load):
    """Clients of a sidecar that answers what the test says."""

    def __init__(self, **answers: dict[str, Any] | str) -> None:
        super().__init__([], 1.0, random.Random(1))
        self.answers = answers
        self.asked: list[dict[str, Any]] = []

    async def _ask(
        self, order: Order, chance: random.Random, method: str, params: dict[str, Any]
    ) -> tuple[dict[str, Any] | None, str]:
        self.asked.append(params)
        answer = self.answers.get(method.partition(".")[2], "")
        return (None, answer) if isinstance(answer, str) else (answer, "")


SAME = {"session": "s", "new": False}
SETTLED = {"outcome": "settled", "reason": None, "result": PARCEL}
LET_GO = {"outcome": "settled", "reason": None, "result": None, "let_go_at": 1.0}


@pytest.mark.parametrize(
    ("start", "result", "broken"),
    [
        (SAME, SETTLED, ""),
        (SAME, LET_GO, ""),
        (SAME, "", ""),
        (SAME | {"session": "t"}, SETTLED, "I8"),
        (SAME | {"new": True}, SETTLED, "I8"),
        (SAME, LET_GO | {"outcome": "ended"}, "I8"),
        (SAME, SETTLED | {"result": PARCEL | {"points": 40}}, "I8"),
        (KEY_TAKEN, SETTLED, "I8"),
    ],
)
async def test_what_a_key_that_is_said_again_is_answered_is_judged(
    start: dict[str, Any] | str, result: dict[str, Any] | str, broken: str
) -> None:
    told, clients = order(), Answers(start=start, result=result)
    await clients.again(told, random.Random(1))
    assert clients.asked[0] == told.params()
    assert {breach.invariant for breach in judge_order(told, Counter(ALL_DONE))} == ({broken} if broken else set())


async def test_another_request_under_a_key_is_another_and_has_to_be_refused() -> None:
    told, clients = order(), Answers(start=KEY_TAKEN)
    assert await clients.something_else(told, random.Random(1)) == KEY_TAKEN
    assert await clients.something_else(told, random.Random(1), note="fragile") == KEY_TAKEN
    same = told.params()["arguments"]["order"]
    assert [asked["key"] for asked in clients.asked] == ["key", "key"]
    assert clients.asked[1]["arguments"]["order"] == same | {"note": "fragile"}
    assert clients.asked[0]["arguments"]["order"] not in (same, clients.asked[1]["arguments"]["order"])
    assert judge_order(told, Counter(ALL_DONE)) == []
    clients.answers = {"start": SAME}
    await clients.something_else(told, random.Random(1), note="fragile")
    assert [breach.invariant for breach in judge_order(told, Counter(ALL_DONE))] == ["I8"]


def test_the_deploy_that_keys_are_said_across_adds_a_field_and_takes_it_back(tmp_path: Path) -> None:
    project = Project(tmp_path / "project")
    compiled = [_compiled(project)]
    for wide in (True, False):
        widen(project.config.parent, wide)
        compiled.append(_compiled(project))
    old, new, back = compiled
    assert old == back
    assert old.keys() == new.keys()
    assert old["fulfil_order"] != new["fulfil_order"]


def _compiled(project: Project) -> dict[str, str]:
    root = project.config.parent
    found = compile_file(
        str(root / "workers/orders/choreography.py"), root=str(root), read=lambda path: Path(path).read_text()
    )
    assert found.ok
    return {one.name: one.fingerprint for one in found.choreographies}


def test_a_run_that_shows_nothing_fails() -> None:
    def played(hits: int) -> Played:
        return Played("kill", "", hits, 1.0, 1.0, 2, 1, 1)

    def report(hits: int, **totals: int) -> Report:
        return Report(1, played=[played(hits)], totals=totals)

    assert report(1, settled=1, ended=1).failures() == []
    assert report(0, settled=1, ended=1).failures() == ["kill never hit anything"]
    assert report(1, settled=0, ended=1).failures() == ["nothing settled"]
    assert report(1, settled=1, ended=0).failures() == ["nothing was undone"]


def frame(kind: bytes, body: bytes) -> bytes:
    return kind + (len(body) + 4).to_bytes(4, "big") + body


def test_a_proxy_knows_which_statement_is_done_however_the_bytes_come() -> None:
    startup = b"\0\3\0\0user\0x\0application_name\0accompanist listener\0\0"
    begun = (len(startup) + 4).to_bytes(4, "big") + startup
    asked = frame(b"P", b"s1\0SELECT flush($1)\0\0\0") + frame(b"B", b"\0s1\0\0\0\0\0\0\0") + frame(b"S", b"")
    answer = frame(b"2", b"") + frame(b"C", b"SELECT 1\0")
    talk = Conversation()
    for byte in begun + asked:
        talk.said(bytes([byte]))
    assert (talk.application, talk.statement) == ("accompanist listener", "SELECT flush($1)")
    assert talk.answered(answer, mute=False) == (answer, "")
    note, ready = frame(b"A", b"\0\0\0\1c\0p\0"), frame(b"Z", b"I")
    assert talk.answered(note + ready[:3], mute=True) == (b"", "")
    assert talk.answered(ready[3:], mute=True) == (ready, "SELECT flush($1)")
    assert talk.answered(ready, mute=False) == (ready, ""), "nothing is under way"
