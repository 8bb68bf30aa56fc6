"""Two names that were bound to one value share what is asked of either, until one of them is bound anew.

Programs are laid beside what Python does with them: what is accepted behind the commit point never raises there.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from textwrap import indent
from types import SimpleNamespace
from typing import Any

import pytest

from accompanist.language.text.diagnostic import render
from tests.language.programs import text

HEAD = """\
from accompanist import At, Role, choreography, pure, query, transaction

class R(Role):
    @transaction
    def pivot(self) -> int | None: ...
    @transaction(retriable=True)
    def tell(self, n: int) -> int: ...
    @transaction(retriable=True)
    def again(self) -> int | None: ...
"""
CHOREOGRAPHY = """
@choreography
def name(a: R, u: At[int | None, "a"], x: At[int, "a"], xs: At[list[int], "a"]) -> At[int, "a"]:
    w = a.pivot()
    k = 0
"""
FUNCTION = """
@pure
def made(w: int | None, u: int | None, x: int, xs: list[int]) -> int:
    k = 0
%s
    return k

@choreography
def name(a: R, u: At[int | None, "a"], x: At[int, "a"], xs: At[list[int], "a"]) -> At[int, "a"]:
    w = a.pivot()
    return a.tell(made(w, u, x, xs))
"""


def refused(body: str) -> bool:
    """Whether the body of a choreography may raise behind its commit point."""
    found = text(f"{HEAD}{CHOREOGRAPHY}{indent(body, '    ')}\n    return a.tell(k)\n").diagnostics
    assert {problem.code for problem in found} <= {"ACC159"}, "\n".join(map(render, found))
    return bool(found)


def written(line: str) -> str:
    return line.replace("; ", "\n")


@pytest.mark.parametrize(
    "body",
    [
        "v = w; if v is None:;     k = 1; else:;     k = w + 1",
        "v = w; if w is None:;     k = 1; else:;     k = v + 1",
        "v = w; if v is not None:;     k = w + 1",
        "v = w; k = w + 1 if v is not None else 0",
        "v = w; z = v; if z is not None:;     k = w + v + z",
        "z = w; v = w; if z is not None:;     k = w + v + z",
        "v = w; if v is not None and w > 3:;     k = v + 1",
        "ys = xs; if ys:;     k = xs[0]",
        "y = x; if y != 0:;     k = 3 // x",
        "y = x; if x > 0:;     y = 0;     k = 3 // x",
        "y = x; if x > 0:;     y = 0; else:;     x = 1; k = 3 // 1",
        "if x != 0:;     y = x;     x = 0;     k = 3 // y",
        "v = w; w = u; if w is not None:;     k = w + 1",
    ],
)
def test_what_is_asked_of_one_is_known_of_the_other(body: str) -> None:
    assert not refused(written(body))
    assert text(HEAD + FUNCTION % indent(written(body), "    ")).ok


@pytest.mark.parametrize(
    "body",
    [
        "v = w; w = u; if v is not None:;     k = w + 1",
        "v = w; v = u; if v is not None:;     k = w + 1",
        "v = w; if v is not None:;     w = u;     k = w + 1",
        "v = w; if x > 1:;     w = u; if v is not None:;     k = w + 1",
        "v = w; for one in xs:;     if v is not None:;         k = w + 1;     w = u",
        "v = w; for one in xs:;     w = u; if v is not None:;     k = w + 1",
        "v = w; z = v; v = u; if v is not None:;     k = z + 1",
        "z = w; v = z; z = u; if z is not None:;     k = v + 1",
        "v = w; if v is None:;     k = w + 1",
        "y = x; if y != 0:;     x = x - 1;     k = 3 // x",
        "v = x; if all(v > 0 for v in xs):;     k = 3 // x",
    ],
)
def test_it_ends_where_one_of_them_is_bound_anew(body: str) -> None:
    assert refused(written(body))


def test_what_was_changed_in_place_is_not_known_of_the_other() -> None:
    body = "    ys = list(xs)\n    zs = ys\n    if zs:\n        ys.pop()\n        k = zs[0]"
    (found,) = text(HEAD + FUNCTION % body).diagnostics
    assert found.code == "ACC159"
    assert text(HEAD + FUNCTION % body.replace("ys.pop()", "k = ys[0]")).ok
    for line in ("ys *= 0", "ys *= x"):
        assert not text(HEAD + FUNCTION % body.replace("ys.pop()", line)).ok
    assert not text(HEAD + FUNCTION % body.replace("ys.pop()", "x = len(zs := [])")).ok
    number = "    y = x\n    if x > 0:\n        y -= 1\n        k = 3 // x"
    assert text(HEAD + FUNCTION % number).ok


def statements(chance: random.Random, deep: int) -> Iterator[str]:
    for _ in range(chance.randint(1, 4)):
        one, other = (chance.choice("vwuz") for _ in range(2))
        match chance.choice(["bind", "bind", "use", "if", "if", "for"]):
            case "bind" if one != other:
                yield f"{one} = {other}"
            case "use":
                yield f"k = a.tell({one} + 1)"
            case "if" if deep:
                yield f"if {one} is {chance.choice(['', 'not '])}None:"
                yield from (f"    {line}" for line in statements(chance, deep - 1))
                if chance.random() < 0.5:
                    yield "else:"
                    yield from (f"    {line}" for line in statements(chance, deep - 1))
            case "for" if deep > 1:
                yield "for one in xs:"
                yield from (f"    {line}" for line in statements(chance, deep - 1))
        yield "k = k + 0"


def raises(body: str) -> bool:
    space: dict[str, Any] = {"a": SimpleNamespace(tell=lambda n: n)}
    exec(f"def made(w, u, xs):\n{indent(body, '    ')}", space)
    for given in itertools.product([None, 1], [None, 2], [[], [1], [1, 2, 3]]):
        try:
            space["made"](*given)
        except TypeError:
            return True
    return False


@pytest.mark.slow
def test_what_is_accepted_never_raises() -> None:
    accepted = 0
    for seed in range(150):
        chance = random.Random(f"one value {seed}")
        body = "\n".join(["k = 0", "v = w", "z = u", *statements(chance, 2)])
        if not refused(body):
            accepted += 1
            assert not raises(body), body
    assert accepted > 10
