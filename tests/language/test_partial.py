"""Which expressions are said to be able to raise, laid beside what Python does with them.

Each is computed with many values of the types of its names. What is said never to raise does not; what is said to raise
does so for some of the values.
"""

from __future__ import annotations

import itertools
from decimal import Decimal

import pytest

from accompanist.language.diagnostic import render
from tests.language.programs import text

HEAD = """\
from dataclasses import dataclass
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

@dataclass(frozen=True)
class Line:
    price: int | None = None
    text: str = ""

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
    "o": (None, 0, 3),
    "q": (Decimal("0"), Decimal("-2.5"), Decimal("9e999999"), Decimal("1e50")),
}
MADE = {"m": "[], [Line()], [Line(2, 'x')]", "e": "{}, {'x': Line()}, {'x': Line(2)}"}
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
o + 1 if o is not None else 0
0 if o is None else -o
o + 1 if o else 0
o is not None and o > 1
o is None or o > 1
(o or 0) + 1
sum([one.price or 0 for one in m])
max([o or 0, n])
(o or n or 0) + 1
[o or 0][0] + 1
str(o) + f'{o}' + repr(o)
bool(o) and o == 3
cheap(m[0] if m else None)
[one.price + 1 for one in m if one.price is not None]
[one.text for one in m]
(d.get('x') or 0) + 1
e['x'].text if 'x' in e else ''
min(o if o is not None else 0, n)
q > 3 and q == n or q <= k
str(q) + f'{q:.2f} {q:>9}'
max(q, Decimal(n))
x[n] if 0 <= n < len(x) else 0
x[n] if len(x) > n and n >= 0 else 0
x[-2] if len(x) >= 2 else 0
int(q) if q < 9 else 0
x[0] if x == [*x, 1] else 0
sorted(p) + [t] < [t, t]
(n, s) < (k, 'x') and min((n, s), (k, s)) == (n, s)
sorted([(n, 'x'), (k, s)])
1 << 4 >> 1
int('12', 8) + int('-3') + n
ord('a') + len(chr(97))
s.ljust(n, '.')
[Line(1, s), Line(n, 'x'), Line(None)]
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
(m[0] if m else None).text
o + 1
n - o
-o
o > 1
1 < o
o + 1 if n else 0
[n or o][0] + 1
[o and n][0] + 1
o + 1 if o is None else 0
o + 1 if o is not None or n else 0
abs(o)
int(o)
max(n, o)
range(o)
n if o < 1 else 0
'x' in (s if s else None)
(s if s else None) in s
(x if x else None)[:1]
x[:1] + (x if x else None)
x[n] if len(x) > n else 0
x[n] if n >= 0 and k < len(x) else 0
sum(x[i] for i in x)
x[k] if k in x else 0
[one + 1 for one in (x if x else None)]
len(x if x else None)
[one.price + 1 for one in m]
sum([o, n])
sorted([o, n])
min([o, n])
', '.join([s if s else None])
s.startswith(s if s else None)
f'{o:>5}'
d.get('x') + 1
d.get(s) > 3
e.get('x').text
dear(m[0] if m else None)
dear(m[0]) if m else 0
first(m)
doubled(q)
q * q
q + q
q - 1 - q * 2
sum([q, q])
round(q, 2)
q / 3 * q
q ** 2
Decimal('x')
min((n, o), (k, 1))
sorted([(o, n), (k, n)])
[o] < [1]
[[o]] < [[n]]
(n, {'x': n}) < (k, {'x': 1})
(n, s) < (n, o)
int('x')
int('7', n)
int(s, 10)
str(s, 'utf-8')
1 << -1
n >> -1
ord('ab')
s.ljust(n, 'xy')
"""

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
return sum(x, Decimal(0))
return sorted([s], key=str.encode)
while n > 1:;     break; return 1 // n if n < 2 else 0
y = list(x); while y:;     y.pop(); return y[0]
y = list(x); if y:;     y.clear();     return y[0]; return 0
y = list(x); z = y; if y:;     z.clear();     return y[0]; return 0
e = dict(d); if 'x' in e:;     e.pop('x');     return e['x']; return 0
"""
FUNCTIONS_TOTAL = """
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


@pytest.mark.parametrize("expression", lines(TOTAL))
def test_it_never_raises(expression: str) -> None:
    assert raised(expression) == set()
    assert said(expression) == set()


@pytest.mark.parametrize("expression", lines(PARTIAL))
def test_it_may_raise(expression: str) -> None:
    assert raised(expression) != set()
    assert said(expression) == {"ACC159"}


def judged(body: str) -> set[str]:
    """What is said of a @pure function."""
    made = "\n    ".join(body.split("; "))
    function = f"@pure\ndef made(x: list[int], n: int, s: str, d: dict[str, int], q: Decimal):\n    {made}\n\n\n"
    head = HEAD.replace("class R(Role)", f"{function}class R(Role)")
    found = text(f"{head}    it = made(x, n, s, d, q)\n    a.tell(str(it))\n").diagnostics
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
        ("int('1' + s)", "int('1' + s) if ('1' + s).isdecimal() else …"),
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
    """Nor does it become one: `accompanist.language.exactly` refuses it in each run."""
    (found,) = text(f"{HEAD}    {sent}\n    a.tell(str(it))\n").diagnostics
    assert found.code == "ACC159"


def test_what_is_given_in_the_place_of_none_has_a_name() -> None:
    assert not text(f"{HEAD}    it = o or 0\n    a.tell(s if it else s)\n    a.tell(str(it + 1))\n").diagnostics
    assert not text(f"{HEAD}    it = (s if n else None) or 'no'\n    a.tell(it)\n").diagnostics


@pytest.mark.parametrize("expression", ["m[0]", "e['x']", "q * q"])
def test_where_no_default_can_be_written_it_is_computed_earlier(expression: str) -> None:
    assert advised(expression, "").startswith("compute it before line ")
