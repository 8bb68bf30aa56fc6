"""`accompanist sessions VERB`: lists and shows sessions, and changes them by hand.

Each service only knows its own roles, so every service with an API is asked and the answers are combined. The output
names services that do not answer; it is an error only if none answers.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from accompanist import limits, terminal
from accompanist.cli.api import ask
from accompanist.cli.output import show, table
from accompanist.cli.services import NOWHERE, ask_all, knowing, meant, silence, unknown_session
from accompanist.client.answers import Refused
from accompanist.errors import AuthorError, PeerError, catalogue
from accompanist.runtime.operate import verb_at
from accompanist.sidecar import config as configuration
from accompanist.sidecar.config import Service

NOT_JSON = catalogue(
    "ACC810",
    "value is not JSON",
    "A value that replaces a worker's reply has to be JSON of the operation's return type.",
    'Quote it for the shell, e.g. --value \'{"number": "P1"}\'.',
)


class ListFilter(NamedTuple):
    outcome: str
    parked: bool
    limit: int
    service: str
    more: Mapping[str, Any] = {}
    """Further fields of `session.list`; those that are None or empty are left out."""


def list_sessions(config: Path | None, wanted: ListFilter, as_json: bool) -> None:
    """Raises AccompanistError."""
    deployment = configuration.load(config, os.environ)
    params: dict[str, Any] = {"limit": wanted.limit}
    if wanted.outcome:
        params["outcome"] = wanted.outcome
    if wanted.parked:
        params["parked"] = True
    params |= {name: value for name, value in wanted.more.items() if value is not None and value != "" and value != {}}
    chosen = [deployment.service(wanted.service)] if wanted.service else list(deployment.services.values())
    answers, silent = ask_all(chosen, "session.list", params)
    for service in chosen:
        if service.name in answers:
            _further(service, params, answers[service.name], wanted.limit)
    rows = [{"service": name, **row} for name, answer in answers.items() for row in answer["sessions"]]
    rows.sort(key=lambda row: -float(row["started_at"]))
    text = table(
        ("session", "role", "choreography", "state", "outcome", "started", "attributes", "why"),
        [
            (
                row["session"],
                row["role"],
                row["choreography"],
                "parked" if row.get("parked") else row["phase"],
                row.get("outcome") or "",
                clock_time(row["started_at"]),
                _attributes(row.get("attributes") or {}),
                _why(row),
            )
            for row in terminal.told(rows)
        ],
    )
    cut = [name for name, answer in answers.items() if len(answer["sessions"]) >= wanted.limit]
    rest = f"\n\nthe newest {wanted.limit} of {', '.join(cut)}, there may be more: --limit" if cut else ""
    show({"sessions": rows, "silent": silent}, as_json, text + rest + silence(silent))


def _further(service: Service, params: dict[str, Any], told: dict[str, Any], limit: int) -> None:
    """Fetch further pages of a list, up to the limit."""
    while (after := told.get("next")) and len(told["sessions"]) < limit:
        left = limit - len(told["sessions"])
        page = ask(service, "session.list", params | {"after": after, "limit": left})
        told["sessions"] += page["sessions"]
        told["next"] = page["next"]


def show_session(config: Path | None, session: str, as_json: bool) -> None:
    """Raises AccompanistError."""
    deployment = configuration.load(config, os.environ)
    session = meant(deployment, session, changes=False)
    asked = {"session": session}
    answers, silent = ask_all(knowing(deployment), "session.get", asked)
    told = {name: answer for name, answer in answers.items() if answer.get("rows") or answer.get("stubs")}
    for service in knowing(deployment):
        if service.name in told:
            _rest(service, asked, told[service.name], None if as_json else limits.show_rows_max)
    if not told:
        raise PeerError(NOWHERE, f"none of {', '.join(answers) or 'the services'} knows {session}{silence(silent)}")
    page = _page(session, terminal.told(told))
    show({"session": session, "services": told, "silent": silent}, as_json, page + silence(silent))


def _rest(service: Service, asked: dict[str, Any], told: dict[str, Any], most: int | None) -> None:
    """Fetch further pages of a session: all, or until there are so many messages and results. If pages are left, `next`
    stays in the answer."""
    while (after := told.get("next")) and (most is None or len(told["messages"]) + len(told["results"]) < most):
        page = ask(service, "session.get", asked | {"after": after})
        for what in ("rows", "messages", "results"):
            told[what] += page[what]
        told["next"] = page["next"]


def cancel_session(config: Path | None, session: str, reason: str, as_json: bool) -> None:
    """Request a cancel from each service, until the one that started the session takes it. Raises AccompanistError."""
    deployment = configuration.load(config, os.environ)
    session = meant(deployment, session)
    params = {"session": session, "reason": reason}
    for service in knowing(deployment):
        try:
            answer = ask(service, "session.cancel", params)
        except Refused as refused:
            if refused.code != unknown_session:
                raise
        else:
            show(answer, as_json, f"asked {service.name} to undo {session}; see `accompanist sessions show {session}`")
            return
    raise PeerError(NOWHERE, f"no service started {session}")


class VerbRequest(NamedTuple):
    """An operator's verb for one role of a session."""

    verb: str
    role: str
    who: str
    why: str
    value: str


