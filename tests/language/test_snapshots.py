"""What people read, kept as text: projections of some programs, and every diagnostic of every must_fail program.

After a change that is meant: `python -m tests.language.test_snapshots`, then read the difference.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from accompanist.language.text.diagnostic import render
from tests.language.programs import HERE, MUST_FAIL, compiled, must_pass

FOLDER = HERE / "snapshots"
PROJECTED = (
    "order_saga",
    "branch_label_only",
    "nested_if",
    "early_return_inside",
    "attempt_fallback",
    "messages",
    "for_each",
    "while_retry",
    "nested_loops",
    "called",
    "drawn",
    "commit_put_in_earlier",
    "waits",
)


def projections(name: str) -> str:
    choreography, _ = must_pass(name)
    notices = [f"# {notice.text}" for notice in choreography.notices]
    return "\n\n\n".join(["\n".join(notices), *(one.source.rstrip() for one in choreography.projections.values())])


def diagnostics(name: str) -> str:
    shown = "\n\n".join(render(found) for found in compiled("must_fail", name).diagnostics)
    return shown.replace(f"{HERE}/", "")


SHOWN: dict[str, Callable[[], str]] = {
    **{f"project_{name}.txt": partial(projections, name) for name in PROJECTED},
    **{f"check_{name}.txt": partial(diagnostics, name) for name in MUST_FAIL},
}
"""The text of each file. Nothing is compiled before a test asks, so that collecting the tests stays quick."""


@pytest.mark.parametrize("name", sorted(SHOWN))
def test_it_reads_as_it_did(name: str) -> None:
    assert (FOLDER / name).read_text().rstrip("\n") == SHOWN[name]().strip("\n")


def test_there_is_no_snapshot_of_something_gone() -> None:
    assert {path.name for path in FOLDER.iterdir()} == set(SHOWN)


if __name__ == "__main__":
    for name, shown in SHOWN.items():
        (FOLDER / name).write_text(shown().strip("\n") + "\n")
