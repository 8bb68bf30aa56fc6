"""Finds the line of a choreography that raised an exception."""

from __future__ import annotations

from collections.abc import Callable

from accompanist.language.program.operations import Program


def raised_at(problem: BaseException, function: Callable[..., Program]) -> int | None:
    """The line of the choreography that raised, or None if the exception does not show it.

    The traceback begins with the frames of the generated program; the last of these frames has the line. The frames
    behind them belong to functions that the program called. An exception object that was raised twice keeps its old
    frames behind those, so reading stops at the first foreign frame.

    MemoryError, RecursionError and interrupts may come between any two steps, so they tell no line. A StopIteration
    tells none either: Python replaces it where a generator ends.
    """
    anywhere = isinstance(problem, MemoryError | RecursionError) or not isinstance(problem, Exception)
    if anywhere or isinstance(problem.__cause__, StopIteration):
        return None
    names, line = getattr(function, "__globals__", None), None
    trace = problem.__traceback__.tb_next if problem.__traceback__ is not None else None  # the first is who asked
    while trace is not None and trace.tb_frame.f_globals is names:
        line, trace = trace.tb_lineno, trace.tb_next
    return line
