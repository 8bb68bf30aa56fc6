"""Real processes: a saga waits for a person or for time, and the wait survives the crash of every process. The workers'
ledgers judge.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from accompanist.errors import AccompanistError
from accompanist.sidecar.api.starting import name_of_key
from ops.local import cluster
from ops.stage import ALL_DONE, Stage, all_undone, persistently

pytestmark = pytest.mark.postgres

GRANTED = {"by": "ann", "granted": True}
WAITS = "timer or event approved at 2"


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    directory = tmp_path_factory.mktemp("waiting")
    with cluster(directory, log_file=directory / "processes.log") as running:
        yield Stage(running, Path(directory))
    # started by root, Postgres keeps its files where its own user can reach them
    shutil.rmtree((directory / "postgres").resolve(), ignore_errors=True)


def start(stage: Stage, patience_s: float, **more: Any) -> str:
    order = {"customer": "customer001", "lines": [{"product": "kettle", "quantity": 1}]}
    arguments = {"order": order, "patience_s": patience_s}
    asked = {"choreography": "approve_order", "arguments": arguments, **more}
    session: str = persistently(lambda: stage.running.ask("warehouse", "session.start", asked))["session"]
    return session


def tell(stage: Stage, session: str, value: Any = GRANTED, name: str = "approved", role: str = "warehouse") -> Any:
    asked = {"session": session, "role": role, "name": name, "value": value}
    return stage.running.ask("warehouse", "session.signal", asked)


def waits(stage: Stage, session: str) -> dict[str, Any]:
    """The warehouse's row, once the session waits."""

    def row() -> dict[str, Any]:
        rows = stage.running.ask("warehouse", "session.list", {"limit": 1000})["sessions"]
        return next((one for one in rows if one["session"] == session and one["role"] == "warehouse"), {})

    return persistently(row, lambda found: found.get("waiting") == WAITS)


def kill_everything(stage: Stage) -> None:
    """The sidecar of the warehouse, and Postgres; both come back by themselves."""
    for name in ("warehouse", "postgres"):
        os.kill(stage.running.pid(name), signal.SIGKILL)


def refusal(ask: Any) -> AccompanistError:
    with pytest.raises(AccompanistError) as caught:
        ask()
    return caught.value


def test_a_saga_waits_through_the_death_of_everything_for_its_event(stage: Stage) -> None:
    session = start(stage, 3600)
    before = waits(stage, session)
    kill_everything(stage)
    told = persistently(lambda: tell(stage, session))
    assert told["early"] is False
    ended = persistently(lambda: stage.result(session), lambda answer: answer["outcome"] is not None)
    assert ended["outcome"] == "settled"
    assert stage.ledger(session) == ALL_DONE
    assert before["due_at"] > time.time() + 3000
    assert stage.running.ask("warehouse", "timer.list", {"session": session})["timers"] == []


def test_a_timer_keeps_its_time_through_the_death_of_everything(stage: Stage) -> None:
    session = start(stage, 4)
    due_at = waits(stage, session)["due_at"]
    kill_everything(stage)
    ended = persistently(lambda: stage.result(session), lambda answer: answer["outcome"] is not None)
    assert (ended["outcome"], ended["reason"]) == ("ended", "nobody approved it in time")
    late = time.time() - due_at
    assert 0 <= late < 20, "neither early nor begun anew"
    assert all_undone(stage.ledger(session)) and stage.ledger(session)["reserve"] == 1


def test_an_event_before_its_session_and_the_same_again(stage: Stage) -> None:
    key = str(uuid4())
    session = str(name_of_key("warehouse", key))
    told = tell(stage, session)
    assert (told["new"], told["early"]) == (True, True)
    assert tell(stage, session)["new"] is False
    assert start(stage, 3600, key=key) == session
    assert stage.result(session)["outcome"] == "settled"
    assert stage.ledger(session) == ALL_DONE


