"""The line on which a role's program raised."""

from __future__ import annotations

from typing import Any

import pytest

from accompanist.runtime.raised import raised_at

PROGRAM = """\
def inner(other):
    yield 1
    other()

def program(other, way):
    yield 0
    if way == "here":
        6 // 0
    if way == "inner":
        yield from inner(other)
    if way == "lambda":
        sorted([1, 2],
            key=lambda one: other())
    other()
"""


def raised(other: Any, way: str = "") -> int | None:
    """Run the program to its end. The names of `other` are this file's."""
    names: dict[str, Any] = {}
    exec(compile(PROGRAM, "saga.py", "exec"), names)
    try:
        for _ in names["program"](other, way):
            pass
    except BaseException as problem:
        return raised_at(problem, names["program"])
    raise AssertionError("nothing was raised")


def fails() -> None:
    raise KeyError


@pytest.mark.parametrize(("way", "line"), [("here", 8), ("inner", 3), ("lambda", 13), ("", 14)])
def test_the_innermost_line_of_the_program_itself(way: str, line: int) -> None:
    assert raised(fails, way) == line


def test_one_exception_that_is_raised_twice() -> None:
    """It keeps the frames of the first time behind those of the second."""
    once = ValueError()

    def fails() -> None:
        raise once

    assert (raised(fails, "inner"), raised(fails), raised(fails, "inner")) == (3, 14, 3)


@pytest.mark.parametrize("anywhere", [MemoryError, RecursionError, KeyboardInterrupt, SystemExit, GeneratorExit])
def test_what_may_come_anywhere_says_nothing(anywhere: type[BaseException]) -> None:
    def fails() -> None:
        raise anywhere

    assert raised(fails) is None


def test_nor_does_what_python_makes_of_a_stop_iteration() -> None:
    def fails() -> None:
        raise StopIteration

    assert raised(fails) is None


def test_an_exception_of_somebody_else_has_no_line() -> None:
    assert raised_at(ValueError(), fails) is None  # type: ignore[arg-type]
