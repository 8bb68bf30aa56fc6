"""Which expressions are said to be able to raise, laid beside what Python does with them.

Each is computed with many values of the types of its names. What is said never to raise does not; what is said to raise
does so for some of the values.
"""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from accompanist.language.checks.saga import may_raise
from accompanist.language.text.diagnostic import render
from accompanist.language.text.source import Source, Span
from tests.language import given
from tests.language.programs import text

HEAD = """\
import math
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum
from typing import Final
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

CENTS: Final = 100
CENT: Final = Decimal("0.01")
RATES = (1, 2, 3)
NAMES = {"x": 1}

class Tier(Enum):
    GOLD = "gold"
    NONE = "none"

@dataclass(frozen=True)
class Line:
    price: int | None = None
    text: str = ""
    tier: Tier = Tier.GOLD

@dataclass(frozen=True, order=True)
class Place:
    row: int
    seat: str = ""

@dataclass(frozen=True)
class Box:
    items: list[int]

@dataclass
class Open:
    item: int

@dataclass(frozen=True)
class Odd:
    item: int
    def __bool__(self) -> bool:
        return 1 // self.item > 0

@pure
def dear(line: Line | None) -> int:
    return line.price + 1

@pure
def cheap(line: Line | None) -> int:
    if line is None or line.price is None:
        return 0
    return line.price + 1

@pure
def first(lines: list[Line]) -> str:
    it = lines[0] if lines else None
    return it.text

@pure
def doubled(q: Decimal) -> Decimal:
    twice = q * 2
    return twice

class R(Role):
    @transaction
    def pay(self) -> int: ...
    @transaction(retriable=True)
    def tell(self, said: str) -> int: ...

@choreography
def name(
    a: R, n: At[int, "a"], k: At[int, "a"], s: At[str, "a"], x: At[list[int], "a"], d: At[dict[str, int], "a"],
    t: At[tuple[int, int], "a"], p: At[list[tuple[int, int]], "a"],
    o: At[int | None, "a"], m: At[list[Line], "a"], q: At[Decimal, "a"], e: At[dict[str, Line], "a"],
    rows: At[list[list[int]], "a"], words: At[list[list[str]], "a"], pairs: At[list[tuple[int, list[int]]], "a"],
    when: At[datetime, "a"], whens: At[list[datetime], "a"], td: At[timedelta, "a"], tds: At[list[timedelta], "a"],
    tp: At[tuple[int, ...], "a"], b: At[bytes, "a"], f: At[float, "a"], fs: At[list[float], "a"],
    qs: At[list[Decimal], "a"],
) -> None:
    a.pay()
"""
VALUES = {
    "n": (0, 1, -2, 7, 300, 2**63),
    "k": (0, 1, -1, 5),
    "s": ("", "7", "x", "-1", "²", "a=b;c", "1" * 4301),
    "x": ([], [0], [1, 2], [3, -1, 5]),
    "d": ({}, {"7": 1, "x": 0}),
    "t": ((0, 1), (2, 3)),
    "p": ([], [(1, 2), (0, 0)]),
    "o": (None, 0, 3),
    "q": (
        3,
        *map(Decimal, ("0", "-2.5", "7", "99.5", "1e28", "9e26", "9e28", "1e50", "3e-999998", "1e-1000020")),
        *(Decimal(f"{sign}9{digits}e999999") for sign in ("", "-") for digits in ("", f".{'9' * 40}")),
    ),
    "rows": ([], [[]], [[1], [2]], [[1, 2]]),
    "words": ([], [["a"]], [["a", "b"]]),
    "pairs": ([], [(1, [])], [(1, [2, 3])]),
    "when": (datetime.min, datetime(2000, 1, 1, tzinfo=UTC), datetime.max),
    "whens": ([], [datetime(2000, 1, 1), datetime(2000, 1, 1, tzinfo=UTC)]),
    "td": (timedelta.min, timedelta(1), timedelta.max),
    "tds": ([], [timedelta.max, timedelta.max]),
    "tp": ((), (0,), (1, 2)),
    "b": (b"", b"ab"),
    "f": (0.0, -1.5),
    "fs": ([], [1e308, 1e308]),
    "qs": ([], [Decimal("9e999999"), Decimal("9e999999")]),
}
MADE = {
    "m": "[], [Line()], [Line(2, 'x')], [Line(2), Line(2, tier=Tier.NONE)], [Line(2, 'x'), Line(None, 'x')]",
    "e": "{}, {'x': Line()}, {'x': Line(2)}",
}

