"""The templates in cases: names, large values, and patterns for answers.

    "$session"                   a session of the case's own; "$other" is another one
    "$drawer"                    a drawer of the case's own, also within a text: "broken-$drawer"; "$second" is another
    {"$repeat": ["x", 70000]}    a text of 70,000 times x
    {"$nest": 100}               100 lists in one another
    "$any" "$text" "$integer"    in what is expected: anything, a text that is not empty, an integer

Values are compared as JSON values, numbers exactly: 2 and 2.0 are different, as they are to a digest.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

_NAME = re.compile(r"\$(session|other|drawer|second)\b")


def fresh_names() -> dict[str, str]:
    """Unique names for one run of a case, so that earlier runs cannot interfere."""
    return {
        "session": str(uuid4()),
        "other": str(uuid4()),
        "drawer": f"drawer-{uuid4().hex[:16]}",
        "second": f"drawer-{uuid4().hex[:16]}",
    }


def fill(template: Any, names: Mapping[str, str]) -> Any:
    """Fill in the names and large values of a template."""
    if isinstance(template, str):
        return _NAME.sub(lambda found: names[found[1]], template)
    if isinstance(template, list):
        return [fill(item, names) for item in template]
    if isinstance(template, dict):
        if "$repeat" in template:
            text, times = template["$repeat"]
            return text * times
        if "$nest" in template:
            nested: list[Any] = []
            for _ in range(template["$nest"] - 1):
                nested = [nested]
            return nested
        return {name: fill(value, names) for name, value in template.items()}
    return template


def fits(pattern: Any, value: Any) -> bool:
    """Whether a value matches a filled-in pattern."""
    if pattern == "$any":
        return True
    if pattern == "$text":
        return isinstance(value, str) and value != ""
    if pattern == "$integer":
        return isinstance(value, int) and not isinstance(value, bool)
    if isinstance(pattern, dict):
        return (
            isinstance(value, dict)
            and pattern.keys() == value.keys()
            and all(fits(wanted, value[name]) for name, wanted in pattern.items())
        )
    if isinstance(pattern, list):
        return isinstance(value, list) and len(pattern) == len(value) and all(map(fits, pattern, value))
    return type(pattern) is type(value) and bool(pattern == value)


def shown(value: Any, chars_max: int = 120) -> str:
    """A value in one line of bounded length."""
    text = repr(value)
    return text if len(text) <= chars_max else f"{text[:chars_max]}… ({len(text)} characters)"