def operate_on_session(config: Path | None, session: str, order: VerbRequest, as_json: bool) -> None:
    """Send the verb to each service, until the one that plays the role takes it. Raises AccompanistError."""
    deployment = configuration.load(config, os.environ)
    session = meant(deployment, session)
    params: dict[str, Any] = {"session": session, "role": order.role, "verb": order.verb}
    params |= {"who": order.who, "why": order.why}
    if order.value:
        try:
            params["value"] = json.loads(order.value)
        except ValueError:
            raise AuthorError(NOT_JSON, f"--value is not JSON: {order.value[:40]}") from None
    for service in knowing(deployment):
        try:
            answer = ask(service, "session.operate", params)
        except Refused as refused:
            if refused.code != unknown_session:
                raise
        else:
            verb = terminal.told(verb_at(order.verb, answer.get("site", "")))
            text = f"{verb}: told {service.name}; see `accompanist sessions show {session}`"
            show(answer, as_json, text)
            return
    raise PeerError(NOWHERE, f"no service plays {order.role} in session {session}")


# -- the page ----------------------------------------------------------------------------------------


def _page(session: str, told: dict[str, Any]) -> str:
    rows = [(service, row) for service, answer in told.items() for row in answer.get("rows", ())]
    headers = [row["header"] for _, row in rows]
    parts = [f"session       {session}"]
    if headers:
        first = headers[0]
        outcome, reason = _verdict(rows, first["initiator"])
        parts += [
            f"choreography  {first['choreography']}  ({first['fingerprint'][:12]})",
            f"started       {clock_time(first['started_at'])} at {first['initiator']}",
            *([f"attributes    {_attributes(first['attributes'])}"] if first.get("attributes") else []),
            f"outcome       {outcome}" + (f": {reason}" if reason else ""),
        ]
    parts += [
        f"not hosted    {one['role']} at {service}, version {one['fingerprint'][:12]}: {one['why']}"
        for service, answer in told.items()
        for one in answer.get("unhosted", ())
    ]
    parts += [
        f"at a limit    {one['role']} at {service} waits for a place to call {one['operation']}"
        for service, answer in told.items()
        for one in answer.get("limited", ())
    ]
    parts += ["", _roles(rows, told), "", _sites(told, headers[0]["bindings"] if headers else {})]
    parts += _exits(told)
    if cut := [service for service, answer in told.items() if answer.get("next")]:
        parts += ["", f"{', '.join(cut)}: there is more than is shown here; --json shows all of it"]
    if audits := [audit for answer in told.values() for audit in answer.get("audits", ())]:
        parts += ["", _audits(audits)]
    return "\n".join(parts)


def _verdict(rows: list[tuple[str, Any]], initiator: str) -> tuple[str, str]:
    """The saga's outcome and reason, which the initiator knows."""
    for _, row in rows:
        if row["role"] == initiator:
            return row.get("outcome") or f"open ({row['phase']})", row.get("reason") or ""
    return "not known here", ""


def _roles(rows: list[tuple[str, Any]], told: dict[str, Any]) -> str:
    lines = [
        (row["role"], service, row["phase"], row.get("vote") or "", row.get("outcome") or "", _why(row | due))
        for service, row in rows
        for due in [_due(told[service], row["role"])]
    ]
    lines += [
        (role, service, "collected", "", outcome, "")
        for service, answer in told.items()
        for role, outcome in answer.get("stubs", ())
    ]
    return table(("role", "service", "state", "vote", "outcome", "why"), lines)


def _strange(message: dict[str, Any], bindings: dict[str, str]) -> str:
    """The service that wrote a forged message: one that does not play its sender. Else empty."""
    plays = bindings.get(message["sender"] or message["receiver"])
    wrote = str(message.get("service", plays))
    return wrote if message["place"] == "inbox" and bindings and wrote != plays else ""


