"""The generated parts of `docs/worker-contract.md`: one call as bytes, `_meta`, headers, errors, the fence, the cases.

The bytes come from the code that writes them, the fence's functions from `fence.sql`, the cases from the files that the
suite runs. Only what no code says is written here.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from itertools import groupby
from pathlib import Path
from uuid import UUID

import msgspec

from accompanist.rpc import envelope, framing, http_client, meta
from accompanist.rpc.meta import Meta
from accompanist.worker.conformance import cases

ROOT = Path(__file__).parents[2]
FENCE = ROOT / "accompanist" / "worker" / "fence.sql"
WIDTH = 118

EXAMPLE = Meta(
    session=UUID("6f1c2b1e-0d0a-4b5e-9a58-3f6f0a6f2c11"),
    role="payment",
    site="7",
    attempt=2,
    traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
)
ARGUMENTS = b'{"amount_cents":4999}'
REPLY = b'{"number":"P1"}'

META: Mapping[str, str] = {
    "session": "the session; with `role`, `site` and `key` it is the call's key",
    "role": "the role that is played, by its name in the choreography",
    "site": "the place in the program; a compensation has the site of what it undoes",
    "key": "`forward` for a transaction, `compensate` for a compensation",
    "attempt": "which attempt this is; never part of the key",
    "retriable": "the operation may not decline: one that does so records nothing",
    "timeout_ms": "how long the caller waits for this attempt",
    "deadline": "of the session, in seconds since 1970; a worker does nothing about it",
    "volatile": "the session is volatile, and this process of the worker knows its calls (`accompanist.describe`)",
    "traceparent": "W3C trace context",
    "tracestate": "W3C trace context",
    "baggage": "W3C baggage",
}

ERRORS: Mapping[int, tuple[str, str]] = {
    envelope.DECLINED: (
        "declined, for good",
        "the worker's decision; recorded; the saga is undone unless `attempt` takes it",
    ),
    envelope.RETRY_LATER: ("retry later", "nothing is decided; asks again. `busy`: costs no attempt"),
    envelope.CLOSED: ("the session is closed here", "the worker's decision; this attempt did nothing"),
    envelope.REUSED: ("key used with other arguments", "the worker's decision; a divergence, parks"),
    envelope.GONE: ("not known any more", "of a volatile session: it is lost; else a fault, asks again"),
    envelope.PARSE_ERROR: ("not JSON", "a fault; asks again"),
    envelope.INVALID_REQUEST: ("no request", "a fault; the call was refused as it is"),
    envelope.METHOD_NOT_FOUND: ("no such method", "of a reserved method: the worker has no fence; else a fault"),
    envelope.INVALID_PARAMS: ("wrong parameters", "a fault; the call was refused as it is"),
    envelope.INTERNAL_ERROR: ("something failed", "a fault; asks again"),
}

FUNCTIONS: Mapping[str, str] = {
    "fence_enter": "Begins a call, in the transaction that will do it. Answers `run`, or what was decided before.",
    "fence_leave": "Records the reply, in the same transaction, behind the operation's own statements.",
    "fence_refuse": "Records a refusal, or answers what was recorded first. It enters by itself.",
    "fence_close": "Shuts the door of (session, role) and answers a page of what was executed behind it.",
    "fence_forget": "Removes all rows of sessions that are over everywhere; answers how many.",
}

_FUNCTION = re.compile(r"^CREATE OR REPLACE FUNCTION (\w+)\((.*?)\)(?: RETURNS (\w+))?\s+LANGUAGE", re.M | re.DOTALL)


def parts() -> dict[str, str]:
    return {
        "worker-stream": _stream(),
        "worker-http": _http(),
        "worker-meta": _meta(),
        "worker-errors": _errors(),
        "worker-fence-use": _fence_use(),
        "worker-fence-functions": _fence_functions(),
        "worker-cases": _cases(),
    }


def _request() -> bytes:
    return envelope.write_request(12, "charge", ARGUMENTS, meta.write(EXAMPLE))


def _stream() -> str:
    asked, answered = framing.frame(_request()), framing.frame(envelope.write_result(12, REPLY))
    return "\n".join([_block(asked), "", "The answer, under the same id:", "", _block(answered)])


def _http() -> str:
    headers = http_client.headers_of(meta.write(EXAMPLE))
    lines = ["POST / HTTP/1.1", "Content-Type: application/json"]
    return _block("\n".join([*lines, *(f"{name}: {value}" for name, value in headers.items()), "", "{...}"]).encode())


def _meta() -> str:
    fields = {one.encode_name: one for one in msgspec.structs.fields(Meta)}
    if missing := fields.keys() ^ META.keys():
        raise KeyError(f"_meta has other members than are described: {sorted(missing)}")
    rows = [f"| `{name}` | {META[name]} | {_default(one)} |" for name, one in fields.items()]
    return "\n".join(["| member | what it says | when it is left out |", "| --- | --- | --- |", *rows])


def _default(one: msgspec.structs.FieldInfo) -> str:
    return "not said" if one.default is None else f"`{str(one.default).lower()}`"


def _errors() -> str:
    codes = {value for name, value in vars(envelope).items() if name.isupper() and isinstance(value, int)}
    if missing := codes - ERRORS.keys() - {envelope.FAILED}:
        raise KeyError(f"no words for the errors {sorted(missing)}")
    rows = [f"| {code} | {means} | {taken} |" for code, (means, taken) in ERRORS.items()]
    return "\n".join(["| code | what the worker says | what the sidecar takes it for |", "| --- | --- | --- |", *rows])


def _fence_use() -> str:
    """The indented lines of the head of `fence.sql`."""
    head = FENCE.read_text().partition("\nCREATE")[0]
    told = [line.removeprefix("--") for line in head.splitlines()]
    first = next(n for n, line in enumerate(told) if "BEGIN ISOLATION" in line)
    last = next(n for n, line in enumerate(told) if "declined, or what was recorded first" in line)
    return _block(textwrap.dedent("\n".join(_spoken(told[first : last + 1]))).encode(), "sql")


def _spoken(lines: list[str]) -> list[str]:
    """Prose between the statements as comments, so that it is told apart from them."""
    return [line if not line.strip() or line.startswith("     ") else f"     -- {line.strip()}" for line in lines]


def _fence_functions() -> str:
    found = {name: (taken, answers) for name, taken, answers in _FUNCTION.findall(FENCE.read_text())}
    lines = []
    for name, does in FUNCTIONS.items():
        taken, answers = found[name]
        inputs = [one for one in re.split(r",\s*", " ".join(taken.split())) if not one.startswith("OUT ")]
        outputs = [one.removeprefix("OUT ") for one in re.split(r",\s*", " ".join(taken.split())) if "OUT " in one]
        told = ", ".join(one.removeprefix("p_") for one in inputs)
        lines.append(_item(f"`{name}({told})`, answers `{', '.join(outputs) or answers}`. {does}"))
    return "\n".join(lines)


def _cases() -> str:
    read = cases.read_all(ROOT / "tests" / "conformance" / "cases")
    sections = []
    for file, group in groupby(read, key=lambda case: case.file):
        items = [_item(f"`{case.name}` ({', '.join([case.level, *_only(case)])}): {case.about}") for case in group]
        sections.append("\n".join([f"`tests/conformance/cases/{file}`:", "", *items]))
    return "\n\n".join(sections)


def _only(case: cases.ConformanceCase) -> list[str]:
    return [] if case.transports == cases.TRANSPORTS else [f"{one} only" for one in case.transports]


def _block(text: bytes, language: str = "") -> str:
    """Without carriage returns, and with long lines broken behind a comma: a page is read by people."""
    lines = [piece for line in text.decode().replace("\r", "").split("\n") for piece in _broken(line)]
    return "\n".join([f"```{language}", *lines, "```"])


def _broken(line: str) -> list[str]:
    pieces = [""]
    for part in re.findall(r"[^,]*,|[^,]+$", line):
        if len(pieces[-1]) + len(part) > WIDTH:
            pieces.append("")
        pieces[-1] += part
    return pieces


def _item(text: str) -> str:
    return textwrap.fill(f"- {text}", WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
