"""The page of one session, and what `sessions list` takes."""

from __future__ import annotations

import pytest

from accompanist.cli.sessions import _page
from tests.cli.test_commands import run

SESSION = "79b9beba-f2be-4704-87f4-fe25b95eb8be"


def test_what_people_did_is_told_with_who_and_why() -> None:
    done = {
        "session": SESSION,
        "role": "stock",
        "verb": "move timer",
        "who": "uid 7 (bo)",
        "claimed": "ann",
        "why": "they asked for a week",
    }
    later, sooner = {**done, "at": 60.0, "verb": "park", "who": ""}, {**done, "at": 0.0}
    page = _page(SESSION, {"stock": {"audits": [later, sooner]}})
    assert page.splitlines()[-3:] == [
        "when                  role   what        who         says  why",
        "1970-01-01 00:00:00Z  stock  move timer  uid 7 (bo)  ann   they asked for a week",
        "1970-01-01 00:01:00Z  stock  park        not proved  ann   they asked for a week",
    ]


def test_a_persons_word_stands_under_a_site_that_can_be_read() -> None:
    word = {"site": "!operator/3f2a", "kind": "operator", "sender": "", "receiver": "stock", "place": "inbox"}
    words = [word | {"payload": "park"}, word | {"site": "!operator/4b1c", "payload": "resume"}]
    page = _page(SESSION, {"stock": {"messages": words}})
    assert [line.split()[0] for line in page.splitlines() if "client" in line] == ["!operator", "!operator"]


def test_a_message_that_another_service_wrote_stands_beside_the_true_one_with_its_name() -> None:
    header = {"choreography": "c", "fingerprint": "f", "initiator": "a", "started_at": 0.0}
    header["bindings"] = {"a": "x", "b": "y"}
    row = {"role": "b", "phase": "running", "header": header}
    said = {"site": "2", "kind": "data", "sender": "a", "receiver": "b", "place": "inbox", "payload": "1"}
    page = _page(SESSION, {"y": {"rows": [row], "messages": [said | {"service": "z"}, said | {"service": "x"}]}})
    told = [line for line in page.splitlines() if "a -> b" in line]
    assert len(told) == 2
    assert ["written by z, and not believed" in line for line in told] == [False, True]


def test_what_was_taken_as_done_by_hand_is_told_with_its_site() -> None:
    header = {"choreography": "c", "fingerprint": "f", "initiator": "a", "started_at": 0.0, "bindings": {}}
    row = {"role": "a", "phase": "undoing", "header": header, "by_hand": [["3", "!operator/1"]]}
    given = {"role": "a", "site": "3", "kind": "forward", "operation": "tell", "outcome": "replied", "value": 7}
    word = {"who": "ann", "why": "rung up"}
    skipped = given | {"site": "2", "kind": "compensate", "operation": "undo_do", "outcome": "by hand", "value": word}
    plain = given | {"site": "2", "operation": "do"}
    parked = {"role": "a", "verbs": ["skip", "resolve"], "site": "1"}
    page = _page(SESSION, {"x": {"rows": [row], "results": [given, skipped, plain], "exits": [parked]}})
    told = [line.split("  ") for line in page.splitlines() if " a." in line]
    assert [[word.strip() for word in line if word] for line in told] == [
        ["2", "a.undo_do (compensation)", "by hand", '{"who": "ann", "why": "rung up"}'],
        ["2", "a.do", "replied", "7"],
        ["3", "a.tell", "replied, by hand", "7"],
    ]
    assert page.splitlines()[-1] == "what can be done at a: skip (at 1), resolve"


def test_nothing_is_told_of_people_where_nobody_did_anything() -> None:
    assert "when" not in _page(SESSION, {"stock": {"audits": []}})


@pytest.mark.parametrize(("option", "choice"), [("--state", "'undoing'"), ("--outcome", "'ended'")])
def test_a_state_that_is_none_is_refused_with_those_that_are(
    option: str, choice: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("sessions", "list", option, "blue") == 2
    said = capsys.readouterr().err
    assert option in said and choice in said
