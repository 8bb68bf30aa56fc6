"""The usual mistakes of a first choreography: each is told once, with something that can be written."""

from __future__ import annotations

import pytest

from tests.language.programs import text
from tests.language.test_advice import edited

HEAD = """\
from dataclasses import dataclass
from accompanist import At, Role, choreography, com, query, transaction

@dataclass(frozen=True)
class Line:
    count: int

@dataclass
class Cart:
    lines: list

class Shop(Role):
    @query
    def ask(self, number: int) -> int: ...

SEEN = []
TURNS = 0

"""
WHOLE = 'def name(shop: Shop, n: At[int, "shop"]) -> At[int, "shop"]:'


def told(head: str, *lines: str) -> list[tuple[str, str]]:
    body = "".join(f"    {line}\n" for line in lines)
    return [(one.code, str(one.hint)) for one in text(f"{HEAD}@choreography\n{head}\n{body}").diagnostics]


@pytest.mark.parametrize("kind", ["list[Shop]", "tuple[Shop, ...]", "dict[str, Shop]", 'At[list[Shop], "desk"]'])
def test_a_list_of_roles_is_told_where_it_is_declared(kind: str) -> None:
    head = f'def name(shops: {kind}, desk: Shop, n: At[int, "desk"]) -> At[int, "desk"]:'
    found = told(head, "for shop in shops:", "    shop.ask(com(n, to=shop))", "return n")
    hint = "a parameter for each: shop_1: Shop, shop_2: Shop; then for shop in (shop_1, shop_2)"
    assert found == [("ACC117", hint)]
    head = 'def name(shop_1: Shop, shop_2: Shop, desk: Shop, n: At[int, "desk"]) -> At[int, "desk"]:'
    assert told(head, "for shop in (shop_1, shop_2):", "    shop.ask(com(n, to=shop))", "return n") == []


def test_a_role_without_its_class_is_answered_with_it() -> None:
    head = 'def name(shop, desk: Shop, n: At[int, "desk"]) -> At[int, "desk"]:'
    assert told(head, "com(n, to=desk)", "return n")[0] == ("ACC160", "shop: Shop")


@pytest.mark.parametrize(
    ("line", "code", "hint"),
    [
        ("TURNS += 1", "ACC118", "another name: TURNS_"),
        ("SEEN.append(n)", "ACC130", "keep it at a role's worker, and change it by an operation"),
        ("if n > 3: return n", "ACC144", 'return a value on each path, or shop.abort("…")'),
    ],
)
def test_one_error_for_one_mistake(line: str, code: str, hint: str) -> None:
    assert told(WHOLE, line, *([] if code == "ACC144" else ["return n"])) == [(code, hint)]


def test_a_list_that_does_not_say_what_it_holds() -> None:
    head = HEAD.replace("number: int) -> int", "cart: Cart) -> int")
    (found,) = text(f"{head}@choreography\n{WHOLE}\n    return n\n").diagnostics
    assert found.text.endswith("the field Cart.lines cannot cross: list does not say what it holds")
    assert found.hint == "the types of what it holds in brackets: list[int], dict[str, int]"


def test_a_comprehension_beside_a_lambda_is_advised_into_a_loop() -> None:
    source = f"{HEAD}@choreography\n{WHOLE}\n    z = [shop.ask(one) for one in (1, n)]\n"
    source += "    y = sorted((n, 1), key=lambda one: -one)\n    return z[0] + y[0]\n"
    (found,) = text(source).diagnostics
    assert found.code == "ACC133"
    assert text(edited(source, found.edits)).ok
