"""Asks the services of the configuration, and finds the session that a command line means.

A session is meant by its id, by an attribute, `order=17`, or by the key of its start, `key:order-17`. Each service
knows its own sessions and keys only, so all with an API are asked which one fits. They have to agree.

Not promised: that it is known that no other session fits, while a service does not answer. A command that changes a
session asks for its id then.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from accompanist.cli.api import ask
from accompanist.client.answers import Refused
from accompanist.errors import AccompanistError, AuthorError, OperatorError, PeerError, catalogue
from accompanist.sidecar.config import Config, Service

NO_ID = catalogue(
    "ACC807",
    "not a session's id",
    "A session is named by its id, which is a UUID, by an attribute or by the key of its start.",
    "Take the id from `accompanist start` or `accompanist sessions list`, or write NAME=TEXT or key:KEY.",
)
NOWHERE = catalogue(
    "ACC808",
    "no service knows the session",
    "The session was collected, or never existed, or its service is not in this configuration or does not answer.",
    "Check the id, and the services that did not answer.",
)
DIFFERENT = catalogue(
    "ACC815",
    "unclear which session is meant",
    "The services of the configuration know different sessions that fit, or one of them did not answer and may know "
    "another one. Nothing was done to any session.",
    "Give the session's id: `accompanist sessions list --attribute NAME=TEXT` lists those that fit.",
)
unknown_session = "ACC710"
_KEY = "key:"


def ask_all(services: Iterable[Service], method: str, params: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Call a method of all services. Returns the answers by service, and the services that gave none. Raises the last
    error if all failed."""
    answers: dict[str, Any] = {}
    silent: list[str] = []
    failure: AccompanistError | None = None
    for service in services:
        try:
            answers[service.name] = ask(service, method, params)
        except Refused as refused:
            if refused.code != unknown_session:
                raise
            answers[service.name] = {}
        except AccompanistError as problem:
            silent.append(service.name)
            failure = problem
    if failure is not None and not answers:
        raise failure
    return answers, silent


def knowing(deployment: Config) -> list[Service]:
    """The services with an API."""
    return [service for service in deployment.services.values() if service.api]


def session_id(text: str) -> str:
    """Raises AuthorError."""
    try:
        return str(UUID(text))
    except ValueError:
        raise AuthorError(NO_ID, f"{text!r} is not a UUID") from None


def meant(deployment: Config, text: str, *, changes: bool = True) -> str:
    """The id of the session that is meant. `changes`: the command changes it. Raises AccompanistError."""
    name, equals, value = text.partition("=")
    if text.startswith(_KEY):
        asked: dict[str, Any] = {"key": text.removeprefix(_KEY)}
    elif equals:
        asked = {"attributes": {name: value}}
    else:
        return session_id(text)
    answers, silent = ask_all(knowing(deployment), "session.get", asked)
    found = sorted({str(answer["session"]) for answer in answers.values() if answer})
    if not found:
        missing = f"; no answer from: {', '.join(silent)}" if silent else ""
        raise PeerError(NOWHERE, f"none of {', '.join(answers)} knows {text}{missing}")
    if len(found) > 1:
        raise AuthorError(DIFFERENT, f"{text} is {' and '.join(found)}", "give the id of one")
    if silent and changes:
        who = ", ".join(silent)
        raise OperatorError(DIFFERENT, f"{who} did not answer, and may know another {text}", f"give the id: {found[0]}")
    return found[0]


def silence(silent: list[str]) -> str:
    """A note that names the services that did not answer."""
    return f"\n\nno answer from: {', '.join(silent)}" if silent else ""
