"""Classes that hold one another in many ways: each is looked at once. A walk over all paths would not end here."""

from __future__ import annotations

import pytest

from accompanist.language.types import Type, nested, reached
from tests.language.programs import text

COUNT = 25
HEAD = """\
from __future__ import annotations
from dataclasses import dataclass
from typing import Generic, TypeVar
from accompanist import At, Role, choreography, pure, transaction

X = TypeVar("X")

class R(Role):
    @transaction
    def pay(self) -> int: ...
    @transaction(retriable=True)
    def tell(self, said: str) -> int: ...

"""
TAIL = """
@choreography
def name(a: R, n: At[int, "a"], w: At[list[str], "a"]) -> None:
    a.pay()
    a.tell(str({}))
"""
CLASSES = {
    "chain": "@dataclass(frozen=True)\nclass C0:\n    n: int = 0\n"
    + "".join(
        f"@dataclass(frozen=True)\nclass C{at}(C{at - 1}):\n    n{at}: int = 0\n"
        + "    def __eq__(self, other: object) -> bool:\n        return True\n" * (at % 2)
        for at in range(1, COUNT)
    ),
    "circle": "".join(
        f"@dataclass(frozen=True)\nclass C{at}:\n"
        + "".join(f"    m{other}: 'C{other} | None' = None\n" for other in range(COUNT))
        for at in range(COUNT)
    ),
    "growing": "@dataclass(frozen=True)\nclass C0(Generic[X]):\n    x: X\n    n: 'C0[list[X]] | None' = None\n",
}


@pytest.mark.slow
@pytest.mark.parametrize("classes", CLASSES)
@pytest.mark.parametrize("whole", ["f'{%s}'", "%s == %s", "%s in [%s]", "len({%s for g in set(w)})"])
def test_check_ends(classes: str, whole: str) -> None:
    made = "C0(n)" if classes != "circle" else "C0()"
    expression = whole.replace("%s", made)
    inline = TAIL.format(expression)
    function = f"@pure\ndef made(n: int, w: list[str]) -> object:\n    return {expression}\n{TAIL.format('made(n, w)')}"
    for rest in (inline, function):
        codes = {found.code for found in text(HEAD + CLASSES[classes] + rest).diagnostics}
        assert codes <= {"ACC138", "ACC159"}


def test_each_type_is_reached_once_and_the_nearest_first() -> None:
    a, b, c = (Type(name, "m") for name in "abc")
    parts = {a: [b, c, b], b: [a, c], c: [c, a]}
    assert list(reached(a, parts.__getitem__)) == [a, b, c]


@pytest.mark.parametrize(("depth", "deep"), [(0, True), (1, True), (2, False)])
def test_how_deep_arguments_are(depth: int, deep: bool) -> None:
    whole = Type("list", "", (Type("int"), Type("list", "", (Type("str"),))))
    assert nested(whole, depth) is deep
