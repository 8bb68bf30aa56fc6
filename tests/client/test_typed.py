"""What type checkers say of a start, as a user would run them."""

from __future__ import annotations

from pathlib import Path

import pytest
from mypy import api

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
RIGHT = """
from accompanist import Client, SyncClient
from workers.orders.choreography import fulfil_order
from workers.orders.messages import Order


async def place(client: Client, order: Order) -> str:
    session = await client.start(fulfil_order, order, key="order-7")
    return (await session.result()).tracking


def place_now(client: SyncClient, order: Order) -> int:
    return client.start(fulfil_order, named={"order": order}).result().points
"""
WRONG = {
    "await client.start(fulfil_order, order": "await client.start(fulfil_order, 7",
    ".tracking": ".nothing",
    ".points": ".tracking",
    'key="order-7"': "key=7",
}


def complaints(tmp_path: Path, text: str) -> str:
    file = tmp_path / "placing.py"
    file.write_text(text)
    told, failed, _ = api.run(["--strict", "--config-file=", f"--cache-dir={ROOT}/.mypy_cache", str(file)])
    assert not failed, failed
    return told


def test_a_right_start_is_right(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MYPYPATH", str(ROOT))
    assert "Success" in complaints(tmp_path, RIGHT)


@pytest.mark.parametrize("right", WRONG)
def test_a_wrong_one_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, right: str) -> None:
    monkeypatch.setenv("MYPYPATH", str(ROOT))
    assert right in RIGHT
    told = complaints(tmp_path, RIGHT.replace(right, WRONG[right]))
    assert "placing.py" in told and "error:" in told
