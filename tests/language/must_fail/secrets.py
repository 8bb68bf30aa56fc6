"""A secret does not leave its role: not moved, not as a reason, not as a result, not by what others do."""

from __future__ import annotations

from accompanist import At, Role, Secret, choreography, com, pure, query, share


class Shop(Role):
    @query
    def card(self, customer: str) -> Secret[str]: ...


class Bank(Role):
    @query
    def check(self, digits: str) -> bool: ...


@pure
def tail(digits: str) -> str:
    return digits[-4:]


@choreography
def moved(shop: Shop, bank: Bank, customer: At[str, "shop"]) -> At[bool, "bank"]:
    card = shop.card(customer)
    return bank.check(com(card, to=bank))  #! ACC170 card is sent to bank, but it is a secret


@choreography
def computed(shop: Shop, bank: Bank, customer: At[str, "shop"]) -> At[bool, "bank"]:
    digits = tail(shop.card(customer))
    known = share(digits, to=[bank])  #! ACC170 digits is sent to bank
    return bank.check(known)


@choreography
def decided(shop: Shop, bank: Bank, customer: At[str, "shop"]) -> None:
    card = shop.card(customer)
    if card == "":  #! ACC171 reads a secret, and bank would learn of it
        bank.check(com(customer, to=bank))


@choreography
def turned(shop: Shop, bank: Bank, customer: At[str, "shop"]) -> None:
    card = shop.card(customer)
    for _ in card:  #! ACC171 bank would learn of it
        bank.check(com(customer, to=bank))


@choreography
def given_as_reason(shop: Shop, bank: Bank, customer: At[str, "shop"]) -> None:
    card = shop.card(customer)
    bank.check(com(customer, to=bank))
    if customer == "":
        shop.abort(card)  #! ACC170 is told to every role as the reason


@choreography
def returned(shop: Shop, customer: At[str, "shop"]) -> At[str, "shop"]:
    card = shop.card(customer)
    return card  #! ACC170 is a plain result, but it depends on a secret
