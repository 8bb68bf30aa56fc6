"""Where no order of a set shows, and no text says where an object lies, a program is accepted, as a @pure function and
in a choreography."""

from __future__ import annotations

import pytest

from tests.language.programs import text

_HEAD = '''
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum, StrEnum
from accompanist import At, Role, attempt, choreography, pure, transaction

class Kind(StrEnum):
    GOLD = "gold"

class Tier(Enum):
    GOLD = "gold"

@dataclass(frozen=True)
class Line:
    name: str
    count: int
    kind: Kind = Kind.GOLD
    most: int | None = None

class Cart:
    def __init__(self, names: list[str]) -> None:
        self.names = names

    def __repr__(self) -> str:
        return f"Cart({self.names})"

@dataclass(frozen=True)
class Tags:
    tags: frozenset[str]

    def __str__(self) -> str:
        return ",".join(sorted(self.tags))

class Bare:
    def __init__(self, names: list[str]) -> None:
        self.names = names

class Shop(Role):
    @transaction
    def pay(self) -> int: ...
    @transaction(retriable=True)
    def tell(self, said: str) -> int: ...

@pure
def largest(stock: dict[str, int]) -> object:
    return max(stock.items(), key=lambda one: one[1]) if stock else ("", 0)

@pure
def long(name: str) -> bool:
    """Whether a name is long."""
    text = name.strip()
    if not text:
        return False
    return len(text) > 3
'''
_TAKES = (
    "names: {0}list[str]{1}, lines: {0}list[Line]{1}, tiers: {0}list[Tier]{1}, prices: {0}list[Decimal]{1}, "
    "stock: {0}dict[str, int]{1}, days: {0}list[date]{1}"
)
_BOTH = """
any(name.startswith("x") for name in set(names))
all(name in ("a", "b") and name != "" for name in set(names))
any(line.count > 3 and line.kind == Kind.GOLD for line in set(lines))
all(stock.get(name, 0) > 0 for name in set(names))
any(long(name) for name in set(names))
all(name[:1].isupper() and len(name) > 2 for name in set(names) if name)
all(size > 2 for size, name in {(len(one), one) for one in names})
any(price > 3 for price in set(prices))
any((day - date(2020, 1, 1)).days > 4 and day.weekday() < 5 and day.isoformat() > "2" for day in set(days))
any(stock[name] > 1 for name in set(names) if name in stock)
all(name in stock and stock[name] > 0 for name in set(names))
any(line.most is not None and line.most > 1 for line in set(lines))
any(str(line.count) == "3" for line in set(lines))
any("a" in name.split(",") or name.startswith(("a", "b")) for name in set(names))
[name for name in names if any(name > other for other in set(names))]
len(list(set(names)))
[name for name in names if name.startswith(tuple({"a", "b"}))]
sorted({one.value for one in tiers})
sorted({Decimal(name) for name in names})
len({Decimal(name) for name in set(names)})
{Decimal(name) for name in set(names)} == set(prices) or Decimal(3) in {Decimal(name) for name in set(names)}
sorted({(name.lower(), len(name) / 100) for name in set(names)})
len({Line(name, len(name)) for name in set(names)})
sorted(name.upper() for name in set(names))
min((len(name), name) for name in set(names))
max({(Decimal(name), name) for name in set(names)})
sorted({name[0] for name in set(names)})
sorted({line.kind for line in set(lines)})
sorted({int(name) for name in set(names)})
sum(int(name) for name in set(names))
sorted({line.count / 100 for line in set(lines)})
max((0.1 * len(name) for name in set(names)), default=0.0)
sorted({float(len(name)) for name in set(names)})
sorted(sorted(one) for one in {frozenset(name) for name in names})
f"{Tags(frozenset(names))} {str(Tags(frozenset(names)))}"
f"{lines} {tiers} {list(zip(names, names))} {range(3)}"
", ".join(f"{n}: {one}" for n, one in enumerate(names)) + "%s %d" % (names, 3)
""".strip().splitlines()
_PURE = """
str(largest(stock))
any(long(name) and name in frozenset({"a"}) for name in set(names))
sum(map(len, set(names)))
sorted(filter(None, set(names)))
min(set(prices) & {Decimal(1)}, default=None)
sorted({datetime.fromisoformat(name).year for name in set(names)})
sorted({word for name in set(names) for word in name.split()})
sorted({str(one) for one in set(prices)})
max(abs(len(name)) + 1 for name in set(names))
f"{Cart(names)} {Bare(names).names} {', '.join(map(str, lines))} {Line.__name__}"
", ".join(sorted(map(str, prices), key=str)) + str({"a": 1}.keys())
"%s" % Tags(frozenset(names)) + "{}".format(Tags(frozenset(names))) + ",".join(map(str, [Tags(frozenset(names))]))
next((name for name in names), "") + max(names, key=len, default="")
""".strip().splitlines()


