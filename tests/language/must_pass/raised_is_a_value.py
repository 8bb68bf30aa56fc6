"""What may raise behind the commit point is asked before, or is attempted: its exception is a value there."""

from __future__ import annotations

from accompanist import At, Role, attempt, choreography, pure, share, transaction


@pure
def named(text: str) -> int:
    if text == "none":
        raise ValueError
    return len(text)


class Bank(Role):
    @transaction
    def pay(self, amount: int) -> list[int]: ...


class Store(Role):
    @transaction(retriable=True)
    def ship(self, item: int) -> int: ...


@choreography
def bought(bank: Bank, store: Store, amount: At[int, "bank"], text: At[str, "bank"]) -> At[str, "store"]:
    share(100 // amount if amount != 0 else 0, to=[store])
    paid = bank.pay(amount)
    lines = share(tuple(paid), to=[store])
    first = store.ship(lines[0] if lines else 0)
    second = attempt(lines[first])
    if second.ok:
        store.ship(second.value)
    for at in range(len(lines)):
        if lines[at] > 0:
            store.ship(1000 // lines[at])
    said = share(text, to=[store])
    number = attempt(named(said) + int(said))
    if not number.ok:
        return number.reason
    return str(store.ship(number.value))


WORKERS = {
    "bank.pay": lambda amount: [amount, 2, 0, 5][:amount],
    "store.ship": lambda item: item + 1,
}
ARGUMENTS = [
    {"amount": 0, "text": "7"},
    {"amount": 1, "text": "none"},
    {"amount": 2, "text": "seven"},
    {"amount": 4, "text": "12"},
]
