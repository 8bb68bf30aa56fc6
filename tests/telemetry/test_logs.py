"""Log lines: one line a fact, known keys only, no payloads, no passwords."""

from __future__ import annotations

import ast
import io
import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

import accompanist
from accompanist.telemetry import events, logs

EVENT = re.compile(r"[a-z_]+(\.[a-z_]+)+")
LEVELS = {"debug", "info", "warning", "error", "critical", "exception"}


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    stream = io.StringIO()
    logs.set_up("warehouse", {"ACCOMPANIST_LOG_FORMAT": "json"}, stream)
    yield stream
    structlog.reset_defaults()
    root.handlers[:] = before
    root.setLevel(level)


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_json_with_its_service_and_its_session(stream: io.StringIO) -> None:
    structlog.get_logger().info("session.started", session="s1")
    (line,) = lines(stream)
    assert line.pop("timestamp").endswith("Z")
    assert line == {"event": "session.started", "session": "s1", "service": "warehouse", "level": "info"}


def test_a_key_nobody_allowed_is_dropped_and_named(stream: io.StringIO) -> None:
    structlog.get_logger().info("session.started", order={"customer": "alice"})
    assert "alice" not in stream.getvalue()
    assert lines(stream)[0]["dropped"] == ["order"]


def test_an_exceptions_words_are_not_logged_but_its_place_is(stream: io.StringIO) -> None:
    try:
        raise KeyError("alice")
    except KeyError:
        structlog.get_logger().exception("session.failed")
    (line,) = lines(stream)
    assert "alice" not in stream.getvalue()
    assert line["error_type"] == "KeyError" and "test_logs.py" in line["where"][0]


def test_passwords_in_addresses_are_struck_out(stream: io.StringIO) -> None:
    structlog.get_logger().info("log.connected", database="postgres://me:s3cret@127.0.0.1/x?password=other")
    assert "s3cret" not in stream.getvalue() and "other" not in stream.getvalue()
    assert "postgres://me:***@127.0.0.1/x?password=***" in stream.getvalue()


def test_libraries_come_out_in_the_same_form(stream: io.StringIO) -> None:
    logging.getLogger("asyncio").warning("slow callback %s", "x")
    logging.getLogger("asyncio").info("too fine")
    try:
        raise ValueError("alice")
    except ValueError:
        logging.getLogger("aiohttp.server").exception("Error handling request alice")
    slow, failed = lines(stream)
    assert (slow["event"], slow["text"], slow["level"]) == ("asyncio", "slow callback x", "warning")
    assert failed["error_type"] == "ValueError" and "alice" not in stream.getvalue()


@pytest.mark.slow
def test_every_log_line_of_the_code_is_in_the_table_with_its_keys() -> None:
    wrong = []
    seen = set()
    for where, event, keys in logged_in(Path(accompanist.__file__).parent):
        seen.add(event)
        if event not in events.LOG_LINES:
            wrong.append(f"{where}: {event} is not in telemetry/events.py")
        elif more := keys - events.LOG_LINES[event] - {"exc_info"}:
            wrong.append(f"{where}: {event} carries {sorted(more)}, which its row does not name")
    wrong += [f"telemetry/events.py: {event} is logged nowhere" for event in set(events.LOG_LINES) - seen]
    assert not wrong, "\n".join(wrong)
    assert all(keys <= logs.KEYS for keys in events.LOG_LINES.values())


def logged_in(package: Path) -> Iterator[tuple[str, str, set[str]]]:
    """Every call `log.<level>("event", key=...)`, whatever the logger hangs on, as long as its name ends in
    `log`."""
    for path in sorted(package.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in LEVELS):
                continue
            on = node.func.value
            on = on.func if isinstance(on, ast.Call) else on  # structlog.get_logger(...).warning(...)
            name = on.id if isinstance(on, ast.Name) else on.attr if isinstance(on, ast.Attribute) else ""
            event = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else ""
            if name.endswith(("log", "logger")) and EVENT.fullmatch(str(event)):
                keys = {keyword.arg for keyword in node.keywords if keyword.arg}
                yield f"{path.relative_to(package)}:{node.lineno}", str(event), keys
