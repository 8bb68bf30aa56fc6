"""Which expressions are said to be able to raise, laid beside what Python does with them.

Each is computed with many values of the types of its names. What is said never to raise does not; what is said to raise
does so for some of the values.
"""

from __future__ import annotations

import itertools

import pytest

from accompanist.language.diagnostic import render
from tests.language.programs import text

HEAD = """\
from datetime import datetime, timedelta
from decimal import Decimal
from accompanist import At, Role, attempt, choreography, pure, transaction

@pure
def nothing(x: list[int]) -> int:
    for at, one in enumerate(x):
        if one > 3:
            return at
    try:
        return x[9]
    except Exception:
        return 0

@pure
def guarded(x: list[int], n: int) -> int:
    if not x or n == 0:
        return 0
    return x[0] // n

@pure
def forgotten(x: list[int], n: int) -> int:
    if n == 0:
        n = 1
    else:
        x = []
    return x[0]

@pure
def deep(n: int) -> int:
    return deep(n - 1) if n > 0 else 0

class R(Role):
    @transaction
    def pay(self) -> int: ...
    @transaction(retriable=True)
    def tell(self, said: str) -> int: ...

@choreography
def name(
    a: R, n: At[int, "a"], k: At[int, "a"], s: At[str, "a"], x: At[list[int], "a"], d: At[dict[str, int], "a"],
    t: At[tuple[int, int], "a"], p: At[list[tuple[int, int]], "a"],
) -> None:
    a.pay()
"""
VALUES = {
    "n": (0, 1, -2, 7),
    "k": (0, 1, -1, 5),
    "s": ("", "7", "x", "-1", "²"),
    "x": ([], [0], [1, 2], [3, -1, 5]),
    "d": ({}, {"7": 1, "x": 0}),
    "t": ((0, 1), (2, 3)),
    "p": ([], [(1, 2), (0, 0)]),
}
TOTAL = """
n + k * 2 - -n
n // 2 + k % 3 + n / 4
n // k if k != 0 else 0
n // k if k else 0
0 if k == 0 else n // k
n % k if k > 0 else 1
n // k if k > 3 and n > 0 else 1
0 if not k or n > 3 else n // k
n // max(k, 1)
n // (len(x) + 1) if len(x) + 1 != 0 else 0
n // len(x) if x else 0
k != 0 and n // k > 2
k == 0 or n // k > 2
x[0] if x else 0
x[-1] if len(x) > 0 else 0
x[1] if len(x) >= 2 else 0
x[2] if 2 < len(x) else 0
0 if len(x) < 2 else x[1]
x[0] if x != [] else 0
x[1:7]
x[::2]
s[0] if s else ''
[x[i] for i in range(len(x))]
sum(x[i] for i in range(len(x)) if x[i] > 2)
[100 // one for one in x if one != 0]
[b // 2 for a_, b in p]
t[0] + t[1] + t[-2]
d['x'] if 'x' in d else 0
d[s] if s in d else 0
0 if s not in d else d[s]
d.get(s, 0)
sum(d[one] for one in d)
[one for one in d.items()]
int(s) if s.isdecimal() else 0
int(n) + float(k) + round(n)
min(n, k) + max(x, default=0)
min(x) if x else 0
sorted(x)[0] if x else 0
f'{n:>5} {s:>3} {n / 2:.2f}'
s.split(',')
s.partition('=')
s.find('x')
n ** 2
n << 2
nothing(x)
guarded(x, n)
'x' in s and x[0] if x else 0
attempt(x[9]).ok
len(x) and x[0]
[*x, 1][-1]
(1, 2, 3)[1]
Decimal(n)
"""
PARTIAL = """
n // k
n % k
n / k
n // len(x)
n // k if n != 0 else 0
n // k if k >= 0 else 0
n // k if k != 0 or n != 0 else 0
x[0]
x[n]
x[1] if x else 0
x[2] if len(x) > 1 else 0
x[n] if n < len(x) else 0
x[-2] if x else 0
x[::n]
s[0]
[x[i + 1] for i in range(len(x))]
[100 // one for one in x]
d['x']
d[s] if 'x' in d else 0
int(s)
int(s) if s.isdigit() else 0
float(s)
min(x)
max(one for one in x if one > 3)
divmod(n, k)
n << k
x.index(n)
s.split(s)
2 ** k % n
t[n]
range(0, 5, k)
forgotten(x, n)
attempt(x[9]).value + 1
[n // k for k in x if n != 0]
Decimal(s)
datetime(2000, 1, 1) + timedelta(n * 9999999)
"""


def lines(table: str) -> list[str]:
    return table.strip().splitlines()


def said(expression: str) -> set[str]:
    found = text(f"{HEAD}    it = {expression}\n    a.tell(str(it))\n").diagnostics
    assert {one.code for one in found} <= {"ACC159"}, "\n".join(map(render, found))
    return {one.code for one in found}


def raised(expression: str) -> set[str]:
    """What Python raises with some of the values."""
    names: dict[str, object] = {}
    exec(HEAD[: HEAD.index("class R(Role)")], names)
    names["attempt"] = names["Attempt"] = _Attempt
    expression = expression.replace("attempt(", "attempt(lambda: ")
    code = compile(expression, "it", "eval")
    used = sorted(VALUES.keys() & set(code.co_names))
    found: set[str] = set()
    for values in itertools.product(*(VALUES[name] for name in used)):
        try:
            made = eval(code, {**names, **dict(zip(used, values, strict=True))})
            list(made) if isinstance(made, range) else made
        except Exception as problem:
            found.add(type(problem).__name__)
    return found


class _Attempt:
    def __init__(self, compute: object) -> None:
        assert callable(compute)
        try:
            self.value, self.ok = compute(), True
        except Exception:
            self.value, self.ok = None, False


@pytest.mark.parametrize("expression", lines(TOTAL))
def test_it_never_raises(expression: str) -> None:
    assert raised(expression) == set()
    assert said(expression) == set()


@pytest.mark.parametrize("expression", lines(PARTIAL))
def test_it_may_raise(expression: str) -> None:
    assert raised(expression) != set()
    assert said(expression) == {"ACC159"}


def test_a_function_that_calls_itself_may_raise() -> None:
    assert said("deep(n)") == {"ACC159"}
