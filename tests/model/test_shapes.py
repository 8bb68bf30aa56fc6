"""Choreographies whose shape once broke the protocol: the search holds each, and sees what holds it being left out."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from accompanist.cli.main import main
from accompanist.runtime.requests import UndoRequests
from accompanist.runtime.saga import StepOutcome
from accompanist.runtime.undo import Undo

SHAPES = Path(__file__).parent / "shapes"


def verified(capsys: pytest.CaptureFixture[str], shape: str, *arguments: str) -> dict[str, Any]:
    file = SHAPES / f"{shape}.py"
    chosen = ("--choreography", shape) if file.read_text().count("@choreography") > 1 else ()
    with pytest.raises(SystemExit):
        main(["verify", str(file), *chosen, "--crashes", "1", "--lost", "1", "--json", *arguments])
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    return told


@pytest.mark.search
@pytest.mark.parametrize("shape", sorted(file.stem for file in SHAPES.glob("*.py")))
def test_it_holds(capsys: pytest.CaptureFixture[str], shape: str) -> None:
    for cancels in ("0", "1"):
        told = verified(capsys, shape, "--cancels", cancels)
        assert told["holds"], told


def cause_unrecorded() -> AbstractContextManager[Any]:
    """A close leaves although its cause is not stable."""

    def close(self: Any, reason: str, unless: str | None = None) -> StepOutcome:
        self._state.failing, self._state.unless = self._state.failing or reason, unless
        return StepOutcome.FAILED

    return patch.object(Undo, "fail", close)


def asked_uncounted() -> AbstractContextManager[Any]:
    """Whom a cancel is passed on to is not counted as reached."""

    def ask(self: Any, request: Any) -> None:
        self._state.draft.messages.append(request)
        self._state.draft.forced = True

    return patch.object(UndoRequests, "_ask_owner", ask)


@pytest.mark.parametrize(
    ("shape", "left_out", "cancels"),
    [
        ("query_then_pivot", cause_unrecorded, "0"),
        ("query_then_record", cause_unrecorded, "0"),
        ("query_then_record_elsewhere", cause_unrecorded, "0"),
        ("cancel_unreached_owner", asked_uncounted, "1"),
    ],
)
def test_the_search_sees_it_left_out(
    capsys: pytest.CaptureFixture[str],
    shape: str,
    left_out: Callable[[], AbstractContextManager[Any]],
    cancels: str,
) -> None:
    with left_out():
        assert not verified(capsys, shape, "--cancels", cancels)["holds"]
    assert Undo.fail.__qualname__ == "Undo.fail"
