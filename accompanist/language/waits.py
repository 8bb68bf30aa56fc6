"""What a role waits for beside messages and workers: time, a fact told from outside, or the first of the two.

    role.sleep(seconds)                                 operation role.sleep
    role.event("approved", Approval)                    operation role.event.approved
    role.timeout(role.event("approved", Approval), s)   operation role.timeout.approved

The names are the operations of the calls that they are projected to. An event's name is part of its operation, so that
what a role can be told, and of what type, is known without running anything. The race of a timeout is attempted by
nature: lost against time it is declined, with the reason `timeout`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from accompanist import limits

SLEEP = "role.sleep"
TIMED_OUT = "timeout"
_EVENT, _TIMEOUT = "role.event.", "role.timeout."
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


def event(name: str) -> str:
    """The operation that waits for an event."""
    return f"{_EVENT}{name}"


def timeout(name: str) -> str:
    """The operation that waits for an event, and not for ever."""
    return f"{_TIMEOUT}{name}"


def is_wait(operation: str) -> bool:
    """Whether an operation is asked of nobody, but waited for."""
    return operation == SLEEP or event_in(operation) is not None


def is_timed(operation: str) -> bool:
    """Whether a wait has a timer."""
    return operation == SLEEP or operation.startswith(_TIMEOUT)


def event_in(operation: str) -> str | None:
    """The event that an operation waits for, if it waits for one."""
    for prefix in (_EVENT, _TIMEOUT):
        if operation.startswith(prefix):
            return operation.removeprefix(prefix)
    return None


def events_in(operation_types: Mapping[str, tuple[Any, Any]]) -> list[tuple[str, Any]]:
    """The events that a role waits for, with the types of their values; `operation_types` as a RoleProgram has them."""
    found = [(event_in(name), returns) for name, (_, returns) in operation_types.items()]
    return [(name, returns) for name, returns in found if name is not None]


def in_words(operation: str) -> str:
    """What is waited for, for people and for those who search."""
    name = event_in(operation)
    if name is None:
        return "timer"
    return f"event {name}" if operation.startswith(_EVENT) else f"timer or event {name}"


def may_be_called(name: object) -> bool:
    """Whether this can be an event's name."""
    return isinstance(name, str) and len(name) <= limits.name_chars_max and _NAME.fullmatch(name) is not None
