"""Metrics of a process: durations in seconds and counts, without ids.

Without a meter there are no instruments, and every method returns at once. Attributes have few values (a
method, an outcome, a choreography), so that the cardinality does not grow with the number of sessions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accompanist.telemetry import names

if TYPE_CHECKING:
    from opentelemetry.metrics import Histogram, Meter

_SHORT_S: Final = (
    0.001,
    0.0025,
    0.005,
    0.01,
    0.025,
    0.05,
    0.075,
    0.1,
    0.25,
    0.5,
    0.75,
    1.0,
    2.5,
    5.0,
    7.5,
    10.0,
)
_SAGA_S: Final = (*_SHORT_S, 30.0, 60.0, 300.0, 3600.0, 86400.0)  # a saga may wait for a person
_BURSTS: Final = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0)


class Metrics:
    """The instruments of one process."""

    def __init__(self, meter: Meter | None = None) -> None:
        self.on = meter is not None
        if meter is None:
            return

        def seconds(name: str, text: str, buckets: tuple[float, ...] = _SHORT_S) -> Histogram:
            return meter.create_histogram(name, "s", text, explicit_bucket_boundaries_advisory=buckets)

        self._session = seconds(names.SESSION_DURATION, "From the start to the outcome, at the initiator", _SAGA_S)
        self._outcomes = meter.create_counter(names.SESSION_OUTCOMES, "{session}", "Sagas that ended, by outcome")
        self._active = meter.create_gauge(names.SESSION_ACTIVE, "{session}", "Sessions by phase")
        self._call = seconds(names.CALL_DURATION, "One attempt at a worker's operation")
        self._served = seconds(names.SERVED_DURATION, "One call, in the worker")
        self._compensations = meter.create_counter(names.COMPENSATIONS, "{call}", "Compensations that succeeded")
        self._flush = seconds(names.FLUSH_DURATION, "One group commit of the log")
        self._bursts = meter.create_histogram(
            names.FLUSH_BURSTS,
            "{burst}",
            "Bursts that shared a commit",
            explicit_bucket_boundaries_advisory=_BURSTS,
        )
        self._inbox = meter.create_gauge(names.INBOX_DEPTH, "{message}", "Messages that wait for a session")
        self._refused = meter.create_counter(names.REFUSED, "{message}", "Messages that were not believed")
        self._parked = meter.create_gauge(names.PARKED, "{session}", "Sessions that wait for an operator")
        self._damaged = meter.create_gauge(names.DAMAGED, "{session}", "Sessions that the log refuses")
        self._waiting = meter.create_gauge(names.CALLS_WAITING, "{call}", "Calls that wait for a place under a limit")
        self._failing = meter.create_gauge(names.TASKS_FAILING, "{task}", "Background tasks that do not go well now")
        self._failures = meter.create_counter(names.TASK_FAILURES, "{failure}", "Failures of background tasks")
        self._missed = meter.create_counter(names.WAKEUPS_MISSED, "{wakeup}", "Wake-ups that did not come")
        refused = names.CONNECTIONS_REFUSED
        self._unopened = meter.create_counter(refused, "{connection}", "Connections that Postgres refused: too many")

    def session_ended(self, choreography: str, outcome: str, seconds: float) -> None:
        if self.on:
            about = {names.CHOREOGRAPHY: choreography, names.OUTCOME: outcome}
            self._session.record(max(0.0, seconds), about)
            self._outcomes.add(1, about)

    def sessions(self, phase: str, count: int) -> None:
        if self.on:
            self._active.set(count, {names.PHASE: phase})

    def called(self, method: str, seconds: float, error: str = "") -> None:
        if self.on:
            self._call.record(max(0.0, seconds), _about_call(method, error))

    def served(self, method: str, seconds: float, error: str = "") -> None:
        if self.on:
            self._served.record(max(0.0, seconds), _about_call(method, error))

    def compensated(self, method: str) -> None:
        if self.on:
            self._compensations.add(1, {names.RPC_METHOD: method})

    def flushed(self, seconds: float, bursts: int) -> None:
        if self.on:
            self._flush.record(max(0.0, seconds))
            self._bursts.record(bursts)

    def inbox(self, depth: int) -> None:
        if self.on:
            self._inbox.set(depth)

    def refused(self, speaker: str, kind: str) -> None:
        if self.on:
            self._refused.add(1, {names.SPEAKER: speaker, names.MESSAGE_KIND: kind})

    def parked(self, count: int) -> None:
        if self.on:
            self._parked.set(count)

    def damaged(self, count: int) -> None:
        if self.on:
            self._damaged.set(count)

    def calls_waiting(self, method: str, count: int) -> None:
        if self.on:
            self._waiting.set(count, {names.RPC_METHOD: method})

    def tasks_failing(self, count: int) -> None:
        if self.on:
            self._failing.set(count)

    def task_failed(self, task: str) -> None:
        if self.on:
            self._failures.add(1, {names.TASK: task})

    def connection_refused(self) -> None:
        if self.on:
            self._unopened.add(1)

    def wakeups_missed(self, kind: str, count: int) -> None:
        if self.on:
            self._missed.add(count, {names.WAKEUP_KIND: kind})


def _about_call(method: str, error: str) -> dict[str, str]:
    about = {names.RPC_SYSTEM: "jsonrpc", names.RPC_METHOD: method}
    if error:
        about[names.ERROR_TYPE] = error
    return about
