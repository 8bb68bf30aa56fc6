"""`accompanist start`: starts a saga at the initiator's sidecar, and optionally waits for its outcome.

With --wait, the exit code is the saga's outcome: 0 it settled, 1 it was undone, 5 it was still open when the time was
over (it goes on all the same).
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from accompanist import terminal
from accompanist.cli.api import ask
from accompanist.cli.output import show
from accompanist.errors import AccompanistError, AuthorError, OperatorError, catalogue
from accompanist.sidecar import config as configuration
from accompanist.sidecar.config import Config, Service

BAD_ARGUMENTS = catalogue(
    "ACC805",
    "arguments are not a JSON object",
    "A choreography's parameters are given by name, so --args is one JSON object.",
    'Quote it for the shell: --args \'{"order": {"customer": "customer-gold", "lines": []}}\'.',
)
WHICH_SERVICE = catalogue(
    "ACC806",
    "unclear which service plays the role",
    "A saga is started at the service that plays its initiator. Neither the role's name nor a binding says which "
    "service that is.",
    "Name the service with --service, or under [bindings.CHOREOGRAPHY] in accompanist.toml.",
)
NO_ATTRIBUTE = catalogue(
    "ACC811",
    "not an attribute",
    "An attribute is NAME=TEXT, to find a session by.",
    "Write --attribute customer=gold, once for each attribute; a name has letters, digits, dots, dashes and "
    "underscores.",
)
UNHEARD = catalogue(
    "ACC812",
    "the saga has begun, and its end was not heard",
    "The start was accepted and is on disk, but the sidecar then stopped or gave no answer in time.",
    "`accompanist sessions show ID` shows the session. A start that is repeated under its key returns the same "
    "session.",
)
STILL_OPEN = 5


class StartRequest(NamedTuple):
    choreography: str
    role: str
    arguments: str
    key: str | None
    service: str
    wait_s: float
    deadline_s: float
    attributes: Mapping[str, str] = {}
    volatile: bool = False


def start(config: Path | None, wanted: StartRequest, as_json: bool) -> int:
    """Start a saga, and return the exit code. Raises AccompanistError."""
    deployment = configuration.load(config, os.environ)
    arguments = _arguments(wanted.arguments)
    service = deployment.service(wanted.service) if wanted.service else _service_of(deployment, wanted)
    params: dict[str, Any] = {"choreography": wanted.choreography, "role": wanted.role, "arguments": arguments}
    if wanted.key is not None:
        params["key"] = wanted.key
    if wanted.deadline_s:
        params["deadline_ms"] = int(wanted.deadline_s * 1000)
    if wanted.attributes:
        params["attributes"] = dict(wanted.attributes)
    if wanted.volatile:
        params |= {"volatile": True, "wait_ms": int(wanted.wait_s * 1000)}
    answer = ask(service, "session.start", params, wanted.wait_s if wanted.volatile else 0.0)
    if wanted.wait_s and not wanted.volatile:
        if not as_json:
            begun = terminal.line(f"session   {answer['session']}")
            print(begun, file=sys.stderr, flush=True)  # at once, since the saga has begun, even if waiting fails
        answer = _wait(service, answer, wanted.wait_s)
    show(answer, as_json, _told(terminal.told(answer)))
    if not wanted.wait_s or answer.get("outcome") == "settled":
        return 0
    return 1 if answer.get("outcome") else STILL_OPEN


def _wait(service: Service, begun: dict[str, Any], wait_s: float) -> dict[str, Any]:
    """Wait until the saga is over, or for `wait_s`, and return its state. An error names the session."""
    session = begun["session"]
    try:
        answer = ask(service, "session.result", {"session": session, "wait_ms": int(wait_s * 1000)}, wait_s)
    except AccompanistError as problem:
        again = f"it goes on regardless: `accompanist sessions show {session}`"
        raise OperatorError(
            UNHEARD, f"session {session} has begun; how it ends was not heard: {problem.text}", again
        ) from None
    return dict(begun) | dict(answer)


def attributes(given: Iterable[str]) -> dict[str, str]:
    """Parse the attributes of the options. Raises AuthorError."""
    found = {}
    for one in given:
        name, equals, text = one.partition("=")
        if not (name and equals and text):
            raise AuthorError(NO_ATTRIBUTE, f"--attribute {one!r} is not NAME=TEXT")
        found[name] = text
    return found


def _arguments(text: str) -> dict[str, Any]:
    try:
        given = json.loads(sys.stdin.read() if text == "-" else text)
    except ValueError as problem:
        raise AuthorError(BAD_ARGUMENTS, f"--args does not parse: {problem}") from None
    if not isinstance(given, dict):
        raise AuthorError(BAD_ARGUMENTS, f"--args is a JSON {type(given).__name__}")
    return given


def _service_of(deployment: Config, wanted: StartRequest) -> Service:
    """The service that plays the role: by binding, by name, or by its only worker, if that is unambiguous."""
    bound = deployment.bindings.get(wanted.choreography, {}).get(wanted.role)
    if name := bound or (wanted.role if wanted.role in deployment.services else ""):
        return deployment.service(name)
    plain = wanted.role.replace("_", "").lower()
    able = [one for one in deployment.services.values() if any(role.lower() == plain for role in one.workers)]
    if len(able) == 1:
        return able[0]
    there = ", ".join(sorted(deployment.services))
    raise OperatorError(WHICH_SERVICE, f"role {wanted.role!r} of {wanted.choreography}; there are {there}")


def _told(answer: dict[str, Any]) -> str:
    lines = [f"session   {answer['session']}" + ("" if answer.get("new", True) else "  (was there already)")]
    for name in ("state", "outcome", "reason", "waiting"):
        if answer.get(name):
            lines.append(f"{name:<9} {answer[name]}")
    if answer.get("parked"):
        lines.append(f"parked    {answer['parked']['code']}: {answer['parked']['text']}")
    if answer.get("result") is not None:
        lines.append(f"result    {json.dumps(answer['result'])}")
    return "\n".join(lines)
