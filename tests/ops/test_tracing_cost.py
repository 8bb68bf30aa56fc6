"""What the benchmark of tracing asks for, and what it says of its rounds."""

from __future__ import annotations

from collections import Counter

import pytest

from accompanist.telemetry import export
from ops.bench import tracing


def test_no_deployment_is_always_first() -> None:
    places = Counter((at, way) for number in range(6) for at, way in enumerate(tracing.turns(number)))
    assert set(places.values()) == {2} and len(places) == 9


@pytest.mark.parametrize(("way", "traces", "ratio"), [("off", False, 1.0), ("1 %", True, 0.01), ("full", True, 1.0)])
def test_each_deployment_samples_what_its_name_says(way: str, traces: bool, ratio: float) -> None:
    environ = tracing.environment(way, "http://127.0.0.1:4318")
    assert (export.wants_traces(environ), export.sampled_ratio(environ)) == (traces, ratio)


def test_shares_are_of_the_same_round() -> None:
    """Reason: the machine is slower in one round than in another, and all deployments are."""
    quiet, busy = ({"sidecars": 8.0, "workers": 4.0}, {"sidecars": 16.0, "workers": 8.0})
    dearer = [{part: value * 1.25 for part, value in one.items()} for one in (quiet, busy)]
    rounds = [{"off": one, "1 %": one, "full": more} for one, more in zip((quiet, busy), dearer, strict=True)]
    off, one, full = tracing.table(rounds)
    assert off.count("(+0.0%)") == one.count("(+0.0%)") == 2
    assert full.count("(+25.0%)") == 2
