"""The SDK's worker passes every case, over both transports; and a worker with a planted mistake does not."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from accompanist.rpc import address
from accompanist.worker import sdk, start
from accompanist.worker.conformance import cases
from accompanist.worker.conformance.cases import ConformanceCase
from accompanist.worker.conformance.drive import CaseResult, drive
from accompanist.worker.conformance.ledger import LedgerSource, TableLedger
from accompanist.worker.execution import Execution
from accompanist.worker.fence import Fence, Key
from tests.postgres import Database
from workers.till import till

CASES = cases.read_all(cases.shipped())


@pytest.fixture
def scheme() -> str:
    return "unix"


@pytest.fixture
async def place(blank_database: Database, tmp_path: Path, scheme: str) -> AsyncIterator[address.Address]:
    await till.install(blank_database.dsn())
    running = await start(till.worker, f"{scheme}:{tmp_path}/till.sock", blank_database.dsn())
    yield address.parse(running.url)
    await running.stop(0)


@pytest.fixture
def ledger(blank_database: Database) -> LedgerSource:
    return TableLedger(blank_database.dsn(), till.SCHEMA)


async def driven(place: address.Address, ledger: LedgerSource, *wanted: ConformanceCase) -> list[CaseResult]:
    return [await drive(case, place, ledger) for case in wanted]


@pytest.mark.parametrize("scheme", ["unix", "http+unix"])
async def test_the_sdk_passes_every_case(place: address.Address, ledger: LedgerSource) -> None:
    verdicts = await driven(place, ledger, *CASES)
    assert {v.case.name: v.why for v in verdicts if v.outcome == "failed"} == {}
    other = "stream" if place.http else "http"
    assert {v.case.name for v in verdicts if v.outcome == "skipped"} == {
        case.name for case in CASES if case.transports == (other,)
    }
    assert sum(v.unjudged for v in verdicts) == 0


async def test_without_a_ledger_it_says_what_was_not_looked_at(place: address.Address) -> None:
    [case] = [case for case in CASES if case.name == "calls/call-is-done"]
    assert await drive(case, place, None) == CaseResult(case, "passed", unjudged=1)


# -- planted mistakes ----------------------------------------------------------------------------------


def _open_door(patch: pytest.MonkeyPatch) -> None:
    enter = Fence.enter

    async def entered(self: Fence, tx: Any, key: Key) -> tuple[str, str | None]:
        status, answer = await enter(self, tx, key)
        return ("run", None) if status == "closed" else (status, answer)

    patch.setattr(Fence, "enter", entered)


def _refusal_not_kept(patch: pytest.MonkeyPatch) -> None:
    async def refused(self: Fence, tx: Any, key: Key, reason: str) -> tuple[str, str | None]:
        return "declined", reason

    patch.setattr(Fence, "refuse", refused)


def _arguments_as_they_came(patch: pytest.MonkeyPatch) -> None:
    key_of = sdk._key

    def key(call: Any, operation: Any, params: Any) -> Key:
        key = key_of(call, operation, params)
        text = sdk._object(params).decode()
        return Key(key.session, key.role, key.site, key.kind, key.operation, text)

    patch.setattr(sdk, "_key", key)


def _effect_without_the_record(patch: pytest.MonkeyPatch) -> None:
    async def left(self: Fence, tx: Any, key: Key, reply: str) -> None:
        return None

    patch.setattr(Fence, "leave", left)


def _nothing_to_undo(patch: pytest.MonkeyPatch) -> None:
    async def closed(self: Execution, session: Any, role: str, unless: str | None) -> bytes:
        return b'{"closed":true,"executed":[]}'

    patch.setattr(Execution, "close", closed)


def _any_arguments(patch: pytest.MonkeyPatch) -> None:
    enter = Fence.enter

    async def entered(self: Fence, tx: Any, key: Key) -> tuple[str, str | None]:
        status, answer = await enter(self, tx, key)
        return ("replied", "null") if status == "reused" else (status, answer)

    patch.setattr(Fence, "enter", entered)


@pytest.mark.parametrize(
    ("plant", "found_by"),
    [
        (_open_door, {"close/late-call", "close/session-nobody-knows", "compensation/first"}),
        (_refusal_not_kept, {"repeats/refusal-is-final"}),
        (_arguments_as_they_came, {"repeats/repeat-in-other-words"}),
        (_effect_without_the_record, {"repeats/repeat-is-one-effect", "repeats/concurrent-repeats"}),
        (_nothing_to_undo, {"close/lists-in-commit-order", "close/late-call", "close/unless-it-replied"}),
        (_any_arguments, {"repeats/key-with-other-arguments", "compensation/with-other-arguments"}),
    ],
)
async def test_a_planted_mistake_is_found(
    place: address.Address,
    ledger: LedgerSource,
    monkeypatch: pytest.MonkeyPatch,
    plant: Callable[[pytest.MonkeyPatch], None],
    found_by: set[str],
) -> None:
    plant(monkeypatch)
    verdicts = await driven(place, ledger, *(case for case in CASES if case.name in found_by))
    assert {verdict.case.name for verdict in verdicts if verdict.outcome == "failed"} == found_by
