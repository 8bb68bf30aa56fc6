"""Generated code sees what it may see, and speaks of the choreography's lines."""

from __future__ import annotations

import traceback
from types import ModuleType

import pytest

from accompanist.errors import AuthorError
from accompanist.language.compile import compile_file
from accompanist.language.program.load import load, namespace
from accompanist.language.program.operations import Call
from tests.language.must_pass import shop
from tests.language.programs import ROOT, must_pass, read, text

ORDERS = compile_file(str(ROOT / "workers/orders/choreography.py"), root=str(ROOT), read=read)


def test_types_are_the_real_ones() -> None:
    choreography, _ = must_pass("order_saga")
    program = load(choreography, "bank")
    assert program.operation_types["charge"] == ({"held": shop.Held, "grade": shop.Grade}, shop.Paid)
    assert program.parameter_types == {}
    assert program.result_type is type(None)
    stock = load(choreography, "stock")
    assert stock.parameter_types == {"order": shop.Order}
    assert stock.result_type is shop.Parcel


def test_a_failure_points_at_the_choreography() -> None:
    choreography, _ = must_pass("pure_functions")
    program = load(choreography, "stock").start({"order": shop.Order("ann", 5)})
    call = program.send(None)
    assert isinstance(call, Call)
    program.send("no Held")  # the label is sent first
    with pytest.raises(AttributeError) as caught:
        program.send(None)
    frame = traceback.extract_tb(caught.value.__traceback__)[-1]
    lines = (read(choreography.file) or "").splitlines()
    assert frame.filename == choreography.file
    assert "held.cents" in lines[(frame.lineno or 0) - 1]


def test_a_line_break_in_the_middle_of_generated_code() -> None:
    """Python writes it as it is in the format of an f-string: what follows was a line further down than it knew."""
    source = """\
from accompanist import At, Role, choreography, com

class R(Role): ...

@choreography
def name(a: R, b: R, n: At[int, "a"]) -> At[int, "b"]:
    m = com(f"{n:\\n>5}", to=b)
    k = com(n, to=b)
    return len(m) // k
"""
    program = load(text(source).choreographies[0], "b").start({})
    program.send(None)
    program.send("")
    with pytest.raises(ZeroDivisionError) as caught:
        program.send(0)
    assert traceback.extract_tb(caught.value.__traceback__)[-1].lineno == 9
    sender = load(text(source).choreographies[0], "a").start({"n": 7})
    assert sender.send(None).value == "\n\n\n\n7"  # type: ignore[union-attr]


def test_sites_know_their_lines() -> None:
    (choreography,) = ORDERS.choreographies
    program = load(choreography, "warehouse")
    lines = (read(choreography.file) or "").splitlines()
    call = program.start({"order": None}).send(None)
    assert "warehouse.reserve(order)" in lines[program.line_of[call.site] - 1]
    assert set(program.line_of) == {str(number) for number in range(1, 14)}


def test_nothing_else_can_be_seen() -> None:
    choreography, _ = must_pass("order_saga")
    names = namespace(choreography, lambda name: shop)
    imports = names["__builtins__"]["__import__"]
    assert imports("typing") is None  # what Python's own generics ask for, and they do not look at the answer
    with pytest.raises(ImportError):
        imports("os")
    assert "open" not in names["__builtins__"]
    assert not {"WORKERS", "choreography", "com"} & set(names)


def test_a_role_that_is_not_there() -> None:
    choreography, _ = must_pass("order_saga")
    with pytest.raises(AuthorError, match="no role nobody"):
        load(choreography, "nobody")


def test_a_module_that_lacks_a_type() -> None:
    choreography, _ = must_pass("order_saga")
    with pytest.raises(AuthorError) as caught:
        load(choreography, "stock", lambda name: ModuleType(name))
    assert caught.value.code == "ACC180"
    assert "of tests.language.must_pass.shop" in caught.value.text


class NoException(BaseException):
    """What `except Exception` lets pass."""


@pytest.mark.parametrize("raised", [SystemExit(3), GeneratorExit(), NoException("odd")])
def test_whatever_a_module_raises_when_it_is_imported_is_said(raised: BaseException) -> None:
    choreography, _ = must_pass("order_saga")

    def module(name: str) -> ModuleType:
        raise raised

    with pytest.raises(AuthorError) as caught:
        load(choreography, "stock", module)
    assert caught.value.code == "ACC180"
    assert type(raised).__name__ in caught.value.text


def test_a_person_may_interrupt_an_import() -> None:
    choreography, _ = must_pass("order_saga")

    def module(name: str) -> ModuleType:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load(choreography, "stock", module)


def test_a_program_can_be_started_again() -> None:
    choreography, _ = must_pass("order_saga")
    program = load(choreography, "stock")
    order = shop.Order("ann", 5)
    first, second = program.start({"order": order}), program.start({"order": order})
    assert first.send(None) == second.send(None)
