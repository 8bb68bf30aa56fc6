"""The paper's web shop (ChorPlaceOrder): seven services place an order, the payment commits it.

Changed: the parcel and the mail can be undone or are retried, and the cart is emptied with a compensation, so that the
saga can be undone up to the charge.
"""

from __future__ import annotations

from dataclasses import dataclass

from accompanist import At, Role, choreography, com, query, transaction


@dataclass(frozen=True)
class Request:
    user: str
    currency: str
    address: str
    card: str
    email: str


@dataclass(frozen=True)
class Placed:
    order: str
    tracking: str
    shipping_cents: int
    items: tuple[str, ...]


class Client(Role):
    @query
    def total(self, items: tuple[str, ...], shipping_cents: int) -> int: ...


class Cart(Role):
    @transaction
    def take(self, user: str) -> tuple[str, ...]: ...

    @take.compensation
    def put_back(self, user: str) -> None: ...


class Catalog(Role):
    @query
    def prices(self, items: tuple[str, ...]) -> tuple[str, ...]: ...


class Currency(Role):
    @query
    def convert_items(self, items: tuple[str, ...], currency: str) -> tuple[str, ...]: ...

    @query
    def convert(self, cents: int, currency: str) -> int: ...


class Payment(Role):
    @transaction
    def charge(self, cents: int, card: str) -> str: ...


class Shipping(Role):
    @query
    def quote(self, address: str, items: tuple[str, ...]) -> int: ...

    @transaction
    def ship(self, address: str, items: tuple[str, ...]) -> str: ...

    @ship.compensation
    def call_back(self, address: str, items: tuple[str, ...]) -> None: ...


class Email(Role):
    @transaction(retriable=True)
    def confirm(self, email: str, placed: Placed) -> None: ...


@choreography
def place_order(
    client: Client,
    cart: Cart,
    catalog: Catalog,
    currency: Currency,
    payment: Payment,
    shipping: Shipping,
    email: Email,
    request: At[Request, "client"],
) -> At[Placed, "client"]:
    items = cart.take(com(request.user, to=cart))
    priced = catalog.prices(com(items, to=catalog))
    wanted = com(request.currency, to=currency)
    converted = com(currency.convert_items(com(priced, to=currency), wanted), to=client)
    address = com(request.address, to=shipping)
    shipped = com(items, to=shipping)
    quote = com(shipping.quote(address, shipped), to=currency)
    cost = com(currency.convert(quote, wanted), to=client)
    tracking = com(shipping.ship(address, shipped), to=client)
    total = client.total(converted, cost)
    paid = payment.charge(com(total, to=payment), com(request.card, to=payment))
    receipt = com(paid, to=client)
    placed = Placed(receipt, tracking, cost, converted)
    email.confirm(com(request.email, to=email), com(placed, to=email))
    return placed
