"""Diagnostics speak in the names that stand in the text: no name of the normal form is told."""

from __future__ import annotations

import random
import re
import warnings

import pytest

from accompanist.language.compile import Compiled, compile_file
from accompanist.language.text.diagnostic import Diagnostic, render
from tests.language.programs import MUST_FAIL, ROOT, compiled, path_of, text
from tests.language.test_mutated_programs import PATH, Folder, other_lines, other_tokens

_MADE = re.compile(r"(?<!\w)_\d\w*")
HEAD = """\
import math
from dataclasses import dataclass
from datetime import date
from accompanist import At, Role, attempt, choreography, com, query, share, transaction

@dataclass(frozen=True)
class Offer:
    price: int
    day: date

class Shop(Role):
    @query
    def offer(self, title: str) -> Offer | None: ...
    @query
    def price(self, number: int) -> int: ...
    @query
    def many(self, title: str) -> list[int]: ...
    @transaction
    def pay(self, number: int) -> int: ...
    @transaction(retriable=True)
    def ship(self, number: int) -> int: ...
    @transaction(retriable=True)
    def lines(self, number: int) -> list[int]: ...

"""
CALLED = """
@choreography
def called(one: Shop, other: Shop, key: At[int, "other"]) -> At[int, "other"]:
    left = 10 // key
    for step in other.lines(key):
        left = left // step + 10 // com(one.ship(key_of(key)), to=other)
    return left
"""


def names_not_in(source: str, result: Compiled) -> list[str]:
    """What is told with a name that authors cannot write, and that stands nowhere in the text."""
    return [
        render(one)
        for one in result.diagnostics
        for said in (one.text, str(one.hint), *(put for _, put in one.edits))
        if any(name not in source for name in _MADE.findall(said))
    ]


@pytest.mark.parametrize("name", MUST_FAIL)
def test_a_program_that_must_fail_is_answered_in_its_own_names(name: str) -> None:
    assert names_not_in(path_of("must_fail", name).read_text(), compiled("must_fail", name)) == []


def program(line: str) -> str:
    head = 'def name(buyer: Shop, seller: Shop, key: At[int, "buyer"], title: At[str, "buyer"]) -> At[int, "buyer"]:'
    lines = "".join(f"    {one}\n" for one in line.split("|"))
    return f"{HEAD}@choreography\n{head}\n    paid = seller.pay(com(key, to=seller))\n{lines}    return 1\n{CALLED}"


LINES = [
    "x = 10 // com(paid, to=buyer)",
    "x = com(seller.lines(paid), to=buyer)[0]",
    "x = buyer.lines(key)[com(paid, to=buyer)]",
    "x = buyer.ship(10 // com(seller.ship(10 // paid), to=buyer))",
    "x = f'{10 // com(paid, to=buyer)}'",
    "x = com(seller.offer('a'), to=buyer).day",
    "x = com(seller.offer('a'), to=buyer).dya",
    "x = com(seller.offer('a'), to=buyer).frobnicate()",
    "x = f'{com(seller.offer('a'), to=buyer).day:%A}'".replace("'a'", "title"),
    "x = attempt(buyer.offer('a')).value.price",
    "x = attempt(10 // key).value + attempt(buyer.price(key)).value",
    "for x in buyer.lines(key):|    x = 10 // x",
    "for x, y in [buyer.lines(key)]:|    x = 10 // y",
    "for x, (y, z) in [(1, buyer.lines(key))]:|    x = 10 // y + z",
    "x, (y, z) = 1, buyer.lines(key)|x = y + z",
    "x, *y = buyer.lines(key)|buyer.ship(x)",
    "*x, y = com(seller.lines(paid), to=buyer)|buyer.ship(y)",
    "match com(seller.offer('a'), to=buyer):|    case None:|        x = 1|    case x:|        x = 1 // x.price",
    "match com(paid, to=buyer) + 1:|    case n if 1 // n:|        pass|    case _:|        pass",
    "x = called(seller, buyer, key)",
    "x = math.isqrt(com(paid, to=buyer))",
    "while com(paid, to=buyer):|    x = 1 // com(paid, to=buyer)",
    "if com(seller.offer('a'), to=buyer):|    pass",
    "x = com(buyer.many('a') + [None], to=seller)",
    "x = {com(paid, to=buyer): 1}[key]",
    "x = (y := com(paid, to=buyer)) // y",
]


@pytest.mark.parametrize("line", LINES)
def test_what_is_moved_or_called_in_an_expression_is_told_as_it_stands(line: str) -> None:
    source = program(line)
    found = text(source)
    assert found.diagnostics
    assert names_not_in(source, found) == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10))
def test_so_is_a_program_that_was_changed_by_chance(seed: int) -> None:
    chance, of = random.Random(seed), [program(line) for line in LINES]
    for _ in range(30):
        source = chance.choice([other_tokens, other_lines])(chance, chance.choice(of))
        with warnings.catch_warnings(action="ignore"):
            result = compile_file(PATH, root=str(ROOT), read=Folder(source))
        assert names_not_in(source, result) == []


def raising(source: str) -> list[Diagnostic]:
    """What the choreography of the text is told of what may raise."""
    end = source[: source.index(CALLED)].count("\n")
    return [one for one in text(source).diagnostics if one.code == "ACC159" and one.line <= end]


@pytest.mark.parametrize(
    "line",
    [
        "x = 10 // com(paid, to=buyer)",
        "x = com(seller.lines(paid), to=buyer)[0]",
        "x = com(seller.lines(paid), to=buyer)[com(paid, to=buyer)]",
        "x = com(com(seller.lines(paid)[-1], to=buyer), to=buyer)",
        "x = math.isqrt(com(paid, to=buyer))",
        "x = 1 // com(paid, to=buyer) + 1 // buyer.ship(1)",
    ],
)
def test_what_is_moved_or_called_has_a_name_in_the_advice_and_that_is_accepted(line: str) -> None:
    source = program(f"{line}|buyer.ship(x)")
    found = raising(source)
    assert found
    lines, above = source.splitlines(), []
    for one in found:
        given, last, there = re.split(
            r" on (?:a line of its|lines of their) own before line (\d+), and here ", one.hint
        )
        assert int(last) == one.line
        above += given.split(" and ")
        part = re.findall("`(.*?)`", one.text)[0]
        if (made := re.fullmatch(r"(\w+) = attempt\((.*)\), and ask (\w+)\.ok", there)) is not None:
            above.append(f"{made[1]} = attempt({made[2]})")
            there = f"({made[1]}.value if {made[1]}.ok else 0)"
        lines[one.line - 1] = lines[one.line - 1].replace(part, there.replace("…", "0"))
    lines[found[0].line - 1 : found[0].line - 1] = [f"    {one}" for one in dict.fromkeys(above)]
    after = "\n".join(lines) + "\n"
    assert not raising(after), after


@pytest.mark.parametrize("line", ["x, *y = z", "*y, x = z", "x, *y, w = z", "*y, w, x = z"])
def test_values_for_names_with_a_star_are_counted_before(line: str) -> None:
    used = [f"buyer.ship({name})" for name in "wx" if name in line]
    (hint,) = {str(one.hint) for one in raising(program("|".join(["z = buyer.lines(key)", line, *used])))}
    guarded = ["z = buyer.lines(key)", hint.partition(" …")[0], *(f"    {one}" for one in (line, *used))]
    assert hint.startswith("if len(z) >= ")
    assert raising(program("|".join(guarded))) == []
