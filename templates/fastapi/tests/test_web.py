"""The application, with a client that only remembers."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from accompanist.client import Undone
from fastapi.testclient import TestClient

from project_name.messages import Confirmation, Request
from project_name.web import app, client_of


class FakeSession:
    id = UUID("0190d3a0-0000-7000-8000-0000000000aa")

    def __init__(self, request: Request) -> None:
        self.request = request

    async def result(self, timeout_s: float) -> Confirmation:
        if self.request.amount > 10:
            raise Undone(self.id, "none left")
        return Confirmation(self.request.customer, 2)


class FakeClient:
    def __init__(self) -> None:
        self.keys: list[str | None] = []

    async def start(self, choreography: Any, request: Request, key: str | None) -> FakeSession:
        self.keys.append(key)
        return FakeSession(request)


@pytest.fixture
def fake() -> FakeClient:
    made = FakeClient()
    app.dependency_overrides[client_of] = lambda: made
    return made


def test_what_is_confirmed_is_answered(fake: FakeClient) -> None:
    body = {"customer": "ann", "amount": 2}
    answer = TestClient(app).post("/reservations", json=body, headers={"Idempotency-Key": "k"})
    assert (answer.status_code, answer.json()) == (200, {"customer": "ann", "bookings": 2})
    assert fake.keys == ["k"]


def test_what_is_undone_is_a_conflict(fake: FakeClient) -> None:
    answer = TestClient(app).post("/reservations", json={"customer": "ann", "amount": 11})
    assert (answer.status_code, answer.json()["detail"]) == (409, "none left")