FUNCTIONS_PARTIAL = """
if x:;     y = 1; return y
for i in x:;     pass; return i
y = 0; for i in x:;     y = z;     z = i; return y
try:;     y = x[0]; except Exception:;     pass; return y
if n:;     y = 1; elif x:;     z = 1; else:;     y = 2; return y
y = list(x); y.pop(); return len(y)
y = list(x); y.remove(3); return len(y)
y = list(x); y.pop(n); return len(y)
e = dict(d); return e.pop('x')
e = dict(d); return e.popitem()[1]
e = dict(d); e.pop('x', 0); return e['x'] if n else 0
return '{} {}'.format(s)
return s.format(1)
return n.to_bytes(1, 'big').hex()
y = [1]; y[n] = 2; return len(y)
y = list(x); z = y if y else [1]; z.clear(); return y[0] if n else z[0]
y = list(x); return (y.pop() + y[0]) if y else 0
y = list(x); z = [y]; return [z[0].clear(), y[0]] if y else []
return sum([q, q], Decimal(0))
return sorted((one.text, one) for one in m)
return sorted(m, key=lambda one: (one.text, one.tier))
return sorted(m, key=lambda one: one.price)
return [a for i, (a, b) in enumerate(rows)]
return len({row for row in rows})
return dict(one.split('=') for one in s.split(';'))
return s.split(sep=s)
return f'{s}%' % 3
return int(s) if s.isdecimal() else 0
e = {}; return s.replace('a', 'b', n)
return sum([q], Decimal(0))
return sorted([s], key=str.encode)
while n > 1:;     break; return 1 // n if n < 2 else 0
y = list(x); while y:;     y.pop(); return y[0]
y = list(x); if y:;     y.clear();     return y[0]; return 0
y = list(x); z = y; if y:;     z.clear();     return y[0]; return 0
e = dict(d); if 'x' in e:;     e.pop('x');     return e['x']; return 0
"""
FUNCTIONS_TOTAL = """
return sum(x, Decimal(0))
if x:;     y = 1; else:;     y = 2; return y
if not x:;     return 0; else:;     y = 2; return y
try:;     y = x[0]; except Exception:;     y = 0; return y
try:;     y = x[0]; except Exception:;     return 0; return y
y = 0; for i in x:;     z = i;     y += z; return y
y = [i for i in x]; return [i for i in y if i], sorted(y, key=lambda z: -z)
y = list(x); y.append(n); y.extend(x); y.insert(0, n); y.sort(); y.reverse(); return y.count(n)
y = list(x); if y:;     return y.pop(); return 0
y = list(x); while y:;     y.pop(); return len(y)
y = list(x); z = y.pop() if y else 0; return z
y = list(x); if y:;     y[0] += n; return y
e = dict(d); e.update(d); e['x'] = n; e.setdefault(s, 1); return e.pop('x', 0)
e = dict(d); if s in e:;     return e.pop(s); return 0
out = []; for one in x:;     out.append(one); return x[0] if x else len(out)
out = []; if len(x) > 1:;     out.append(x[0]);     out.append(x[1]); return out
y = list(x); if y:;     y[0] = n; return y
seen = set(); seen.add(n); seen.discard(1); return len(seen.union({n}))
e = {}; for one in s:;     e[one] = e.get(one, 0) + 1; return e
return sorted([s], key=str.lower)
return s.strip().upper().replace('a', 'b').split(',')
return dict.fromkeys(x, 0)
return sum(a * b for a, b in zip(x, x, strict=False))
return [x[i] + a for i, a in enumerate(x)]
return sorted(m, key=lambda one: (one.price or 0, one.text))
return sorted(d, key=d.get), max(d, key=lambda one: d[one], default='')
return x.index(n) if n in x else -1
return s.split(',')[0]
return str(datetime(2024, 1, 1, tzinfo=timezone.utc)) + str(math.comb(5, 2))
"""


def lines(table: str) -> list[str]:
    return table.strip().splitlines()


def said(expression: str) -> set[str]:
    found = text(f"{HEAD}    it = {expression}\n    a.tell(str(it))\n").diagnostics
    assert {one.code for one in found} <= {"ACC159", "ACC184"}, "\n".join(map(render, found))
    return {one.code for one in found}


def raised(expression: str) -> set[str]:
    """What Python raises with some of the values."""
    names: dict[str, object] = {}
    exec(HEAD[: HEAD.index("class R(Role)")], names)
    names["attempt"] = names["Attempt"] = _Attempt
    expression = expression.replace("attempt(", "attempt(lambda: ")
    code = compile(expression, "it", "eval")
    values_of = VALUES | {name: eval(f"({made})", names) for name, made in MADE.items()}
    used = sorted(values_of.keys() & set(code.co_names))
    found: set[str] = set()
    for values in itertools.product(*(values_of[name] for name in used)):
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


