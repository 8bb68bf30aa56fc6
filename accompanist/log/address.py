"""Database addresses: parsed for the driver, and displayed without secrets.

The driver itself handles several hosts, `target_session_attrs`, service files and libpq's environment (PGHOST and its
like). Options that libpq knows and the driver does not are handled here, because the driver would take them for
settings of the server:

    channel_binding            `disable` and `prefer` are ignored; `require` is refused, because the driver cannot
    connect_timeout            `log_connect_s` is the limit anyway; a shorter one is kept
    keepalives and its like    ignored: our own timeout on every statement finds a dead connection
    gssencmode, sslcompression and other options that only concern libpq: ignored
    pgbouncer                  the address is a pooler's: refused where a direct connection is needed

Keyword addresses (`host=a dbname=b`) are converted to a URL. An address that cannot be parsed is refused, and no part
of it is displayed: what looks like a host may be half of a password that contains a `?` or a `/`.
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
    "It has to be postgresql://USER:PASSWORD@HOST:PORT/DATABASE?OPTION=VALUE, or HOST=... keywords. In a password, the "
    "characters : / ? # [ ] @ % have to be percent-encoded: ? is %3F, / is %2F, @ is %40, # is %23. The address is not "
    "shown, because it may contain a password.",
    "Correct the database of the service in accompanist.toml, DATABASE_URL, or the worker's --database.",
)
POOLED = catalogue(
    "ACC410",
    "the address is a pooler's",
    "A sidecar sets up its connections when they begin, checks the schema, and listens. A pooler in transaction mode "
    "loses all of that between two transactions.",
    "Set `database` to the server's own address, and `pooler` to the pooler's. With `poll_only = true` the direct "
    "address is used at the start only.",
)

_SCHEMES = ("postgres", "postgresql")
_HOST = r"(?:[\w.-]+|\[[0-9a-fA-F:.]+\])?(?::\d+)?"
_PLAIN = re.compile(
    rf"(?P<scheme>\w+)://(?:(?P<user>[^@/?#\s]*)@)?(?P<hosts>{_HOST}(?:,{_HOST})*)(?P<path>/[\w.%-]*)?"
    r"(?:\?(?P<query>[^?#@\s]*))?",
    re.ASCII,
)
"""An unambiguous address: without any character that should have been percent-encoded."""
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
    """The arguments `dsn` and `timeout` for the driver's `connect`; the timeout is at most `connect_s`. `pooled`: the
    address may be a pooler's. Raises OperatorError."""
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
    # write a space as %20: the driver decodes a plus sign to a space, libpq does not
    return {"dsn": base + (f"?{urlencode(left, quote_via=quote, safe='/,')}" if left else ""), "timeout": timeout_s}


def checked(address: str, root: Path | None = None) -> str:
    """The address as a URL, whatever form it came in. Socket directories are resolved below `root`. Raises
    OperatorError."""
    base, query = _parts(address)
    if root is not None:
        query = [(name, _rooted(value, root) if name == "host" else value) for name, value in query]
    return base + (f"?{urlencode(query, quote_via=quote, safe='/,')}" if query else "")


def shown(address: str) -> str:
    """Hosts, ports and database of an address, without secrets. Nothing of an address that cannot be parsed."""
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
    """The part before the question mark, and the options. Raises OperatorError."""
    address = address.strip()
    if "://" not in address:
        return _from_keywords(address)
    base, _, text = address.partition("?")
    scheme, _, rest = base.partition("://")
    authority = rest.partition("/")[0]
    sound = scheme in _SCHEMES and "#" not in address and not re.search(r"\s", address)
    # an @ after the authority belongs to a password that was not percent-encoded
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
    # an empty path would name an empty database, and override a service file or the environment
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
    """The same address with another login. Raises OperatorError."""
    base, query = _parts(address)
    scheme, _, rest = base.partition("://")
    authority, slash, path = rest.partition("/")
    place = authority.rpartition("@")[2]
    query = [(name, value) for name, value in query if name not in ("user", "password", "passfile")]
    options = f"?{urlencode(query, quote_via=quote, safe='/,')}" if query else ""
    return f"{scheme}://{quote(user, safe='')}:{quote(password, safe='')}@{place}{slash}{path}{options}"


def _sooner(timeout_s: float, value: str) -> float:
    """The shorter of two timeouts. Like libpq, at least two seconds; 0 means no timeout."""
    if not value.isascii() or not value.isdigit():
        raise OperatorError(UNREADABLE, "connect_timeout in it is no number of seconds")
    return min(timeout_s, max(2.0, float(value))) if int(value) else timeout_s


def _options(value: str) -> list[tuple[str, str]]:
    """The settings in libpq's `options=-c name=value`."""
    found = re.findall(r"(?:-c\s*|--)([A-Za-z_][\w.]*)=((?:[^\s\\]|\\.)*)", value)
    if re.sub(r"(?:-c\s*|--)[A-Za-z_][\w.]*=(?:[^\s\\]|\\.)*", "", value).strip():
        raise OperatorError(UNREADABLE, "`options` in it has something else than -c NAME=VALUE")
    return [(name, re.sub(r"\\(.)", r"\1", text)) for name, text in found]
