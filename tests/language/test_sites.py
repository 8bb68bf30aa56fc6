"""Sites: numbers in frames, the turns of loops in brackets, the way to a choreography that calls itself."""

from __future__ import annotations

import pytest

from accompanist import limits
from accompanist.language import direct
from accompanist.language.program.load import load
from accompanist.language.program.operations import point_of
from tests.language.programs import must_pass


def sites(name: str, index: int) -> list[str]:
    choreography, module = must_pass(name)
    told = direct.run(choreography, module.ARGUMENTS[index], direct.workers(module.WORKERS))
    return [f"{call.role} {call.site}" for call in told.calls]


def test_turns_count_from_one() -> None:
    assert sites("for_each", 1) == ["stock 1[1].2", "post 1[1].4"]
    assert sites("for_each", 2)[-2:] == ["stock 1[3].2", "post 1[3].4"]


def test_a_turn_in_a_turn_has_both() -> None:
    assert sites("nested_loops", 1)[0] == "bank 2[1].2[1].3"
    assert sites("nested_loops", 1)[-1] == "post 2[3].4[1].3"


def test_a_called_choreography_is_a_frame() -> None:
    assert sites("called", 1)[:3] == ["bank 2", "stock 3.3", "bank 3.5"]


def test_roles_of_a_census_have_frames_of_their_own() -> None:
    assert sites("census", 0) == ["one 1.1.2", "two 1.2.2", "three 1.3.2", "one 3.1.2", "two 3.2.2", "three 3.3.2"]


def test_one_that_calls_itself_has_the_way_that_led_there() -> None:
    assert sites("quicksort", 1) == ["a 1/1:2", "b 1/1:4/2:2"]


@pytest.mark.parametrize(
    ("site", "point"),
    [
        ("4", "4"),
        ("7[2].3", "7[].3"),
        ("7[12].3[1].5", "7[].3[].5"),
        ("4/2:5/2:3", "2:3"),
        ("7[1].2/1:4[3].1", "1:4[].1"),
    ],
)
def test_a_site_belongs_to_a_point(site: str, point: str) -> None:
    assert point_of(site) == point


@pytest.mark.parametrize("name", ["nested_loops", "quicksort", "called", "census", "auction"])
def test_every_site_of_a_run_has_a_line(name: str) -> None:
    choreography, module = must_pass(name)
    ask = direct.workers(module.WORKERS)
    for arguments in module.ARGUMENTS:
        for call in direct.run(choreography, arguments, ask).calls:
            assert load(choreography, call.role).line_at(call.site)


@pytest.mark.parametrize(
    ("name", "role", "site", "sender", "kind", "takes"),
    [
        ("for_each", "post", "1[1].1", "stock", "choice", True),
        ("for_each", "post", "1[999999999].1", "stock", "choice", True),
        ("for_each", "post", "1[0].1", "stock", "choice", False),
        ("for_each", "post", "1[01].1", "stock", "choice", False),
        ("for_each", "post", "1[1000000000].1", "stock", "choice", False),
        ("for_each", "post", "1.1", "stock", "choice", False),
        ("for_each", "post", "1[].1", "stock", "choice", False),
        ("for_each", "post", "1[1].1", "stock", "data", False),
        ("for_each", "post", "1[1].1", "post", "choice", False),
        ("for_each", "stock", "1[1].1", "stock", "choice", False),
        ("for_each", "post", "1[1].2", "stock", "choice", False),
        ("for_each", "post", "", "stock", "choice", False),
        ("for_each", "post", "1[1].1/1[1].1", "stock", "choice", False),
    ],
)
def test_a_program_says_which_messages_it_may_come_to_ask_for(
    name: str, role: str, site: str, sender: str, kind: str, takes: bool
) -> None:
    assert must_pass(name)[0].projections[role].takes(site, sender, kind) is takes


def test_a_way_is_one_that_there_is() -> None:
    projections = must_pass("quicksort")[0].projections
    role, point, sender, kind = next(
        (r, *one) for r, p in projections.items() for one in p.receives or () if ":" in one[0]
    )
    enters = next(one for one in sorted(projections[role].enters) if ":" not in one)
    inner = next(one for one in sorted(projections[role].enters) if ":" in one)
    takes = projections[role].takes
    assert takes(f"{enters}/{point}", sender, kind)
    assert takes(f"{enters}/{inner}/{point}", sender, kind)
    assert not takes(f"{point}/{point}", sender, kind)
    assert not takes("/".join([enters, *[inner] * limits.recursion_depth_max, inner, point]), sender, kind)