@pytest.mark.slow
@pytest.mark.parametrize("expression", lines(given.TOTAL))
def test_it_never_raises(expression: str) -> None:
    assert raised(expression) == set()
    assert said(expression) == set()


@pytest.mark.slow
@pytest.mark.parametrize("expression", lines(given.PARTIAL))
def test_it_may_raise(expression: str) -> None:
    assert raised(expression) != set()
    assert said(expression) in ({"ACC159"}, {"ACC184"})


def judged(body: str) -> set[str]:
    """What is said of a @pure function."""
    made = "\n    ".join(body.split("; "))
    parameters = "x: list[int], n: int, s: str, d: dict[str, int], q: Decimal, m: list[Line], rows: list[list[int]]"
    function = f"@pure\ndef made({parameters}):\n    {made}\n\n\n"
    head = HEAD.replace("class R(Role)", f"{function}class R(Role)")
    found = text(f"{head}    it = made(x, n, s, d, q, m, rows)\n    a.tell(str(it))\n").diagnostics
    assert {one.code for one in found} <= {"ACC159"}, "\n".join(map(render, found))
    return {one.code for one in found}


@pytest.mark.parametrize("body", lines(FUNCTIONS_PARTIAL))
def test_a_function_may_raise(body: str) -> None:
    assert judged(body) == {"ACC159"}


@pytest.mark.parametrize("body", lines(FUNCTIONS_TOTAL))
def test_a_function_never_raises(body: str) -> None:
    assert judged(body) == set()


def test_a_function_that_calls_itself_may_raise() -> None:
    assert said("deep(n)") == {"ACC159"}


@pytest.mark.parametrize("expression", ["str(int(q))", "str(math.floor(q))", "int(q) if q < 9 else 0"])
def test_a_decimal_may_be_too_large_to_be_written_as_a_whole_number(expression: str) -> None:
    """Python takes a minute to make one of the largest."""
    assert said(expression) == {"ACC159"}
    with pytest.raises(ValueError, match="4300 digits"):
        str(int(Decimal("1e5000")))


def test_a_truth_is_no_number_in_a_message() -> None:
    assert said("Line(n > 1)") == {"ACC159"}


def advised(expression: str, default: str) -> str:
    found = text(f"{HEAD}    it = {expression}\n    a.tell(str(it))\n").diagnostics
    (written,) = [one.hint for one in found]
    return written.replace("…", default)


@pytest.mark.parametrize(
    ("expression", "default"),
    [
        ("x[n]", "0"),
        ("x[-2]", "0"),
        ("x[2]", "0"),
        ("x[0]", "0"),
        ("d[s]", "0"),
        ("n // k", "0"),
        ("int(s)", "0"),
        ("int(q)", "0"),
        ("math.floor(q)", "0"),
        ("x[-n]", "0"),
        ("x.index(n)", "0"),
        ("s.split(',', n)", "[]"),
        ("b * n", "b"),
        ("NAMES[s]", "0"),
        ("sorted(m)", "0"),
        ("len(set(rows))", "0"),
        ("bool(Odd(n))", "0"),
        ("o + 1", "0"),
        ("min(x)", "0"),
        ("f'{o:>5}'", "0"),
        ("len(x if x else None)", "0"),
    ],
)
def test_what_is_written_instead_never_raises(expression: str, default: str) -> None:
    written = advised(expression, default).partition(", without")[0]
    if ", or made = " in written:
        written = written.partition(" = ")[2].partition(",")[0] + ".ok"
    assert said(written) == set()


@pytest.mark.parametrize(
    ("expression", "advice"),
    [
        ("int('1' + s)", "int('1' + s) if ('1' + s).isdecimal() and len('1' + s) < 19 else …"),
        ("1 + n // (k - 1)", "(n // (k - 1) if k - 1 != 0 else …)"),
        ("n * x[0]", "(x[0] if x else …)"),
        ("(x if x else [1])[0]", "(x if x else [1])[0] if (x if x else [1]) else …"),
        ("(x or [1])[0] + n", "((x or [1])[0] if (x or [1]) else …)"),
        ("n // (k and 1)", "n // (k and 1) if (k and 1) != 0 else …"),
        ("max(n, x[0])", "x[0] if x else …"),
        ("attempt(x[9]).value", "attempt(x[9]).value if attempt(x[9]).ok else …"),
    ],
)
def test_what_is_written_instead_can_stand_there(expression: str, advice: str) -> None:
    assert advised(expression, "…") == advice
    (found,) = text(f"{HEAD}    it = {expression}\n    a.tell(str(it))\n").diagnostics
    part = found.text.partition("` may raise")[0].removeprefix("`")
    assert part in expression
    assert said(expression.replace(part, advice.replace("…", "0"))) == set()


