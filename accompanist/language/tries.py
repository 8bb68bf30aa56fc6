"""How an operation is asked for again, as its role's declaration says it: `@transaction(attempts=5, timeout_s=30)`.

Literals only, so that it can be read without running anything. It is advice to the sidecar and changes nothing that a
session does, only how often and how patiently it is asked: so it is no part of the fingerprint, and a session under way
is asked by what is deployed now. What the configuration says of an operation by name stands over it.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass

from accompanist import limits


@dataclass(frozen=True, slots=True)
class Tries:
    """What is said of one operation; None: as it is for its kind. `attempts_max` counts the first try, too. `away_ms`:
    how long its worker may be away before the operation is given up; None: as long as the saga's deadline lets it."""

    attempts_max: int | None = None
    first_ms: int | None = None
    cap_ms: int | None = None
    timeout_ms: int | None = None
    away_ms: int | None = None


UNSAID = Tries()
_WAITS = {"timeout_s": "timeout_ms", "first_s": "first_ms", "cap_s": "cap_ms", "away_s": "away_ms"}
WORDS = ("attempts", *_WAITS)
"""The words in a decorator that belong here."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing that a decorator may not say, and what to write instead."""

    node: ast.expr
    text: str
    hint: str


def read(keywords: Sequence[ast.keyword], endless: bool, undoes: bool = False) -> tuple[Tries, list[Mistake]]:
    """What the keywords of a decorator say, as far as they are right, and what is wrong with the others. `endless`: it
    is asked for until it succeeds. `undoes`: it is a compensation."""
    said: dict[str, int] = {}
    mistakes: list[Mistake] = []
    for keyword in keywords:
        wrong = _mistake(keyword, endless, undoes)
        if wrong is not None:
            mistakes.append(wrong)
        elif keyword.arg == "attempts":
            said["attempts_max"] = round(_number(keyword.value))
        else:
            said[_WAITS[str(keyword.arg)]] = round(_number(keyword.value) * 1000)
    if said.get("cap_ms", limits.declared_wait_ms_max) < said.get("first_ms", 0):
        cap = next(keyword.value for keyword in keywords if keyword.arg == "cap_s")
        text = "the waits grow from first_s to cap_s, and cap_s is the smaller one"
        mistakes.append(Mistake(cap, text, "first_s at most cap_s"))
    return Tries(**said), mistakes


def _mistake(keyword: ast.keyword, endless: bool, undoes: bool) -> Mistake | None:
    value = keyword.value
    if keyword.arg == "away_s" and (endless or undoes):
        text = "it is tried until it succeeds" if endless else "what undoes is waited for"
        return Mistake(value, f"{text}, so its worker may be away for any time", "leave away_s out")
    if keyword.arg == "attempts" and endless:
        text = "it is tried until it succeeds, so it has no number of attempts"
        return Mistake(value, text, "leave attempts out, or retriable=True")
    whole = keyword.arg == "attempts"
    longest_ms = limits.declared_away_ms_max if keyword.arg == "away_s" else limits.declared_wait_ms_max
    least, most = (1, limits.declared_attempts_max) if whole else (0.001, longest_ms / 1000)
    if whole and type(_literal(value)) is int and least <= _number(value) <= most:
        return None
    if not whole and type(_literal(value)) in (int, float) and least <= _number(value) <= most:
        return None
    kind = f"a whole number from {least} to {most}" if whole else f"a number of seconds from {least} to {most:g}"
    return Mistake(value, f"{keyword.arg} is {kind}, written out", f"{keyword.arg}={'5' if whole else '2.5'}")


def _literal(node: ast.expr) -> object:
    return node.value if isinstance(node, ast.Constant) else None


def _number(node: ast.expr) -> float:
    value = _literal(node)
    assert isinstance(value, int | float)
    return value
