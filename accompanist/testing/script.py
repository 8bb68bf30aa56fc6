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
"""The moments at which a role can be made to crash: before the commit of what it decided; after the commit, before any
call to its worker leaves; after its worker has executed a call, before the answer is heard."""


@dataclass(slots=True)
class CallFault:
    """A fault of the `at`-th call of an operation, or of each (None). With a `reason` the call is declined. Else it
    gets no answer; `done`: the worker has executed it."""

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
    """A crash of a sidecar, at the `at`-th such moment."""

    role: str
    when: str
    at: int = 1
    came: bool = False

    def __str__(self) -> str:
        return f"the crash of {self.role} {self.when}"


class Script:
    """The faults of one saga, in the order in which they were requested."""

    def __init__(self) -> None:
        self.faults: list[CallFault] = []
        self.crashes_due: list[Crash] = []
        self._calls: Counter[str] = Counter()
        self._again: set[tuple[str, str]] = set()

    def fault(self, role: str, call: CallWorker) -> CallFault | None:
        """The fault of a call that is made now, if any. Counts the call as one more of its operation."""
        name = f"{role}.{call.operation}"
        self._calls[name] += 1
        for fault in self.faults:
            if fault.call != name or fault.at not in (None, self._calls[name]):
                continue
            if fault.reason is None and self._asked_again(name, call):
                continue  # a call without a retry budget is answered on its second attempt
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
        """Whether a role crashes at this moment."""
        for crash in self.crashes_due:
            if (crash.role, crash.when, crash.came) != (role, when, False):
                continue
            crash.at -= 1
            crash.came = crash.at == 0
            return crash.came
        return False

    def missing(self) -> list[str]:
        """The requested faults that never happened, in words."""
        crashes = [str(crash) for crash in self.crashes_due if not crash.came]
        return [*crashes, *(str(fault) for fault in self.faults if not fault.came)]
