"""What type checkers say of a start inside a transaction, as a user would run them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.client.test_typed import complaints

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
RIGHT = """
from uuid import UUID

import psycopg
from sqlalchemy.ext.asyncio import AsyncSession

from accompanist.enlist import with_async_sqlalchemy, with_psycopg
from workers.orders.choreography import fulfil_order
from workers.orders.messages import Order


async def place(session: AsyncSession, order: Order) -> UUID:
    return await with_async_sqlalchemy(session, "warehouse").start(fulfil_order, order, key="order-7")


def place_now(connection: psycopg.Connection, order: Order) -> UUID:
    return with_psycopg(connection, "warehouse").start(fulfil_order, named={"order": order}, deadline_s=60)
"""
WRONG = {
    "start(fulfil_order, order": "start(fulfil_order, 7",
    'key="order-7"': "key=7",
    "return await with_async": "return with_async",
    "named={": "name={",
    "with_psycopg(connection": "with_async_sqlalchemy(connection",
}


@pytest.fixture(autouse=True)
def path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MYPYPATH", str(ROOT))


def test_a_right_start_is_right(tmp_path: Path) -> None:
    assert "Success" in complaints(tmp_path, RIGHT)


@pytest.mark.parametrize("right", WRONG)
def test_a_wrong_one_is_told(tmp_path: Path, right: str) -> None:
    assert right in RIGHT
    told = complaints(tmp_path, RIGHT.replace(right, WRONG[right]))
    assert "placing.py" in told and "error:" in told
