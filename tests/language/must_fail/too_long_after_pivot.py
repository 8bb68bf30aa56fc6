"""What is given up where it goes on for too long comes before the commit point."""

from __future__ import annotations

from accompanist import At, Role, choreography, com, transaction


class Bank(Role):
    @transaction
    def pay(self, amount: int) -> int: ...


class Store(Role):
    @transaction(retriable=True)
    def ship(self, item: int) -> int: ...
    @transaction
    def hold(self, item: int) -> int: ...
    @hold.compensation
    def release(self, item: int) -> None: ...


@choreography
def shipped(store: Store, bank: Bank, item: At[int, "store"]) -> None:
    if item > 0:
        com(item, to=bank)
        store.ship(item)
        shipped(store, bank, item - 1)


@choreography
def held(store: Store, bank: Bank, item: At[int, "store"]) -> None:
    if item > 0:
        store.hold(item)
        held(store, bank, item - 1)


@choreography
def deep(bank: Bank, store: Store, amount: At[int, "bank"]) -> None:
    shipped(store, bank, com(bank.pay(amount), to=store))  #! ACC151 shipped(…) may call itself more than 200 times


@choreography
def beside(bank: Bank, store: Store, amount: At[int, "bank"]) -> None:
    held(store, bank, com(amount, to=store))
    bank.pay(amount)  #! ACC150 store.hold #! ACC150 held(…)


@choreography
def alone(bank: Bank, store: Store, amount: At[int, "bank"]) -> None:
    bank.pay(amount)
    left = amount
    while left > 3:  #! ACC151 the loop may have more than 100000 turns
        left = left - left // 7
    for one in [amount, left]:
        left = left + one
    store.ship(com(left, to=store))


@choreography
def told(bank: Bank, store: Store, amount: At[int, "bank"]) -> None:
    held(store, bank, com(amount, to=store))
    com(0 * com(amount, to=store), to=bank)
    left = amount
    while left > 3:
        left = left - left // 7
    bank.pay(left)
    while store.ship(com(left, to=store)) > 3:
        com(left, to=store)