def test_another_value_is_refused_and_says_nothing_of_either(stage: Stage) -> None:
    session = start(stage, 3600)
    waits(stage, session)
    tell(stage, session, {"by": "secret-ann", "granted": False})
    problem = refusal(lambda: tell(stage, session, {"by": "secret-bob", "granted": True}))
    assert problem.code in ("ACC742", "ACC717")
    assert "secret" not in str(problem)
    ended = stage.result(session)
    assert (ended["outcome"], ended["reason"]) == ("ended", "it was not approved")
    assert refusal(lambda: tell(stage, session)).code == "ACC717"


def test_what_does_not_fit_is_refused_before_it_is_written(stage: Stage) -> None:
    session = start(stage, 3600)
    waits(stage, session)
    misspelt = refusal(lambda: tell(stage, session, name="aproved"))
    assert misspelt.code == "ACC740" and "approved" in misspelt.hint
    wrong = refusal(lambda: tell(stage, session, {"by": "secret-ann"}))
    assert wrong.code == "ACC741" and "secret" not in str(wrong)
    assert refusal(lambda: tell(stage, session, role="payment")).code == "ACC740"
    assert refusal(lambda: tell(stage, str(uuid4()), name="rejected")).code == "ACC740"
    assert stage.running.ask("warehouse", "event.list", {"session": session})["events"] == []
    tell(stage, session)
    assert stage.result(session)["outcome"] == "settled"


def test_a_race_ends_one_way_and_the_ledgers_agree(stage: Stage) -> None:
    sessions = [start(stage, 0.3 + number % 5 / 10) for number in range(15)]
    for session in sessions:
        try:
            tell(stage, session)
        except AccompanistError as late:
            assert late.code == "ACC717"
    for session in sessions:
        ended = stage.result(session)
        done = stage.ledger(session)
        assert done == ALL_DONE if ended["outcome"] == "settled" else all_undone(done), (ended, done)


def accompanist(stage: Stage, *words: str) -> Any:
    command = [sys.executable, "-m", "accompanist.cli.main", *words, "--json"]
    ran = subprocess.run(command, env=stage.running.environ, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def test_people_see_move_and_fire_timers_and_tell_events_by_the_command_line(stage: Stage) -> None:
    session, other = start(stage, 3600), start(stage, 3600)
    first = waits(stage, session)
    waits(stage, other)
    [timer] = accompanist(stage, "timers", "list", "--session", session)["timers"]
    assert (timer["waiting"], timer["due_at"]) == ("timer or event approved", first["due_at"])
    moved = accompanist(
        stage, "timers", "move", session, "--role", "warehouse", "--in", "7200", "--who", "eve", "--why", "a long night"
    )
    assert moved["due_at"] > first["due_at"] + 3000
    accompanist(stage, "timers", "fire", session, "--role", "warehouse", "--who", "eve", "--why", "no night at all")
    assert stage.result(session)["reason"] == "nobody approved it in time"
    asked = {"session": session, "role": "warehouse", "who": "eve", "why": "once more"}
    late = refusal(lambda: stage.running.ask("warehouse", "timer.move", asked))
    assert late.code == "ACC744" and not late.hint
    assert refusal(lambda: stage.running.ask("warehouse", "session.operate", asked | {"verb": "park"})).code == "ACC717"
    story = accompanist(stage, "sessions", "show", session)["services"]["warehouse"]
    assert [(one["verb"], one["claimed"], one["why"]) for one in story["audits"]] == [
        (f"move timer at {timer['site']}", "eve", "a long night"),
        (f"fire timer at {timer['site']}", "eve", "no night at all"),
    ]
    told = accompanist(stage, "signal", other, "--role", "warehouse", "approved", json.dumps(GRANTED))
    assert told["new"] is True
    assert [one["name"] for one in accompanist(stage, "events", "list", "--session", other)["events"]] == ["approved"]
    assert stage.result(other)["outcome"] == "settled"
