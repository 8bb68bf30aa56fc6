"""Secrets stay at their role, however they travel; and the report of who learns what."""

from __future__ import annotations

import pytest

from accompanist.language.shown.learns import Learning, learnings, learns_json, learns_text
from tests.language.programs import must_pass, text

HEAD = """\
from __future__ import annotations
from dataclasses import dataclass
from accompanist import At, Role, Secret, attempt, choreography, com, pure, query, share

@dataclass(frozen=True)
class Card:
    number: str
    valid: bool

@dataclass(frozen=True)
class Payment:
    card: Secret[Card]
    cents: int

@pure
def last_four(card: Secret[Card]) -> str:
    return card.number[-4:]

@pure
def is_valid(card: Secret[Card]) -> bool:
    return card.valid

@pure
def masked(number: str) -> str:
    return number[:2]

class Shop(Role):
    @query
    def vault(self, name: str) -> Secret[Card]: ...
    @query
    def check(self, card: Secret[Card]) -> bool: ...

class Bank(Role):
    @query
    def note(self, text: str) -> str: ...
    @query
    def card(self) -> Card: ...

@choreography
def pay(shop: Shop, bank: Bank, card: At[Secret[Card], "shop"], name: At[str, "shop"],
        payment: At[Payment, "shop"]) -> At[str, "shop"]:
    bank.note(com(name, to=bank))
"""


def codes(*lines: str, returns: str = "    return name") -> list[str]:
    return [
        found.code for found in text(HEAD + "\n".join(f"    {line}" for line in lines) + f"\n{returns}\n").diagnostics
    ]


@pytest.mark.parametrize(
    "lines",
    [
        ["com(card, to=bank)"],
        ["com(card.number, to=bank)"],
        ["x = card.number + '!'", "bank.note(com(x, to=bank))"],
        ["bank.note(com(f'{card.number}', to=bank))"],
        ["bank.note(com(masked(card.number), to=bank))"],
        ["got = shop.vault(name)", "com(got, to=bank)"],
        ["got = attempt(shop.vault(name))", "bank.note(com(got.value.number, to=bank))"],
        ["com(payment, to=bank)"],
        ["com(payment.card, to=bank)"],
        ["bank.note(com(payment.card.number, to=bank))"],
        ["share(card, to=[bank])"],
        ["pair = (card.number, 1)", "first, second = pair", "bank.note(com(first, to=bank))"],
        ["x: str = card.number", "bank.note(com(x, to=bank))"],
        ["bank.note(com([one for one in [card.number]][0], to=bank))"],
        ["x = name", "if card.valid:", "    x = 'valid'", "bank.note(com(x, to=bank))"],
        ["again = com(card, to=shop)", "com(again, to=bank)"],
        ["if name == '':", "    shop.abort(card.number)"],
        ["x = name", "for _ in range(3):", "    bank.note(com(x, to=bank))", "    x = card.number"],
        ["x = name", "for one in [card.number]:", "    x = one", "bank.note(com(x, to=bank))"],
        ["x = name", "if name == '':", "    x = card.number", "bank.note(com(x, to=bank))"],
    ],
)
def test_a_secret_does_not_leave(lines: list[str]) -> None:
    assert codes(*lines) == ["ACC170"]


def test_what_a_pattern_takes_out_of_a_secret_is_secret() -> None:
    found = codes(
        "match card:", "    case Card(number=n):", "        bank.note(com(n, to=bank))", "    case _:", "        pass"
    )
    assert set(found) == {"ACC170", "ACC171"}


def test_a_secret_is_no_plain_result() -> None:
    assert codes(returns="    return card.number") == ["ACC170"]
    assert codes(returns="    if card.valid:\n        return 'yes'\n    return 'no'") == ["ACC170", "ACC170"]


@pytest.mark.parametrize(
    "lines",
    [
        ["if card.valid:", "    bank.note(com(name, to=bank))"],
        ["x = card.number", "if x == '':", "    bank.note(com(name, to=bank))"],
        ["while card.number == name:", "    bank.note(com(name, to=bank))"],
        ["for _ in range(3):", "    bank.note(com(name, to=bank))", "    if card.valid:", "        break"],
        ["for _ in card.number:", "    bank.note(com(name, to=bank))"],
        ["ok = shop.check(card) and card.valid", "if ok:", "    bank.note(com(name, to=bank))"],
    ],
)
def test_a_secret_does_not_decide_for_others(lines: list[str]) -> None:
    assert codes(*lines) == ["ACC171"]


