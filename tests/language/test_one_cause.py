"""One cause is one error: what a refused line would have bound, moved or returned is not complained of again."""

from __future__ import annotations

import pytest

from accompanist.language.text.diagnostic import Diagnostic, render
from tests.language.programs import text

HEAD = """\
from dataclasses import dataclass
from accompanist import At, Role, attempt, choreography, com, query, share, transaction

@dataclass
class Loose:
    text: str

class Bag:
    size: int

class Desk(Role):
    @query
    def ask(self, number: int) -> int: ...
    @query
    def many(self, number: int) -> list[int]: ...

@choreography
def name(desk: Desk, clerk: Desk, number: At[int, "desk"]) -> At[int, "desk"]:
"""
USES = """\
    one = desk.ask(x)
    two = com(x, to=clerk)
    three = share(x, to=[clerk])
    if x > 3:
        x = x + 1
    for step in (x, x):
        one = one + step
    return one + x + x.real + len(f"{x}") + com(two + three, to=desk)
"""


@pytest.mark.parametrize(
    "line",
    [
        "first, x = *desk.many(number), 1",
        "x = lambda n: n",
        "x = (yield number)",
        "x = await desk.ask(number)",
        "x = max(*desk.many(number))",
        "x = desk",
        "x = nowhere",
        "x = desk.aks(number)",
        "x = clark.ask(number)",
        "x = desk.ask(nowhere)",
        "x = desk.ask()",
        "x = attempt(desk.many)",
        "x = com(number)",
        "x = com(number, to=clark)",
        "x = open('x')",
        "x = Bag()",
        "x = number.frobnicate()",
        "x = number.__class__",
        "x = number == 1 and desk.ask(number)",
        "x = (n for n in desk.many(number))",
        "x, y = desk.ask(number), clerk.ask(com(number, to=clerk))",
        "x: Nowhere = number",
        "x = number if number else 2j",
        "x = name(desk, desk, number)",
        "x = desk.event(number, int)",
        "with desk as x: pass",
        "try:\n        x = 1\n    except ValueError:\n        x = 2",
        "x = 1\n    for *x, *y in desk.many(number):\n        pass",
        "import x",
        "def x(): ...",
        "class x: ...",
        "x = 1\n    for clerk.x in (1, 2):\n        x = 1",
        "match number:\n        case [x, *y]: pass",
        "match number:\n        case Bag(size=x): pass",
        "x, *rest = desk.many(number)\n    x = x + sum(rest) + rest[0] + len(rest)",
        "*rest, last = desk.many(number)\n    x = sum(rest) + rest[0] + len(rest)",
    ],
)
def test_one_cause_is_one_error(line: str) -> None:
    found = text(f"{HEAD}    {line}\n{USES}").diagnostics
    assert len(found) <= 1, "\n\n".join(render(one) for one in found)


@pytest.mark.parametrize("kind", ["Loose | Bag", "Nowhere", "set[int]", "Bag", "int | Nowhere", "dict[Bag, int]"])
def test_a_type_that_cannot_cross_is_said_where_it_stands(kind: str) -> None:
    program = HEAD.replace("def ask(self, number: int) -> int", f"def ask(self, number: {kind}) -> {kind}")
    found = text(f"{program}    x = desk.ask(number)\n{USES}").diagnostics
    assert [one.line for one in found] == [13], "\n\n".join(render(one) for one in found)


def test_a_list_of_roles_is_refused_once_and_gone_through_all_the_same() -> None:
    lines = (
        "both = [desk, clerk]",
        "total = 0",
        "for one in both:",
        "    total = total + com(one.ask(com(number, to=one)), to=desk)",
        "return total + nowhere",
    )
    listed, other = text(HEAD + "".join(f"    {line}\n" for line in lines)).diagnostics
    assert (listed.code, listed.hint) == ("ACC117", "a loop over the roles themselves: for role in (desk, clerk)")
    assert "nowhere" in other.text


SECRETS = """\
from accompanist import At, Role, Secret, choreography, com, query

class Shop(Role):
    @query
    def card(self, customer: str) -> Secret[str]: ...
    @query
    def ask(self, customer: str) -> int: ...

@choreography
def name(shop: Shop, bank: Shop, customer: At[str, "shop"]) -> At[int, "bank"]:
    card = shop.card(customer)
    made = 1
    if card == "":
        made = bank.ask(com(customer, to=bank))
        tries = shop.ask(customer)
    else:
        tries = 0
    return made + com(tries, to=bank)
"""


def test_what_is_made_in_a_branch_on_a_secret_is_complained_of_at_the_branch() -> None:
    assert [one.code for one in text(SECRETS).diagnostics] == ["ACC171"]