def _sites(told: dict[str, Any], bindings: dict[str, str]) -> str:
    """The message and result of each site, in the program's order; control messages come last."""
    lines: dict[tuple[str, ...], tuple[str, str, str]] = {}
    for answer in told.values():
        by_hand = {(row["role"], site) for row in answer.get("rows", ()) for site, _ in row.get("by_hand", ())}
        for message in answer.get("messages", ()):
            way = f"{message['sender'] or 'client'} -> {message['receiver']}"
            waits = f" (waits in the outbox: {message['answer']})" if message["place"] == "outbox" else ""
            if strange := _strange(message, bindings):
                waits = f" (written by {strange}, and not believed)"
            key = (message["site"], "0", message["sender"], message["receiver"], strange)
            if key not in lines or not waits:
                site = "!operator" if message["kind"] == "operator" else message["site"]
                lines[key] = (site, f"{way}  {message['kind']}{waits}", _short(message["payload"]))
        for result in answer.get("results", ()):
            undo = " (compensation)" if result["kind"] == "compensate" else ""
            given = not undo and (result["role"], result["site"]) in by_hand
            what = f"{result['role']}.{result['operation']}{undo}  {result['outcome']}{', by hand' if given else ''}"
            lines[(result["site"], "1", result["role"], result["kind"])] = (
                result["site"],
                what,
                _short(result["value"]),
            )
    return table(("site", "what", "value"), [lines[key] for key in sorted(lines, key=_in_order)])


def _exits(told: dict[str, Any]) -> list[str]:
    """The verbs that apply to each parked role."""
    lines: list[str] = []
    for one in (one for answer in told.values() for one in answer.get("exits", ())):
        wants = one.get("value")
        what = f"--value {wants['type']}, for {wants['of'] or 'the message'} at {wants['site']}" if wants else ""
        versions = ", ".join(version[:12] for version in one.get("versions", ()))
        more = {
            "skip": f"at {one['site']}" if one.get("site") else "",
            "resolve": what,
            "rehost": f"--version {versions}" if versions else "",
        }
        verbs = [f"{verb} ({more[verb]})" if more.get(verb) else verb for verb in one["verbs"]]
        lines += ["", f"what can be done at {one['role']}: {', '.join(verbs)}"]
    return lines


def _audits(audits: list[dict[str, Any]]) -> str:
    """What operators did to the session, oldest first, with the authenticated and the claimed identity."""
    return table(
        ("when", "role", "what", "who", "says", "why"),
        [
            (clock_time(one["at"]), one["role"], one["verb"], one["who"] or "not proved", one["claimed"], one["why"])
            for one in sorted(audits, key=lambda one: float(one["at"]))
        ],
    )


def _in_order(key: tuple[str, ...]) -> tuple[Any, ...]:
    """A sort key: the start, then sites by number, so that 10 follows 9, then the other control messages."""
    if key[0] == "!start":
        return (), key[1:]
    parts = re.findall(r"\d+|[^\d.\[\]]+", key[0])
    return tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in parts), key[1:]


def _attributes(given: Mapping[str, str]) -> str:
    return " ".join(f"{name}={text}" for name, text in sorted(given.items()))


def _why(row: dict[str, Any]) -> str:
    if parked := row.get("parked"):
        return f"{parked['code']}: {parked['text']}"
    why = f": {row['trouble']}" if row.get("trouble") else ""
    asked = f" (at least {row['retrying']} attempts have failed{why})" if row.get("retrying") else ""
    waiting = row.get("waiting") or ""
    if waiting.startswith("timer") and (due_at := row.get("due_at")):
        waiting = f"{waiting}, until {clock_time(due_at)}"
    return (row.get("reason") or waiting) + asked


def _due(answer: dict[str, Any], role: str) -> dict[str, float]:
    """When the first timer of a role is due, if one is set; deadlines do not count."""
    set_here = [one["due_at"] for one in answer.get("timers", ()) if one["role"] == role and one["site"] != "!deadline"]
    return {"due_at": min(set_here)} if set_here else {}


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= limits.table_value_chars_max else text[: limits.table_value_chars_max - 1] + "…"


def clock_time(seconds: float) -> str:
    """A time as text."""
    if not abs(seconds) <= limits.moment_s_max:
        return f"second {seconds:g}"  # an old header, from before times were checked
    return datetime.fromtimestamp(max(seconds, 0.0), UTC).strftime("%Y-%m-%d %H:%M:%SZ")
