"""What `finally` does on the ways out of a loop: `break` passes through it."""

from __future__ import annotations

import itertools

import pytest

from tests.effort import calls
from tests.language.test_partial_pure import VALUES, program, said

MAY_RAISE = [
    (
        "x",
        """
k = 1
for i in x:
    k = 1
    try:
        if i:
            break
    finally:
        k = 0
else:
    return 0
return 100 // k
""",
    ),
    (
        "d,s",
        """
e = dict(d)
while True:
    if s not in e:
        return 0
    try:
        break
    finally:
        e = {}
return e[s]
""",
    ),
    (
        "n",
        """
m = n or None
while True:
    if m is None:
        return 0
    try:
        break
    finally:
        m = None
return m + 1
""",
    ),
    (
        "x",
        """
while True:
    y = [1]
    try:
        try:
            break
        finally:
            y.clear()
    finally:
        x = x
return y[0]
""",
    ),
]
NEVER_RAISES = [
    (
        "x",
        """
k = 0
for i in x:
    try:
        if i:
            break
    finally:
        k = 1
else:
    return 0
return 100 // k
""",
    ),
]


def _row(body: str) -> str:
    return "; ".join(body.strip().splitlines())


@pytest.mark.parametrize(("names", "body"), MAY_RAISE)
def test_what_finally_does_is_known_behind_a_break(names: str, body: str) -> None:
    assert len(said(names, _row(body))) == 1


@pytest.mark.parametrize(("names", "body"), NEVER_RAISES)
def test_what_finally_says_holds_behind_a_break(names: str, body: str) -> None:
    assert said(names, _row(body)) == []
    known: dict[str, object] = {}
    exec(program(names, _row(body)).partition("class R(Role)")[0], known)
    made = known["made"]
    assert callable(made)
    for values in itertools.product(*(eval(f"({VALUES[name]},)", known) for name in names.split(","))):
        made(*values)


def test_one_more_finally_in_a_finally_is_little_more_work() -> None:
    """Not twice the work, though Python compiles each of them twice."""

    def read(deep: int) -> None:
        body = [f"{' ' * 4 * at}{line}" for at in range(deep) for line in ("try:", "    n += 1", "finally:")]
        assert said("n", "; ".join([*body, f"{' ' * 4 * deep}n += 1", "return n"])) == []

    read(1)
    assert calls(lambda: read(8)) < 1.5 * calls(lambda: read(7))