def test_a_part_of_what_was_refused_is_not_complained_of() -> None:
    program = HEAD.replace("-> list[int]", "-> frozenset[int]")
    found = text(
        f"{program}    many = com(desk.many(number)[1:], to=clerk)\n    return number + len(many)\n"
    ).diagnostics
    assert [one.code for one in found][:1] == ["ACC141"]
    assert not [one for one in found if one.code == "ACC140"], "\n\n".join(map(render, found))


@pytest.mark.parametrize("base", ["(NamedTuple)", "(TypedDict)", ""])
def test_a_class_that_cannot_cross_is_told_once_however_often_it_is_used(base: str) -> None:
    program = HEAD.replace(
        "from dataclasses",
        f"from typing import NamedTuple, TypedDict\n\nclass Line{base}:\n    count: int\n\nfrom dataclasses",
    )
    uses = "    made = Line(count=number)\n    other = Line(count=2)\n    com(made, to=clerk)\n    return number\n"
    (found,) = text(program + uses).diagnostics
    assert (found.code, found.line) == ("ACC141", 24)
    assert found.hint.startswith("@dataclass(frozen=True) above class Line")
    in_heads = program.replace("number: int) -> int", "number: Line) -> Line").replace("-> list[int]", "-> list[Line]")
    (found,) = text(in_heads + uses).diagnostics
    assert (found.code, found.line) == ("ACC141", 18)


COMMITS = """\
from accompanist import At, Role, choreography, com, transaction

class Desk(Role):
    @transaction
    def pay(self, n: int) -> int: ...
    @transaction
    def hold(self, n: int) -> int: ...
    @hold.compensation
    def free(self, n: int) -> None: ...
    @transaction(retriable=True)
    def tell(self, n: int) -> int: ...

@choreography
def name(a: Desk, b: Desk, n: At[int, "a"]) -> At[int, "a"]:
    m = com(n, to=b)
"""


def commits(*lines: str) -> list[Diagnostic]:
    return list(text(COMMITS + "".join(f"    {line}\n" for line in (*lines, "return n"))).diagnostics)


def test_operations_that_miss_one_commit_point_are_one_error() -> None:
    (found,) = commits("a.tell(n)", "b.tell(m)", "a.tell(n)", "b.hold(m)")
    assert (found.code, found.line) == ("ACC153", 16)
    assert "nor before b.tell of line 17 and a.tell of line 18" in found.text
    assert "; put b.hold before line 16; or @transaction(retriable=True) for it" in found.hint
    assert commits("com(b.hold(m), to=a)", "a.tell(n)", "com(a.now(), to=b)", "b.tell(m)", "a.tell(n)") == []
    assert commits("a.tell(n)", "b.tell(m)", "a.tell(n)", "b.tell(m)") == []


def test_a_role_that_does_not_know_of_the_pivot_is_told_so_once_on_a_path() -> None:
    (found,) = commits("a.pay(n)", "b.tell(m)", "b.tell(m)", "b.tell(m)")
    assert (found.code, found.line, found.hint) == (
        "ACC153",
        17,
        "com(a.now(), to=b) on a line of its own before line 17",
    )


@pytest.mark.parametrize(
    ("then", "other", "changed", "hint"),
    [
        ("a.pay(n)", "b.pay(m)", "b.hold(m)", "a compensation for b.pay; or "),
        (
            "a.pay(n)",
            "b.pay(m)",
            "a.commit()|com(a.now(), to=b)|b.tell(m)",
            "a.commit() and com(a.now(), to=b) on lines of their own before line 19",
        ),
        ("a.commit()|a.tell(n)", "b.commit()", "a.commit()", "a.commit() in place of b.commit()"),
    ],
)
def test_commit_points_of_different_roles_are_answered_with_what_to_write(
    then: str, other: str, changed: str, hint: str
) -> None:
    def branches(orelse: str) -> list[Diagnostic]:
        sides = [[f"    {one}" for one in side.split("|")] for side in (then, orelse)]
        return commits("if n > 3:", *sides[0], "else:", *sides[1])

    (found,) = branches(other)
    assert found.code == "ACC154"
    assert hint in found.hint
    assert branches(changed) == []


def test_a_branch_without_a_commit_point_is_answered_with_the_line_of_one() -> None:
    (found,) = commits("if n > 3:", "    a.pay(n)", "else:", "    b.tell(m)")
    assert (found.code, found.hint) == (
        "ACC153",
        "a compensation for b.tell, or a.commit() and com(a.now(), to=b) on lines of their own before line 19",
    )
    assert (
        commits("if n > 3:", "    a.pay(n)", "else:", "    a.commit()", "    com(a.now(), to=b)", "    b.tell(m)") == []
    )
