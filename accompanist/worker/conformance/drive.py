"""Runs a case against a worker, step by step, and checks at the end that the worker still serves.

A worker may answer "retry later" (-32002) to any call that it has not decided. The call is then retried under the same
key, as a sidecar would, and only the final answer is judged.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from accompanist.rpc.address import Address
from accompanist.rpc.framing import frame
from accompanist.worker.conformance.answers import RETRY_LATER, StepFailed, WorkerAnswer, meets, read
from accompanist.worker.conformance.cases import ConformanceCase, verb
from accompanist.worker.conformance.ledger import LedgerSource
from accompanist.worker.conformance.values import fill, fits, fresh_names
from accompanist.worker.conformance.wire import (
    ConnectionEnded,
    Http,
    Silent,
    Stream,
    Wire,
    connection,
    round_trip,
    shut,
)

ROLE = "till"
retries_max = 40
retry_wait_s = 0.05
lines_max = 4  # connections over which a call is repeated

_PROBE = {"call": "balance", "params": {"drawer": "$drawer"}, "site": "probe"}


@dataclass(frozen=True, slots=True)
class CaseResult:
    """The result of a case. `unjudged`: how many ledger checks were skipped, because no ledger was given."""

    case: ConformanceCase
    outcome: Literal["passed", "failed", "skipped"]
    why: str = ""
    unjudged: int = 0


async def drive(case: ConformanceCase, address: Address, ledger: LedgerSource | None) -> CaseResult:
    """Run one case. Raises OperatorError if the ledger cannot be read."""
    if ("http" if address.http else "stream") not in case.transports:
        return CaseResult(case, "skipped", f"about {case.transports[0]}")
    play = _Play(address, ledger)
    at = ""
    try:
        for number, step in enumerate(case.steps, 1):
            at = f"step {number} ({verb(step)}): "
            await play.step(step)
        at = "afterwards: "
        await play.probe()
    except (StepFailed, Silent, ConnectionEnded) as problem:
        return CaseResult(case, "failed", f"{at}{problem}", play.unjudged)
    finally:
        await play.close()
    return CaseResult(case, "passed", unjudged=play.unjudged)


class _Play:
    """One run of a case."""

    def __init__(self, address: Address, ledger: LedgerSource | None) -> None:
        self._address = address
        self._ledger = ledger
        self._names = fresh_names()
        self._labels: dict[str, WorkerAnswer] = {}
        self._lines: list[Wire] = []
        self._last_id = 0
        self.unjudged = 0

    async def step(self, step: Mapping[str, Any]) -> None:
        await getattr(self, f"_step_{verb(dict(step))}")(step)

    async def probe(self) -> None:
        """Check that the worker still serves the next caller, whatever the case has sent."""
        line = await self._open()
        try:
            [said] = await self._asked(line, [_PROBE])
            self._judge({"result": "$integer"}, said)
        finally:
            await line.close()

    async def close(self) -> None:
        for line in self._lines:
            await line.close()

    # -- steps -------------------------------------------------------------------------------------

    async def _step_call(self, step: Mapping[str, Any]) -> None:
        times = step.get("times", 1)
        lines = [await self._line(number) for number in range(min(times, lines_max))]
        shares = [[step] * len(range(number, times, len(lines))) for number in range(len(lines))]
        asked = await asyncio.gather(*map(self._asked, lines, shares))
        answers = [said for share in asked for said in share]
        for said in answers:
            self._judge(step.get("expect", {"result": "$any"}), said)
        self._labels["…"] = answers[0]
        for said in answers[1:]:
            if not meets({"same_as": "…"}, said, self._labels):
                raise StepFailed(f"repeats were answered differently: {answers[0]}, {said}")
        if "as" in step:
            self._labels[step["as"]] = answers[0]

    async def _step_together(self, step: Mapping[str, Any]) -> None:
        calls = step["together"]
        came: list[str] = []
        answers = await self._asked(await self._line(0), calls, came)
        for call, said in zip(calls, answers, strict=True):
            self._judge(call.get("expect", {"result": "$any"}), said)
            if "as" in call:
                self._labels[call["as"]] = said
        if "order" in step and came != step["order"]:
            raise StepFailed(f"answered in the order {', '.join(came)}, to be expected was {', '.join(step['order'])}")

    async def _step_send(self, step: Mapping[str, Any]) -> None:
        body = self._body(step["send"])
        if step["expect"] == {"nothing": True}:
            await self._unanswered(body)
            return
        line = await self._line(0)
        try:
            [(status, answer)] = await line.exchange([body], 1)
            said = read(status, answer)
        except ConnectionEnded:
            said = await self._ended(line)
        self._judge(step["expect"], said)
        if said.kind in ("result", "error") and not fits(step.get("id"), said.id):
            raise StepFailed(f"answered under the id {said.id!r}, to be expected was {step.get('id')!r}")

    async def _unanswered(self, body: bytes) -> None:
        """Check that a notification gets no answer: on a stream, only the answers to later calls arrive."""
        line = await self._line(0)
        if isinstance(line, Http):
            [(status, answer)] = await line.exchange([body], 1)
            self._judge({"nothing": True}, read(status, answer))
            return
        await line.send(body)
        for _ in range(2):
            [said] = await self._asked(line, [_PROBE])
            self._judge({"result": "$integer"}, said)

    async def _step_stream(self, step: Mapping[str, Any]) -> None:
        line = await Stream.open(self._address)
        try:
            try:
                for chunk in step["stream"]:
                    await self._write(line, chunk)
                said = read(200, await line.read()) if "expect" in step else WorkerAnswer("nothing")
            except ConnectionEnded:
                said = WorkerAnswer("closed")
            if "expect" in step:
                self._judge(step["expect"], said)
        finally:
            await line.close()

    async def _write(self, line: Stream, chunk: Mapping[str, Any]) -> None:
        if "frame" not in chunk:
            await line.write(self._body(chunk))
            return
        framed = frame(self._body(chunk["frame"]))[: chunk.get("until")]
        pieces = chunk.get("cut", len(framed))
        for at in range(0, len(framed), pieces):
            await line.write(framed[at : at + pieces])
            await asyncio.sleep(0)

    async def _step_http(self, step: Mapping[str, Any]) -> None:
        """Send requests one after the other on one connection. If the worker closes it, it may only be opened again
        after a refusal; otherwise keep-alive would not be tested."""
        line = Http(self._address)
        reader, writer = await connection(self._address)
        try:
            for told in fill(step["http"], self._names):
                body = self._body(told.get("body", {"request": _PROBE}))
                request = line.request(
                    told.get("method", "POST"), told.get("target", ""), told.get("headers", {}), body
                )
                status, answer, _ = await round_trip(reader, writer, request)
                if status not in told["status"]:
                    raise StepFailed(f"answered with status {status}, to be expected was one of {told['status']}")
                if "expect" in told:
                    self._judge(told["expect"], read(status, answer))
        finally:
            await shut(writer)

    async def _step_http_bytes(self, step: Mapping[str, Any]) -> None:
        reader, writer = await connection(self._address)
        text = fill(step["http_bytes"], self._names).replace("$target", self._address.target)
        try:
            status, _, _ = await round_trip(reader, writer, text.encode())
            said = WorkerAnswer("status", status)
        except ConnectionEnded:
            said = WorkerAnswer("closed")
        finally:
            await shut(writer)
        self._judge(step["expect"], said)

    async def _step_hang_up(self, step: Mapping[str, Any]) -> None:
        line = await self._open()
        await line.send(self._request(step["hang_up"], self._next_id()))
        await line.close()

    async def _step_ledger(self, step: Mapping[str, Any]) -> None:
        if self._ledger is None:
            self.unjudged += 1
            return
        done = dict(await self._ledger.of(fill(step.get("drawer", "$drawer"), self._names)))
        if done != step["ledger"]:
            raise StepFailed(f"the ledger has {done or 'nothing'}, to be expected was {step['ledger'] or 'nothing'}")

    async def _step_said(self, step: Mapping[str, Any]) -> None:
        self._judge(step["expect"], self._labels[step["said"]])

    async def _step_either(self, step: Mapping[str, Any]) -> None:
        problems = []
        for branch in step["either"]:
            try:
                for inner in branch:
                    await self.step(inner)
                return
            except StepFailed as problem:
                problems.append(str(problem))
        raise StepFailed("; or ".join(problems))

    # -- asking ------------------------------------------------------------------------------------

    async def _asked(
        self, line: Wire, calls: Sequence[Mapping[str, Any]], came: list[str] | None = None
    ) -> list[WorkerAnswer]:
        """The answers to concurrent calls, in the order of the calls. `came` gets the labels in the order of the
        answers."""
        ids = {self._next_id(): call for call in calls}
        try:
            replies = await line.exchange([self._request(call, id) for id, call in ids.items()], len(calls))
        except ConnectionEnded:
            return [await self._ended(line)] * len(calls)
        answers = {said.id: said for said in (read(*reply) for reply in replies)}
        if answers.keys() != ids.keys():
            odd = ", ".join(map(str, answers.values()))
            raise StepFailed(f"answered under the ids {list(answers)}, asked were {list(ids)}: {odd}")
        if came is not None:
            came.extend(ids[id].get("as", "") for id in answers)
        return [await self._decided(line, call, answers[id]) for id, call in ids.items()]

    async def _decided(self, line: Wire, call: Mapping[str, Any], said: WorkerAnswer) -> WorkerAnswer:
        for _ in range(retries_max):
            if said.code != RETRY_LATER:
                return said
            await asyncio.sleep(retry_wait_s)
            [(status, answer)] = await line.exchange([self._request(call, self._next_id())], 1)
            said = read(status, answer)
        raise StepFailed(f"retry later, {retries_max} times over")

    def _judge(self, expect: Mapping[str, Any], said: WorkerAnswer) -> None:
        if not meets(fill(expect, self._names), said, self._labels):
            raise StepFailed(f"answered {said}; to be expected was {json.dumps(expect)}")

    async def _line(self, number: int) -> Wire:
        """A connection of this case, opened on first use, and again if the worker has closed it."""
        while len(self._lines) <= number:
            self._lines.append(await self._open())
        return self._lines[number]

    async def _ended(self, line: Wire) -> WorkerAnswer:
        if line in self._lines:
            self._lines.remove(line)
        await line.close()
        return WorkerAnswer("closed")

    async def _open(self) -> Wire:
        return Http(self._address) if self._address.http else await Stream.open(self._address)

    # -- writing -----------------------------------------------------------------------------------

    def _next_id(self) -> int:
        self._last_id += 1
        return self._last_id

    def _request(self, call: Mapping[str, Any], id: int) -> bytes:
        return _encode(self._request_object(call, id))

    def _request_object(self, call: Mapping[str, Any], id: int) -> dict[str, Any]:
        params = dict(call.get("params", {}))
        if "meta" not in call or call["meta"] is not None:
            about = {
                "session": call.get("session", "$session"),
                "role": call.get("role", ROLE),
                "site": call.get("site", "1"),
                "key": call.get("key", "forward"),
                "attempt": 1,
            } | call.get("meta", {})
            params["_meta"] = {name: value for name, value in about.items() if value is not None}
        request: dict[str, Any] = fill(
            {"jsonrpc": "2.0", "id": id, "method": call["call"], "params": params}, self._names
        )
        return request

    def _body(self, template: Mapping[str, Any]) -> bytes:
        """The bytes to send: a text, a value, or a request with changed members (null removes one)."""
        if "text" in template:
            return str(fill(template["text"], self._names)).encode()
        if "latin1" in template:
            return str(fill(template["latin1"], self._names)).encode("latin-1")
        if "json" in template:
            return _encode(fill(template["json"], self._names))
        request = self._request_object(template["request"], 1) | fill(template.get("with", {}), self._names)
        without = template.get("without", [])
        members = {name: value for name, value in request.items() if name not in without}
        return _encode(members, template.get("indent"))


def _encode(value: Any, indent: int | None = None) -> bytes:
    separators = (",", ":") if indent is None else None
    return json.dumps(value, ensure_ascii=False, separators=separators, indent=indent).encode()