@pytest.mark.parametrize("sent", ["it: int = n > 3", "it: float = n > 3"])
def test_a_truth_is_no_number_where_it_is_sent(sent: str) -> None:
    """Nor does it become one: `accompanist.language.values.exactly` refuses it in each run."""
    (found,) = text(f"{HEAD}    {sent}\n    a.tell(str(it))\n").diagnostics
    assert found.code == "ACC184"


def test_what_is_given_in_the_place_of_none_has_a_name() -> None:
    assert not text(f"{HEAD}    it = o or 0\n    a.tell(s if it else s)\n    a.tell(str(it + 1))\n").diagnostics
    assert not text(f"{HEAD}    it = (s if n else None) or 'no'\n    a.tell(it)\n").diagnostics


@pytest.mark.parametrize("expression", ["m[0]", "e['x']", "q * q"])
def test_where_no_default_can_be_written_it_is_computed_earlier(expression: str) -> None:
    assert advised(expression, "").startswith("compute it before line ")


@pytest.mark.parametrize(
    ("after", "before"),
    [
        ("it = q * q", True),
        ("it = q * paid", False),
        ("y = a.tell(s)\n    it = q * y", False),
    ],
)
def test_what_the_commit_point_makes_is_not_computed_before_it(after: str, before: bool) -> None:
    head = HEAD.replace("    a.pay()\n", "    paid = a.pay()\n")
    (found,) = text(f"{head}    {after}\n    a.tell(str(it))\n").diagnostics
    line = head[: head.index("a.pay()")].count("\n") + 1
    part = found.text.partition("` may raise")[0].removeprefix("`")
    assert found.hint == f"{f'compute it before line {line}, or ' * before}made = attempt({part}), and ask made.ok"


def test_what_stands_above_the_commit_point_or_in_another_file_is_not_computed_before_it() -> None:
    source = Source.of("/p/file.py", "it = q * q\npaid = a.pay()\nto = q * q\n")
    above, pivot, below = (Span("/p/file.py", line, 5, line, 10) for line in (1, 2, 3))
    assert may_raise.before(source, pivot, below) == "compute it before line 2"
    assert may_raise.before(source, pivot, above) == ""
    assert may_raise.before(source, replace(pivot, file="/p/other.py"), below) == ""


@pytest.mark.parametrize("spec", ["%H:%M", "%d.%m. %H:%M:%S.%f", "%% %d"])
def test_a_date_in_digits_is_written_alike_everywhere(spec: str) -> None:
    assert said(f"f'{{when:{spec}}}'") == set()


@pytest.mark.parametrize("spec", ["%Y", "%B", "%d.%", "%-d", "%dé", "", "{s}H", ">20"])
def test_a_date_in_another_format_is_not(spec: str) -> None:
    assert "ACC135" in {one.code for one in text(f"{HEAD}    it = f'{{when:{spec}}}'\n    a.tell(it)\n").diagnostics}


@pytest.mark.parametrize(
    ("expression", "hints"),
    [
        ("f'{x[0]} {d[s]} {x[0]}'", ["(d[s] if s in d else …)", "(x[0] if x else …)"]),
        ("max(d, key=lambda one: x[1])", ["max(d, default=…)", "x[1] if len(x) > 1 else …"]),
        ("[q * q, x[0], t[0] // n]", ["made = attempt([q * q, x[0], t[0] // n]), and ask made.ok"]),
        ("[x[0], q * q]", ["made = attempt([x[0], q * q]), and ask made.ok"]),
        ("(x[4], x[1], x[2], x[3], x[0])", [f"x[{at}] if len(x) > {at} else …" for at in range(1, 5)]),
    ],
)
def test_the_parts_of_an_expression_are_told_at_once(expression: str, hints: list[str]) -> None:
    found = text(f"{HEAD}    it = {expression}\n    a.tell(str(it))\n").diagnostics
    assert [one.hint.rpartition("before line")[2].partition(", or ")[2] or one.hint for one in found] == hints


@pytest.mark.parametrize(
    ("attempted", "of_another_type"),
    [
        ("Line(n > 1)", True),
        ("[Line(n > 1)]", True),
        ("cheap(s)", False),
        ("str(Line(n > 1))", False),
        ("f'{Line(n > 1)}'", False),
        ("Line(n, s)", False),
        ("cheap(m[0])", False),
    ],
)
def test_what_is_of_another_type_is_so_behind_an_attempt(attempted: str, of_another_type: bool) -> None:
    found = text(f"{HEAD}    it = attempt({attempted})\n    a.tell(str(it.ok))\n").diagnostics
    assert [one.code for one in found] == ["ACC159"] * of_another_type
