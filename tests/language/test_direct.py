"""The oracle itself, held to what the programs plainly say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from accompanist.language import direct
from tests.language.must_pass.shop import Grade, Held, Order, Paid, Parcel
from tests.language.programs import must_pass


def run(name: str, index: int) -> direct.Direct:
    choreography, module = must_pass(name)
    return direct.run(choreography, module.ARGUMENTS[index], direct.workers(module.WORKERS))


def test_a_saga_that_settles() -> None:
    told = run("order_saga", 0)
    assert (told.result, told.aborted) == (Parcel("p-h1"), False)
    assert [(call.role, call.site, call.operation) for call in told.calls] == [
        ("stock", "1", "hold"),
        ("bank", "3", "charge"),
        ("stock", "5", "ship"),
    ]
    assert told.calls[1].arguments == {"held": Held("h1", 100), "grade": Grade.PLAIN}


def test_a_saga_that_is_declined() -> None:
    told = run("declined_call", 1)
    assert (told.result, told.aborted, told.reason) == (None, True, "no money")
    assert [call.outcome for call in told.calls] == ["replied", "declined"]


def test_a_saga_that_aborts_itself() -> None:
    told = run("abort_in_branch", 1)
    assert (told.aborted, told.reason) == (True, "too much: 900")


def test_attempts_are_values() -> None:
    assert run("attempt_fallback", 0).result == Parcel("h1-plain")
    assert run("attempt_fallback", 1).result == Parcel("expensive-gold")
    assert run("attempt_fallback", 2).reason == "expensive"


def test_arguments_are_evaluated_left_to_right() -> None:
    told = run("left_to_right", 0)
    assert [call.arguments.get("by") for call in told.calls] == [1, 1, 3, None]
    assert told.result == "200 4 xx"


def test_values_are_copied_on_their_way() -> None:
    choreography, _ = must_pass("order_saga")
    seen: list[Any] = []

    def ask(role: str, site: str, operation: str, arguments: Mapping[str, Any]) -> tuple[str, Any]:
        seen.extend(arguments.values())
        return "replied", {"hold": Held("h", 1), "charge": Paid("p", 1), "ship": Parcel("t")}[operation]

    order = Order("ann", 1)
    direct.run(choreography, {"order": order}, ask)
    assert seen[0] == order
    assert seen[0] is not order
    assert seen[1] == seen[3]
    assert seen[1] is not seen[3]
