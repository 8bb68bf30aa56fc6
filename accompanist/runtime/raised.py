"""The line of a choreography that has raised."""

from __future__ import annotations

from collections.abc import Callable

from accompanist.language.operations import Program


def raised_at(problem: BaseException, function: Callable[..., Program]) -> int | None:
    """The line on which a role's program computed what raised, or None where the exception does not say so.

    Read are the first frames of the generated code, in the order of the calls: its functions, one in another, and what
    they define. Then come those of what they call, and behind these, if it raises one exception twice, those of the
    first time.

    What may come anywhere, between two steps as well, says nothing about the line: no memory, too many calls in one
    another, an interrupt. Nor does a StopIteration, which Python turns into something else where the program ends.
    """
    anywhere = isinstance(problem, MemoryError | RecursionError) or not isinstance(problem, Exception)
    if anywhere or isinstance(problem.__cause__, StopIteration):
        return None
    names, line = getattr(function, "__globals__", None), None
    trace = problem.__traceback__.tb_next if problem.__traceback__ is not None else None  # the first is who asked
    while trace is not None and trace.tb_frame.f_globals is names:
        line, trace = trace.tb_lineno, trace.tb_next
    return line
