"""The faults that a test has asked for, and when each is injected."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from accompanist.runtime.burst import CallWorker
from accompanist.runtime.ports import ResultKind

CRASHED_BEFORE_COMMIT, CRASHED_AFTER_COMMIT, CRASHED_AFTER_CALL = MOMENTS = (
    "before commit",
    "after commit",
    "after call",
)
"""When a role can be made to crash: before what it decided is in its log; after that, with nothing of it sent to its
worker; after its worker did a call, with the answer not heard."""


@dataclass(slots=True)
class CallFault:
    """A call that goes wrong: the `at`-th of its operation, or each. With a `reason` it is declined; else it gets no
    answer, and the worker has `done` it or never heard of it."""

    call: str
    at: int | None
    reason: str | None = None
    done: bool = False
    came: bool = False

    def __str__(self) -> str:
        what = "answer" if self.reason is None else "decline"
        return f"the {what} of {self.call} that goes wrong" if self.at is None else f"call {self.at} of {self.call}"


@dataclass(slots=True)
class Crash:
    """A sidecar that dies, at the `at`-th such moment."""

    role: str
    when: str
    at: int = 1
    came: bool = False

    def __str__(self) -> str:
        return f"the crash of {self.role} {self.when}"


class Script:
    """The faults of one saga, in the order in which they were asked for."""

    def __init__(self) -> None:
        self.faults: list[CallFault] = []
        self.crashes_due: list[Crash] = []
        self._calls: Counter[str] = Counter()
        self._again: set[tuple[str, str]] = set()

    def fault(self, role: str, call: CallWorker) -> CallFault | None:
        """What goes wrong with a call that is asked now. It counts as one more call of its operation."""
        name = f"{role}.{call.operation}"
        self._calls[name] += 1
        for fault in self.faults:
            if fault.call != name or fault.at not in (None, self._calls[name]):
                continue
            if fault.reason is None and self._asked_again(name, call):
                continue  # what is asked until it is answered is answered the second time
            fault.came = True
            return fault
        return None

    def _asked_again(self, name: str, call: CallWorker) -> bool:
        if not call.endless and call.kind is ResultKind.FORWARD:
            return False
        known = (name, call.site) in self._again
        self._again.add((name, call.site))
        return known

    def crashes(self, role: str, when: str) -> bool:
        """Whether a role dies at this moment."""
        for crash in self.crashes_due:
            if (crash.role, crash.when, crash.came) != (role, when, False):
                continue
            crash.at -= 1
            crash.came = crash.at == 0
            return crash.came
        return False

    def missing(self) -> list[str]:
        """What was asked for and never came."""
        crashes = [str(crash) for crash in self.crashes_due if not crash.came]
        return [*crashes, *(str(fault) for fault in self.faults if not fault.came)]
