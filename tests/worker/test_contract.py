"""A worker's operations have the names that its service gives them."""

from __future__ import annotations

import pytest

from accompanist import Role, query, transaction
from accompanist.cli.openrpc import contract
from accompanist.worker import Worker
from accompanist.worker.contract import contract_of


class Part(Role):
    @transaction(name="prepare", attempts=3)
    def prepared(self, work: str) -> int:
        """Promise to commit."""

    @prepared.compensation(name="abort")
    def abort_(self, work: str) -> None: ...

    @query
    def count(self) -> int: ...


def test_an_operation_has_the_name_that_its_decorator_says() -> None:
    assert {name: one.kind for name, one in contract_of(Part).items()} == {
        "prepare": "transaction",
        "abort": "compensation",
        "count": "query",
    }


def test_openrpc_prints_that_name() -> None:
    methods = {one["name"]: one["summary"] for one in contract(Part)["methods"]}
    assert {"prepare", "abort", "count"} <= set(methods)
    assert methods["prepare"] == "Promise to commit."


@pytest.mark.parametrize("names", [("prepare", "abort"), ("prepared", "abort_"), ("prepared", "abort")])
def test_a_handler_has_either_name(names: tuple[str, str]) -> None:
    worker = Worker(Part, "part_worker")

    async def first(tx: object, work: str) -> int:
        return len(work)

    async def second(tx: object, work: str) -> None: ...

    async def count(tx: object) -> int:
        return 1

    for handler, name in ((first, names[0]), (second, names[1]), (count, "count")):
        handler.__name__ = name
        worker.operation(handler)
    worker.check()