@pytest.mark.parametrize(
    "lines",
    [
        ["bank.note(com(last_four(card), to=bank))"],
        ["bank.note(com(last_four(card=payment.card), to=bank))"],
        ["if is_valid(card):", "    bank.note(com(name, to=bank))"],
        ["com(payment.cents, to=bank)"],
        ["ok = shop.check(card)", "com(ok, to=bank)"],
        ["if card.valid:", "    shop.check(card)"],
        ["again = com(card, to=shop)", "shop.check(again)"],
        ["if card.valid:", "    shop.abort('no')"],
        ["x = card.number", "x = name", "bank.note(com(x, to=bank))"],
        ["for _ in range(3):", "    x = name", "    bank.note(com(x, to=bank))", "    x = card.number"],
    ],
)
def test_what_is_declassified_or_stays_may_be(lines: list[str]) -> None:
    assert codes(*lines) == []


def test_a_turn_that_ends_the_choreography_leaves_no_secret_to_the_next() -> None:
    body = ["x = name", "for _ in range(3):", "    bank.note(com(x, to=bank))"]
    assert codes(*body, "    if name == 'a':", "        x = card.number", "        return name") == []


@pytest.mark.parametrize(
    ("before", "read", "code"),
    [
        (["x = com(bank.card(), to=shop)"], ["bank.note(com(x.number, to=bank))"], "ACC170"),
        (["x = com(bank.card(), to=shop)"], ["if x.valid:", "    bank.note(com(name, to=bank))"], "ACC171"),
        (["x = com(bank.card(), to=shop)", "y = x", "z = y"], ["com(z.number, to=bank)", "z = y", "y = x"], "ACC170"),
        (["x = com(bank.card(), to=shop)", "y = (name,)"], ["bank.note(com(f'{y}', to=bank))", "y = (y, x)"], "ACC170"),
    ],
    ids=["sent", "asked", "two turns later", "in a type that grows"],
)
def test_what_only_its_type_says_is_secret_is_so_in_the_next_turn(
    before: list[str], read: list[str], code: str
) -> None:
    """It was not: a loop was repeated while more names were computed from secrets, and not while more had the type."""
    turn = [*read, "x = shop.vault(name)"]
    assert codes(*before, "for _ in range(3):", *(f"    {line}" for line in turn)) == [code]


def test_a_secret_may_be_a_secret_result() -> None:
    program = HEAD.replace('-> At[str, "shop"]', '-> At[Secret[Card], "shop"]')
    assert not text(program + "    return card\n").diagnostics


def test_who_learns_what() -> None:
    choreography, _ = must_pass("order_saga")
    found = learnings(choreography)
    assert found[0].origin in choreography.roles
    assert all(one.role != one.origin for one in found)
    assert [Learning(**one) for one in learns_json(choreography)] == list(found)


def test_a_selection_is_something_learned() -> None:
    choreography, _ = must_pass("branch_label_only")
    assert "    that the branch went `then` from stock, line 15" in learns_text(choreography).splitlines()


RECURSIVE = """\

@choreography
def again(shop: Shop, bank: Bank, card: At[{type}, "shop"], left: At[int, "shop"]) -> At[{type}, "shop"]:
    if left == 0:
        return card
    bank.note(com({sent}, to=bank))
    return again(shop, bank, card, left - 1)
"""


@pytest.mark.parametrize(
    ("kind", "sent", "code"),
    [
        ("Secret[Card]", "last_four(card)", []),
        ("Secret[Card]", "card.number", ["ACC170"]),
        ("Card", "card.number", ["ACC170"]),
    ],
    ids=["kept", "sent inside", "given as plain"],
)
def test_a_secret_is_kept_in_what_calls_itself(kind: str, sent: str, code: list[str]) -> None:
    program = HEAD + "    again(shop, bank, card, 2)\n    return name\n" + RECURSIVE.format(type=kind, sent=sent)
    assert sorted({found.code for found in text(program).diagnostics}) == code
