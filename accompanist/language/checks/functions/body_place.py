"""What is said of a part of a @pure function that may raise: why, where, and what never does."""

from __future__ import annotations

import ast

from accompanist.language.checks.raising.looked_at import Partial
from accompanist.language.text.nodes import every_node


class Untrue(str):
    """Why a value is another one than is said of it. It raises where that is believed, so no `try` catches it here."""

    __slots__ = ()


def placed(part: Partial, line: int) -> str:
    """`line`: that of the statement, where the part has none of its own."""
    lines = (getattr(one, "lineno", 0) for one in every_node(part.node) if isinstance(one, ast.expr))
    text = f"{part.why}, in line {next(filter(None, lines), line)}"
    written = "…" in part.instead or part.instead.startswith(("Decimal(", "float("))
    text = f"{text}, where `{part.instead}` never raises" if written else text
    return Untrue(text) if part.untrue else text
