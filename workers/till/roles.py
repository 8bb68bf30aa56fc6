"""A till: small enough to be served in an afternoon in any language, and with an operation of each kind.

`accompanist conformance URL` drives whoever serves it; `tests/conformance/README.md` says what each operation does.
"""

from __future__ import annotations

from accompanist import Role, query, transaction
from workers.till.messages import Entry, Slip


class Till(Role):
    """Drawers of money, each known by its name."""

    @transaction
    def put(self, drawer: str, entry: Entry) -> Slip: ...

    @put.compensation
    def take_back(self, drawer: str, entry: Entry) -> None: ...

    @transaction  # money that was handed out does not come back: the pivot
    def pay(self, drawer: str, cents: int) -> Slip: ...

    @transaction(retriable=True)
    def mend(self, drawer: str) -> None: ...

    @query
    def balance(self, drawer: str) -> int: ...
