"""A client of the sidecar's JSON-RPC API over HTTP, with the standard library only.

One request, one answer, one connection. An error object with an Accompanist code is raised as that error, with the
sidecar's code, text and hint.

The token comes from --token-file, else from ACCOMPANIST_TOKEN, else from the service's own file (`token_file`, or the
one that its sidecar created), if that has a single token and may be read. It is sent in a header, never in an address
or on a command line, where others could see it.
"""

from __future__ import annotations

import http.client
import json
import os
from collections.abc import Mapping
from contextvars import ContextVar
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from accompanist import limits, terminal
from accompanist.client.answers import NONSENSE, UNREACHABLE, Refused
from accompanist.client.synchronous import UnixConnection
from accompanist.errors import OperatorError, PeerError, catalogue
from accompanist.rpc import tokens
from accompanist.sidecar.config import Service

NO_API = catalogue(
    "ACC803",
    "service without an API",
    "The service has no `api` in the configuration, so its sidecar accepts no clients.",
    'Give it one in accompanist.toml, e.g. api = "http://127.0.0.1:7101", and restart its sidecar.',
)


_token_file: ContextVar[Path | None] = ContextVar("accompanist_token_file", default=None)


def bear(file: Path | None) -> None:
    """Use the token in this file from now on."""
    _token_file.set(file)


def ask(service: Service, method: str, params: Mapping[str, Any], wait_s: float = 0.0) -> Any:
    """Call a method, and return its result. Raises Refused, OperatorError, PeerError."""
    if not service.api:
        raise OperatorError(NO_API, f"service {service.name} has no api")
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
    headers = {"Content-Type": "application/json"}
    if token := _token(service):
        headers["Authorization"] = f"Bearer {token}"
    connection, target = _connection(service.api, wait_s + limits.client_answer_s)
    try:
        connection.request("POST", target, body, headers)
        answer = connection.getresponse()
        said = answer.read(limits.message_bytes_max * 8)
    except (OSError, http.client.HTTPException) as problem:
        why = getattr(problem, "strerror", None) or type(problem).__name__
        raise OperatorError(UNREACHABLE, f"{service.name} at {service.api}: {why}") from None
    finally:
        connection.close()
    return _result(said, answer.status, service)


def health(service: Service) -> dict[str, Any]:
    """The sidecar's /health page; empty if it does not answer."""
    if not service.api:
        return {}
    connection, _ = _connection(service.api, limits.health_answer_s)
    try:
        connection.request("GET", "/health")
        said = json.loads(connection.getresponse().read(limits.message_bytes_max))
    except (OSError, http.client.HTTPException, ValueError, RecursionError):
        return {}
    finally:
        connection.close()
    return said if isinstance(said, dict) else {}


def _token(service: Service) -> str:
    if (file := _token_file.get()) is not None:
        return tokens.bearer(file)
    if given := os.environ.get("ACCOMPANIST_TOKEN", "").strip():
        return given
    if (file := service.api_token_file) is None:
        return ""
    try:
        return tokens.bearer(file)
    except OperatorError:
        return ""  # the sidecar's file is unreadable or has several tokens: the server will say that a token is needed


def _result(said: bytes, status: int, service: Service) -> Any:
    try:
        envelope = json.loads(said)
    except (ValueError, RecursionError):
        envelope = None
    if not isinstance(envelope, dict) or not envelope.keys() & {"result", "error"}:
        raise PeerError(NONSENSE, f"{service.name} at {service.api} answered with HTTP status {status}")
    if "error" not in envelope:
        return envelope["result"]
    error = envelope["error"]
    data = error.get("data") if isinstance(error, dict) else None
    if isinstance(data, dict) and "code" in data:
        raise Refused(data)
    message = error.get("message", "") if isinstance(error, dict) else ""
    raise PeerError(NONSENSE, f"{service.name} refused: {terminal.line(str(message))}")


def _connection(url: str, timeout: float) -> tuple[http.client.HTTPConnection, str]:
    if url.startswith("http+unix:"):
        return UnixConnection(url.removeprefix("http+unix:"), timeout), "/"
    parts = urlsplit(url)
    return http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=timeout), parts.path or "/"
