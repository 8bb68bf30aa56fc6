"""Parses a worker's answer strictly, and compares it with what a case expects.

{"result": PATTERN}          a result that fits
{"error": CODES}             one of these codes; "any", or "fault": any that is not the worker's decision
{"error": …, "reason": …}    the same, with these words in `data` (or in `message` if there is no `data`)
{"same_as": LABEL}           the very answer that an earlier step got
{"closed": true}             the connection was ended instead of an answer
{"nothing": true}            no answer, as to a notification
{"status": [404, 405]}       this HTTP status
{"batch": 2}                 an array of so many answers
{"any_of": […]}              one of these
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from accompanist.worker.conformance.values import fits, shown

Kind = Literal["result", "error", "closed", "nothing", "status", "batch"]

DECISIONS = (-32001, -32003, -32004)
"""Declined, closed, key reused: the errors that a sidecar takes as final decisions of the worker."""

RETRY_LATER = -32002


class StepFailed(Exception):
    """A step failed. The text is for the worker's author."""


@dataclass(frozen=True, slots=True)
class WorkerAnswer:
    """An answer, or what came in its place. `id`: the id in the answer."""

    kind: Kind
    value: Any = None
    id: Any = None

    @property
    def code(self) -> int | None:
        return self.value["code"] if self.kind == "error" else None

    def __str__(self) -> str:
        return self.kind if self.value is None and self.kind != "result" else f"{self.kind} {shown(self.value)}"


def read(status: int, body: bytes) -> WorkerAnswer:
    """Parse an answer. Raises StepFailed for an invalid JSON-RPC 2.0 answer."""
    if not body:
        return WorkerAnswer("nothing") if status in (200, 202, 204) else WorkerAnswer("status", status)
    try:
        told = json.loads(body.decode(), parse_constant=_refuse)
    except ValueError:
        if status != 200:
            return WorkerAnswer("status", status)
        raise StepFailed(f"the answer is no JSON: {shown(body)}") from None
    if isinstance(told, list):
        return WorkerAnswer("batch", [_read_one(one) for one in told])
    return _read_one(told)


def _refuse(name: str) -> Any:
    raise ValueError(name)


def _read_one(told: Any) -> WorkerAnswer:
    if not isinstance(told, dict) or told.get("jsonrpc") != "2.0" or "id" not in told:
        raise StepFailed(f"the answer is no object with jsonrpc 2.0 and an id: {shown(told)}")
    if ("result" in told) == ("error" in told):
        raise StepFailed(f"an answer has a result or an error, and not both: {shown(told)}")
    if "result" in told:
        return WorkerAnswer("result", told["result"], told["id"])
    error = told["error"]
    if not isinstance(error, dict) or type(error.get("code")) is not int or not isinstance(error.get("message"), str):
        raise StepFailed(f"an error has a code, an integer, and a message, a text: {shown(error)}")
    return WorkerAnswer("error", error, told["id"])


def meets(expect: Mapping[str, Any], said: WorkerAnswer, labels: Mapping[str, WorkerAnswer]) -> bool:
    """Whether an answer is as expected."""
    if "any_of" in expect:
        return any(meets(one, said, labels) for one in expect["any_of"])
    if "same_as" in expect:
        before = labels[expect["same_as"]]
        return said.kind == before.kind and fits(_told(before), _told(said))
    if "result" in expect:
        return said.kind == "result" and fits(expect["result"], said.value)
    if "error" in expect:
        return said.kind == "error" and _is_code(expect["error"], said) and _has_reason(expect, said)
    if "status" in expect:
        return said.kind == "status" and said.value in expect["status"]
    if "batch" in expect:
        return said.kind == "batch" and len(said.value) == expect["batch"]
    return said.kind in expect  # closed, nothing


def _told(said: WorkerAnswer) -> Any:
    """The part of an answer that must be the same when it is repeated: of an error, code and reason."""
    return (said.code, _reason(said)) if said.kind == "error" else said.value


def _is_code(wanted: Any, said: WorkerAnswer) -> bool:
    if wanted == "any":
        return True
    if wanted == "fault":
        return said.code not in DECISIONS
    return said.code in (wanted if isinstance(wanted, list) else [wanted])


def _has_reason(expect: Mapping[str, Any], said: WorkerAnswer) -> bool:
    return "reason" not in expect or fits(expect["reason"], _reason(said))


def _reason(said: WorkerAnswer) -> Any:
    return said.value.get("data", said.value["message"])
