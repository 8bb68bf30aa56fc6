"""What a choreography says to a client: which parameters are arguments, how they are sent, what comes back."""

from __future__ import annotations

from typing import Annotated, Any

import pytest

from accompanist import Role, choreography
from accompanist.client.choreographies import Asked, asked, value_of
from accompanist.errors import AuthorError
from workers.orders.choreography import fulfil_order
from workers.orders.messages import Line, Order, Parcel

ORDER = Order("ann", (Line("kettle", 2),))
SENT = b'{"customer":"ann","lines":[{"product":"kettle","quantity":2}]}'


class A(Role):
    pass


@choreography
def pair(
    a: A, b: A, left: Annotated[int, "a"], right: Annotated[float, "b"]
) -> tuple[Annotated[int, "a"], Annotated[str, "b"]]:
    """`At` is `Annotated`, which a linter knows."""
    raise NotImplementedError


def test_roles_are_no_arguments() -> None:
    found = asked(fulfil_order, [ORDER], {})
    assert (found.choreography, found.result) == ("fulfil_order", Parcel)
    assert {name: bytes(value) for name, value in found.arguments.items()} == {"order": SENT}


def test_arguments_may_be_given_by_name() -> None:
    assert asked(fulfil_order, [], {"order": ORDER}) == asked(fulfil_order, [ORDER], {})


def test_a_value_is_sent_as_its_type() -> None:
    assert bytes(asked(pair, [1, 2], {}).arguments["right"]) == b"2.0"


def test_the_places_of_a_result_are_no_part_of_its_type() -> None:
    found = asked(pair, [1, 2.0], {})
    assert value_of(b'[1,"x"]', found.result) == (1, "x")


def test_a_name_takes_arguments_as_they_are() -> None:
    found: Asked[Any] = asked("fulfil_order", [], {"order": ORDER})
    assert bytes(found.arguments["order"]) == SENT
    assert value_of(b'{"a":1}', found.result) == {"a": 1}


@pytest.mark.parametrize(
    ("wanted", "given", "named", "says"),
    [
        (fulfil_order, [], {}, "lacks order"),
        (fulfil_order, [ORDER, 3], {}, "takes 1 arguments, and 2"),
        (fulfil_order, [ORDER], {"order": ORDER}, "given twice"),
        (fulfil_order, [ORDER], {"key": "x"}, "no parameter 'key'"),
        (fulfil_order, ["an order"], {}, "cannot be sent"),
        ("fulfil_order", [ORDER], {}, "is a name"),
    ],
)
def test_what_does_not_fit_is_refused_before_it_is_sent(
    wanted: Any, given: list[object], named: dict[str, object], says: str
) -> None:
    with pytest.raises(AuthorError, match=says):
        asked(wanted, given, named)
