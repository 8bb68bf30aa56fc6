"""What may fail: one definition, for the saga check and for the runtime that carries out what was checked.

A worker may decline a transaction that is not retriable, or a query. Such a decline undoes the saga, unless the call is
attempted: then it is a value, and the choreography goes on with it. So an attempted call may stand, and decline, beside
the commit point and behind it.

Not here: `role.abort`, and local expressions, which fail where they stand.
"""

from __future__ import annotations

from typing import Protocol


class DeclaredOperation(Protocol):
    """An operation, as its role declares it or as it was compiled."""

    @property
    def kind(self) -> str: ...

    @property
    def retriable(self) -> bool: ...

    @property
    def drawn(self) -> bool: ...


def may_decline(asked: DeclaredOperation) -> bool:
    """Whether the contract lets a worker decline it."""
    return asked.kind in ("transaction", "query") and not asked.retriable and not asked.drawn


def may_fail(asked: DeclaredOperation, attempt: bool) -> bool:
    """Whether a decline of this call undoes the saga."""
    return may_decline(asked) and not attempt
