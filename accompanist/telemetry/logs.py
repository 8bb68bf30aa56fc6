"""Structured log lines: one per fact, with ids but never payloads.

`set_up` is called once, by the process that owns the log (a sidecar, a worker, a command). Lines go to
standard error, as JSON, or in columns where that is a terminal. An event is a dotted name from
`telemetry.events`, its facts are key-value pairs. A key that is not in `KEYS` is dropped and named under
`dropped`, so that a payload is not logged by accident. Of an exception, class and places are logged, but not
the message, which may quote a value; an AccompanistError also keeps its code and text. The same holds for an
exception that ends the process.
Passwords in addresses are redacted.

The standard library's loggers (asyncio, aiohttp, alembic) come out in the same form from level WARNING.

    ACCOMPANIST_LOG=debug|info|warning|error   the level; info if unset
    ACCOMPANIST_LOG_FORMAT=json|console        instead of asking the terminal
"""

from __future__ import annotations

import logging
import re
import sys
import traceback
from collections.abc import Mapping, MutableMapping
from types import TracebackType
from typing import Any, Final, TextIO

import orjson
import structlog

from accompanist import limits, terminal
from accompanist.errors import AccompanistError

EventDict = MutableMapping[str, Any]

_OF_A_LINE: Final = "event level timestamp service pid dropped error_type where code text hint"
_OF_A_SAGA: Final = (
    "session role choreography fingerprint site sender receiver speaker untold operation kind attempt phase outcome "
    "vote waiting"
)
_OF_A_PROCESS: Final = (
    "collected forgotten "
    "shard shards epoch owner state signal exit_code address url path schema name database peer problem sessions "
    "count limit bound bytes rows bursts depth duration_s backoff_s after_s line task version"
)
KEYS: Final = frozenset(f"{_OF_A_LINE} {_OF_A_SAGA} {_OF_A_PROCESS}".split())
_DSN_PASSWORD: Final = re.compile(r"(\w+://[^:/@\s]*):\S*@")  # up to the last @: an unquoted password has any sign
_DSN_PARAMETER: Final = re.compile(r"\b(password|passwd|token|secret)=[^\s&]+", re.IGNORECASE)


def redact(text: str) -> str:
    """`text` without the passwords of addresses in it."""
    return _DSN_PARAMETER.sub(r"\1=***", _DSN_PASSWORD.sub(r"\1:***@", text))


def set_up(service: str, environ: Mapping[str, str], stream: TextIO | None = None) -> None:
    """Configure structlog and the root logger of this process."""
    stream = stream or sys.stderr
    level = logging.getLevelNamesMapping().get(environ.get("ACCOMPANIST_LOG", "info").upper(), logging.INFO)
    shape = environ.get("ACCOMPANIST_LOG_FORMAT", "console" if stream.isatty() else "json")
    renderers: list[Any] = [_seen, structlog.dev.ConsoleRenderer()] if shape == "console" else [_json]

    def of_service(_: Any, __: str, line: EventDict) -> EventDict:
        line["service"] = service
        return line

    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        of_service,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        without_exception_text,
        only_known_keys,
    ]
    structlog.configure(
        processors=[*shared, *renderers],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(stream),
        cache_logger_on_first_use=True,
    )
    bridge = logging.StreamHandler(stream)
    bridge.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[_foreign, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderers],
        )
    )
    logging.basicConfig(handlers=[bridge], level=max(level, logging.WARNING), force=True)
    sys.excepthook = _crashed


def _crashed(kind: type[BaseException], problem: BaseException, places: TracebackType | None) -> None:
    """Log the exception that ends the process. Python's own traceback would print the exception's message."""
    structlog.get_logger("accompanist").error("process.crashed", exc_info=problem)


def only_known_keys(_: Any, __: str, line: EventDict) -> EventDict:
    """Drop keys that are not in `KEYS`, list them under `dropped`, and redact passwords in texts."""
    kept: EventDict = {}
    dropped: list[str] = []
    for key, value in line.items():
        if key in KEYS or key.startswith("_"):  # structlog's own marks begin with an underscore
            kept[key] = redact(value) if isinstance(value, str) else value
        else:
            dropped.append(key)
    if dropped:
        kept["dropped"] = sorted(dropped)
    return kept


def without_exception_text(_: Any, __: str, line: EventDict) -> EventDict:
    """Replace an exception by its class and the places it went through."""
    held = line.pop("exc_info", None)
    problem = sys.exc_info()[1] if held is True else held[1] if isinstance(held, tuple) else held
    if not isinstance(problem, BaseException):
        return line
    line["error_type"] = type(problem).__name__
    if isinstance(problem, AccompanistError):
        line["code"], line["text"] = problem.code, problem.text
    frames = traceback.extract_tb(problem.__traceback__)[-limits.frames_logged_max :]
    line["where"] = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
    return line


def _foreign(logger: Any, _: str, line: EventDict) -> EventDict:
    """Convert a library's line: its logger's name is the event, its message the text."""
    record = line.get("_record")
    line["text"], line["event"] = str(line.get("event", "")), record.name if record else "library"
    if record is not None and record.exc_info:
        line["exc_info"] = record.exc_info
        line["_record"].exc_info = None
        line["text"] = ""  # a library may have put the exception's message there
    return line


def _seen(_: Any, __: str, line: EventDict) -> EventDict:
    """Escape values for a terminal."""
    return {key: terminal.told(value) for key, value in line.items()}


def _json(_: Any, __: str, line: EventDict) -> str:
    return terminal.json(orjson.dumps(line, default=str, option=orjson.OPT_NON_STR_KEYS).decode())