@pytest.mark.parametrize("written", _BOTH + _PURE)
def test_a_pure_function_may_do_this(written: str) -> None:
    made = f"@pure\ndef made({_TAKES.format('', '')}) -> str:\n    return str([{written}])\n"
    runs = "    said = made(names, lines, tiers, prices, stock, days)\n    shop.pay()\n    shop.tell(said)\n"
    assert text(_HEAD + made + _choreography(runs)).diagnostics == ()


@pytest.mark.parametrize("written", _BOTH)
def test_a_choreography_may_do_this(written: str) -> None:
    runs = f"    said = str([{written}])\n    shop.pay()\n    shop.tell(said)\n"
    assert text(_HEAD + _choreography(runs)).diagnostics == ()


_TRIES = {
    "ValueError": "sum(int(name) for name in set(names))",
    "KeyError": "sum(stock[name] for name in set(names))",
    "Exception": "sum(stock[name] + int(name) for name in set(names))",
    "ValueError as error": "sum(int(name) for name in sorted(set(names))) + len({len(name) for name in set(names)})",
}


@pytest.mark.parametrize("caught", _TRIES)
def test_an_error_of_one_kind_may_be_caught(caught: str) -> None:
    said = "str(error)" if " as " in caught else "'none'"
    body = f"    try:\n        return str({_TRIES[caught]})\n    except {caught}:\n        return {said}\n"
    made = f"@pure\ndef made({_TAKES.format('', '')}) -> str:\n{body}"
    runs = "    said = made(names, lines, tiers, prices, stock, days)\n    shop.pay()\n    shop.tell(said)\n"
    assert text(_HEAD + made + _choreography(runs)).diagnostics == ()


@pytest.mark.parametrize("written", ["int(name)", "stock[name]", "100 // len(name)"])
def test_an_error_of_one_kind_may_be_attempted(written: str) -> None:
    """`reason` is the name of the error, and that is the same in every order."""
    tried = f"    tried = attempt(sum({written} for name in set(names)))\n"
    runs = f"{tried}    shop.pay()\n    shop.tell(str(tried.reason))\n"
    assert text(_HEAD + _choreography(runs)).diagnostics == ()


_OTHERS = """
@pure
def number(names: list[str]) -> int:
    return sum(int(name) for name in set(names))

@pure
def caught(names: list[str]) -> int:
    try:
        return sum(100 // int(name) for name in set(names))
    except Exception:
        return 0

@pure
def letters(names: list[str]) -> int:
    return len(set(names)) + sum(len(name) for name in set(names))
"""


@pytest.mark.parametrize("called", ["number", "caught", "letters"])
def test_an_error_of_one_kind_may_come_out_of_another_function(called: str) -> None:
    body = f"    try:\n        return str({called}(names))\n    except ValueError:\n        return 'none'\n"
    made = f"{_OTHERS}@pure\ndef made({_TAKES.format('', '')}) -> str:\n{body}"
    runs = f"    said = made(names, lines, tiers, prices, stock, days)\n    tried = attempt({called}(names))\n"
    runs += "    shop.pay()\n    shop.tell(said + str(tried.reason))\n"
    assert text(_HEAD + made + _choreography(runs)).diagnostics == ()


@pytest.mark.parametrize("called", ["caught", "letters"])
def test_an_error_may_be_looked_at_where_no_set_is_gone_through_for_it(called: str) -> None:
    body = f"    try:\n        return str({called}(names) + int(names[0]))\n    except ValueError as error:\n"
    made = f"{_OTHERS}@pure\ndef made({_TAKES.format('', '')}) -> str:\n{body}        return str(error)\n"
    runs = "    said = made(names, lines, tiers, prices, stock, days)\n    shop.pay()\n    shop.tell(said)\n"
    assert text(_HEAD + made + _choreography(runs)).diagnostics == ()


@pytest.mark.parametrize(("lines", "accepted"), [(["names = sorted(names)"], True), ([], False)])
def test_a_name_is_no_set_behind_its_being_sorted(lines: list[str], accepted: bool) -> None:
    body = "".join(f"    {line}\n" for line in ["names = set(words)", *lines, "return ','.join(names)"])
    made = f"@pure\ndef made(words: list[str]) -> str:\n{body}"
    runs = "    said = made(names)\n    shop.pay()\n    shop.tell(said)\n"
    assert (text(_HEAD + made + _choreography(runs)).diagnostics == ()) == accepted


def _choreography(body: str) -> str:
    given = _TAKES.format("At[", ', "shop"]')
    return f"\n@choreography\ndef buy(shop: Shop, {given}) -> None:\n{body}"
