"""The address of a database, as people have it: read for the driver, and shown without what may be secret.

The driver reads it: several hosts, `target_session_attrs`, service files and the environment of libpq (PGHOST and its
like) are its own. What libpq takes and the driver does not is told apart here, before the driver would take it for a
setting of the server:

    channel_binding            `disable` and `prefer` say nothing; `require` is refused, for the driver has none
    connect_timeout            ours is bounded anyway, by `log_connect_s`; a shorter one is kept
    keepalives and its like    a line that is dead is found by our own time limits on every statement
    gssencmode, sslcompression and what else only says how libpq goes about it: left out
    pgbouncer                  says that a pooler is reached: refused where a direct connection is needed

Keyword addresses (`host=a dbname=b`) are made into the other form. Anything that cannot be read is refused, and no part
of it is repeated: what looks like a host may be half of a password that has a `?` or a `/` in it.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from accompanist import limits
from accompanist.errors import OperatorError, catalogue

UNREADABLE = catalogue(
    "ACC448",
    "the address of a database cannot be read",
    "It has to be postgresql://USER:PASSWORD@HOST:PORT/DATABASE?OPTION=VALUE, or HOST=... keywords. A password with "
    "one of the signs : / ? # [ ] @ % in it has to be quoted: ? is %3F, / is %2F, @ is %40, # is %23. The address is "
    "not shown, for it may hold one.",
    "Correct the database of the service in accompanist.toml, DATABASE_URL, or the worker's --database.",
)
POOLED = catalogue(
    "ACC410",
    "the address is a pooler's",
    "A sidecar says how its connections are to be when they begin, looks at the schema and listens; a pooler in "
    "transaction mode forgets all that between two transactions.",
    "Give `database` the server's own address, and the pooler's under `pooler`; with `poll_only = true` the direct one "
    "is used at the start only.",
)

_SCHEMES = ("postgres", "postgresql")
_HOST = r"(?:[\w.-]+|\[[0-9a-fA-F:.]+\])?(?::\d+)?"
_PLAIN = re.compile(
    rf"(?P<scheme>\w+)://(?:(?P<user>[^@/?#\s]*)@)?(?P<hosts>{_HOST}(?:,{_HOST})*)(?P<path>/[\w.%-]*)?"
    r"(?:\?(?P<query>[^?#@\s]*))?",
    re.ASCII,
)
"""An address in which nothing can be taken for something else: no sign that should have been quoted."""
_KEYWORD = re.compile(r"\s*(\w+)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|((?:[^\s'\\]|\\.)*))(?=\s|$)\s*")
_OF_LIBPQ = frozenset(
    {
        *("keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout"),
        *("gssencmode", "sslcompression", "sslsni", "sslcertmode", "requiressl", "require_auth", "load_balance_hosts"),
        *("fallback_application_name", "client_encoding", "channel_binding", "connect_timeout", "pgbouncer"),
    }
)
_DRIVERS = frozenset(
    {
        *("host", "port", "user", "password", "dbname", "database", "passfile", "target_session_attrs"),
        *("sslmode", "sslcert", "sslkey", "sslrootcert", "sslcrl", "sslpassword", "sslnegotiation"),
        *("ssl_min_protocol_version", "ssl_max_protocol_version", "krbsrvname", "gsslib", "service", "servicefile"),
    }
)
_SETTING = re.compile(r"[a-z_][a-z0-9_.]*\Z")


def for_driver(address: str, connect_s: float = limits.log_connect_s, *, pooled: bool = False) -> dict[str, Any]:
    """`dsn` and `timeout` of the driver's `connect`, which takes `connect_s` at most. `pooled`: a pooler may be
    reached. Raises OperatorError."""
    base, query = _parts(address)
    left: list[tuple[str, str]] = []
    timeout_s = connect_s
    for name, value in query:
        if name == "pgbouncer" and value.lower() in ("true", "1", "yes", "on") and not pooled:
            raise OperatorError(POOLED, f"{shown(address)} says pgbouncer={value}")
        if name == "channel_binding" and value == "require":
            raise OperatorError(UNREADABLE, "channel_binding=require: the driver has no channel binding; use sslmode")
        if name == "connect_timeout":
            timeout_s = _sooner(timeout_s, value)
        if name == "options":
            left += _options(value)
        elif name not in _OF_LIBPQ:
            if name not in _DRIVERS and not _SETTING.match(name):
                raise OperatorError(UNREADABLE, "an option of the address is neither the driver's nor a setting")
            left.append((name, value))
    # a space is %20: the driver reads a plus sign as one, and libpq does not
    return {"dsn": base + (f"?{urlencode(left, quote_via=quote, safe='/,')}" if left else ""), "timeout": timeout_s}


def checked(address: str, root: Path | None = None) -> str:
    """The address in the one form that the driver reads, whatever form it came in; directories of sockets are below
    `root`. Raises OperatorError."""
    base, query = _parts(address)
    if root is not None:
        query = [(name, _rooted(value, root) if name == "host" else value) for name, value in query]
    return base + (f"?{urlencode(query, quote_via=quote, safe='/,')}" if query else "")


def shown(address: str) -> str:
    """Hosts, ports and database, and nothing that could be a secret; no part of what cannot be read for certain."""
    try:
        address = checked(address)
    except OperatorError:
        return "an address that cannot be read"
    found = _PLAIN.fullmatch(address)
    if found is None:
        return "the database"
    hosts = found["hosts"] or "local socket"
    return f"{hosts}{found['path'] or ''}"


def _rooted(hosts: str, root: Path) -> str:
    return ",".join(str(root / host) if "/" in host else host for host in hosts.split(","))


def _parts(address: str) -> tuple[str, list[tuple[str, str]]]:
    """All before the question mark, and the options. Raises OperatorError."""
    address = address.strip()
    if "://" not in address:
        return _from_keywords(address)
    base, _, text = address.partition("?")
    scheme, _, rest = base.partition("://")
    authority = rest.partition("/")[0]
    sound = scheme in _SCHEMES and "#" not in address and not re.search(r"\s", address)
    # an at sign behind the authority belongs to a password that was not quoted
    if not sound or "@" in rest[len(authority) :] or authority.count("@") > 1 or "@" in text:
        raise OperatorError(UNREADABLE, "it is not of the form, or has a sign in it that has to be quoted")
    login, _, hosts = authority.rpartition("@")
    if re.search(r"[\[\]\\]", login) or re.search(r"%(?![0-9a-fA-F]{2})", base) or "\0" in address:
        raise OperatorError(UNREADABLE, "its user or password has a sign in it that has to be quoted")
    hosts = hosts.replace("%2F", "").replace("%2f", "")
    ports = [int(port) for port in re.findall(r":(\d{1,9})(?=,|$)", hosts)]
    if any(not 0 < port < 65_536 for port in ports) or not re.fullmatch(rf"{_HOST}(?:,{_HOST})*", hosts):
        raise OperatorError(UNREADABLE, "a host or a port in it cannot be one")
    try:
        query = parse_qsl(text, keep_blank_values=True, strict_parsing=True) if text else []
    except ValueError:
        raise OperatorError(UNREADABLE, "its options are not NAME=VALUE, joined by &") from None
    _check_ports(query)
    # a path of nothing would be a database without a name, over what a service file or the environment says
    return base.removesuffix("/") if rest == "/" else base, query


def _from_keywords(address: str) -> tuple[str, list[tuple[str, str]]]:
    found: list[tuple[str, str]] = []
    at = 0
    while at < len(address):
        match = _KEYWORD.match(address, at)
        if match is None:
            raise OperatorError(UNREADABLE, "it is neither an address nor KEYWORD=VALUE pairs")
        value = match[2] if match[2] is not None else match[3]
        found.append((match[1], re.sub(r"\\(.)", r"\1", value)))
        at = match.end()
    if not found:
        raise OperatorError(UNREADABLE, "it is empty")
    _check_ports(found)
    return "postgresql://", found


def _check_ports(query: list[tuple[str, str]]) -> None:
    if any(name == "port" and not re.fullmatch(r"\d{1,5}(?:,\d{1,5})*", value, re.ASCII) for name, value in query):
        raise OperatorError(UNREADABLE, "a port in it cannot be one")


def of_login(address: str, user: str, password: str) -> str:
    """The same address for another login. Raises OperatorError."""
    base, query = _parts(address)
    scheme, _, rest = base.partition("://")
    authority, slash, path = rest.partition("/")
    place = authority.rpartition("@")[2]
    query = [(name, value) for name, value in query if name not in ("user", "password", "passfile")]
    options = f"?{urlencode(query, quote_via=quote, safe='/,')}" if query else ""
    return f"{scheme}://{quote(user, safe='')}:{quote(password, safe='')}@{place}{slash}{path}{options}"


def _sooner(timeout_s: float, value: str) -> float:
    """libpq waits at least two seconds, and for ever at nought."""
    if not value.isascii() or not value.isdigit():
        raise OperatorError(UNREADABLE, "connect_timeout in it is no number of seconds")
    return min(timeout_s, max(2.0, float(value))) if int(value) else timeout_s


def _options(value: str) -> list[tuple[str, str]]:
    """libpq's `options=-c name=value` as the settings that they are."""
    found = re.findall(r"(?:-c\s*|--)([A-Za-z_][\w.]*)=((?:[^\s\\]|\\.)*)", value)
    if re.sub(r"(?:-c\s*|--)[A-Za-z_][\w.]*=(?:[^\s\\]|\\.)*", "", value).strip():
        raise OperatorError(UNREADABLE, "`options` in it has something else than -c NAME=VALUE")
    return [(name, re.sub(r"\\(.)", r"\1", text)) for name, text in found]
