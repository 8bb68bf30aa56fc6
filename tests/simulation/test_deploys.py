"""The version that a simulated cluster deploys before a choreography is another version of it, and the same saga."""

from __future__ import annotations

from accompanist.simulation.clusters.deploys import renamed
from tests.simulation.subjects import subjects


def test_what_was_deployed_before_is_another_version_of_the_same_saga() -> None:
    for subject in subjects():
        before, now = subject.versions
        assert now.choreography.fingerprint == subject.choreography.fingerprint
        assert before.choreography.fingerprint != now.choreography.fingerprint
        assert before.choreography.roles == now.choreography.roles
        assert before.choreography.site_lines.keys() == now.choreography.site_lines.keys()


def test_one_variable_has_another_name_wherever_it_stands() -> None:
    text = "def f(a):\n    ä = g(a, ä=1); b = a\n    return ä if ä else b\n"
    told = "def f(a):\n    ä = g(a, ä=1); b_before = a\n    return ä if ä else b_before\n"
    assert next(renamed(text, "f")) == told


def test_what_binds_no_variable_cannot_be_changed() -> None:
    assert list(renamed("def f(a):\n    return a\n", "f")) == []
