"""The configuration of a deployment: `accompanist.toml`, and environment variables that override it.

    [service.payment]
    database = "postgresql://payment_sidecar@db.internal/sagas"   # else DATABASE_URL; always that login (ACC411)
    pooler = "postgresql://payment_sidecar@db.internal:6432/sagas"  # PgBouncer before it, in transaction mode
    poll_only = false                                       # true: no LISTEN; messages are found up to a second late
    link = "/run/payment"                                   # where peers connect, if not in state_dir; or "off"
    early_release = false                                   # true: on trial, see docs/durability.md
    schema = "payment"                                      # the service's log; its name if left out
    api = "http://127.0.0.1:7102"                           # or http+unix:/run/payment.sock
    workers = { Payment = "unix:/run/payment-worker.sock" } # role class = where its worker is
    worker_tokens = { Payment = "payment-worker.token" }    # what we bear there, over http or https (rpc.tokens)
    choreographies = ["orders/choreography.py"]
    state_dir = "var/state/payment"                         # what is durable is kept here, too (log.commit_marks)
    version_key_file = "payment.key"                        # if its sidecars are on several machines (sidecar.sealing)
    token_file = "payment.tokens"                           # needed where `api` is off this machine (sidecar.rights);
                                                            # on loopback a token is drawn: `api.token` in state_dir
    listen = "http://127.0.0.1:7202"                        # for peers in other databases (sidecar.relay)
    peer_token_file = "payment.peers"                       # who they are: lines of `SERVICE deliver TOKEN`
    peer_tokens = { shipping = "shipping.token" }           # what we bear at theirs
    collect_after_s = 86400                                 # a saga that is over can be read so long (a day)
    payload_after_s = 3600                                  # its messages and values so long; else as long as the rest
    tombstone_s = 604800                                    # and late messages are refused so long (an hour at least)

    [service.payment.retry]    # by operation, or `default`; what is left out stays as it is
    charge = { attempts_max = 5, first_ms = 50, cap_ms = 2000, timeout_ms = 3000 }

    [service.payment.limit]    # by operation, or "*" for all of a worker; for all its sidecars (calls.admission)
    charge = { max_in_flight = 20, per_second = 50, waiting_max = 1000 }

    [peers.shipping]           # services of other files; those of one file know one another
    database = "postgresql://db.internal/sagas"            # in our own database: our commits reach it
    url = "https://shipping.internal/peer"                 # else: where its sidecar listens

    [bindings.fulfil_order]    # which service plays a role, where its class does not say it
    payment = "payment"

Paths, also in `unix:` addresses and in a database's `host=`, are relative to the file. Over the file stand
`DATABASE_URL` (the database of every service) and, over that, `ACCOMPANIST_SERVICE_<NAME>_<KEY>` for the keys
`database pooler poll_only link early_release schema listen api state_dir version_key_file token_file peer_token_file
collect_after_s payload_after_s tombstone_s` and `ACCOMPANIST_SERVICE_<NAME>_WORKER_<CLASS>`; `..._RETRY`, `..._LIMIT`,
`..._PEER_TOKENS` and `..._WORKER_TOKENS` are tables as JSON. The file itself is `--config`, else `ACCOMPANIST_CONFIG`,
else the first `accompanist.toml` from the working directory upwards.

A wrong key, value or name is an error that says where it is and what was probably meant. Loading a configuration
connects to nothing and reads no choreography, so a valid one may still name what does not exist.
"""

from __future__ import annotations

import difflib
import ipaddress
import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar
from urllib.parse import urlsplit

import msgspec

from accompanist import limits
from accompanist.errors import OperatorError, catalogue
from accompanist.log import address
from accompanist.rpc import tokens as files
from accompanist.rpc.access import Token
from accompanist.sidecar.api import rights
from accompanist.sidecar.calls.admission import CallLimit
from accompanist.sidecar.calls.retries import Retry
from accompanist.sidecar.variables import readers

T = TypeVar("T")
DRAWN = "drawn"
"""The name of the token that a sidecar creates for itself."""

OFF = "off"
"""The value of `link` with which messages go by the log alone."""

FILE_NAME = "accompanist.toml"
_name_chars_max = limits.name_chars_max - len("_sidecar")

UNREADABLE = catalogue(
    "ACC601",
    "no configuration",
    "There is no accompanist.toml in the working directory or above it, or the file named cannot be read.",
    "Run the command in the deployment's directory, or name the file with --config or ACCOMPANIST_CONFIG.",
)
NOT_TOML = catalogue(
    "ACC602",
    "configuration is not TOML",
    "The file cannot be parsed. A service with two tables is such an error, too: TOML allows one table per name.",
    "Correct the line named.",
)
UNKNOWN_KEY = catalogue(
    "ACC603",
    "unknown key in the configuration",
    "An unknown key is usually misspelt. If it were ignored, the default would be used silently.",
    "Use the nearest key that the message names, or remove it.",
)
BAD_VALUE = catalogue(
    "ACC604",
    "wrong value in the configuration",
    "A key has a value of the wrong type or form.",
    "Compare it with the example at the top of accompanist/sidecar/config.py.",
)
CLASH = catalogue(
    "ACC605",
    "two services share what each needs for itself",
    "Each service needs a log (a schema in a database) and an API address of its own.",
    "Give one of the two another schema or address.",
)
UNKNOWN_SERVICE = catalogue(
    "ACC606",
    "unknown service",
    "The command line or the configuration names a service that the configuration does not have.",
    "Use one of the names that the message lists, or add a table [service.NAME].",
)
OPEN_API = catalogue(
    "ACC607",
    "API is open to the network",
    "Every host on the network could start, read and cancel sagas. An API off this machine needs a token.",
    "Set token_file to a file of tokens with their rights, or bind `api` to 127.0.0.1 or to a unix socket.",
)
NO_DATABASE = catalogue(
    "ACC608",
    "service without a database",
    "A sidecar keeps its log in Postgres, but no database address is configured.",
    "Set `database` in the service's table, or DATABASE_URL in the environment.",
)
UNBOUND = catalogue(
    "ACC609",
    "no service plays a role",
    "Each role is played by one service: the one named for it, else the only one whose `workers` has its class.",
    "Name the service under [bindings.CHOREOGRAPHY], or add the class to a service's workers.",
)


class Service(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A service that plays roles. `workers` maps a role's class to the address of its worker."""

    name: str = ""
    database: str = ""
    pooler: str = ""
    poll_only: bool = False
    link: str = ""
    early_release: bool = False
    schema: str = ""
    listen: str = ""
    api: str = ""
    workers: dict[str, str] = {}
    worker_tokens: dict[str, str] = {}
    choreographies: tuple[str, ...] = ()
    state_dir: str = ""
    version_key_file: str = ""
    token_file: str = ""
    peer_token_file: str = ""
    peer_tokens: dict[str, str] = {}
    retry: dict[str, Retry] = {}
    limit: dict[str, CallLimit] = {}
    collect_after_s: Annotated[int, msgspec.Meta(ge=1)] = limits.collect_after_ms // 1000
    payload_after_s: Annotated[int, msgspec.Meta(ge=1)] | None = None
    tombstone_s: Annotated[int, msgspec.Meta(ge=limits.tombstone_floor_s)] = limits.tombstone_days * 86_400

    def needs_database(self) -> str:
        """The address of the log. Raises OperatorError if none is configured: a sidecar needs one, a client does
        not."""
        if not self.database:
            raise OperatorError(NO_DATABASE, f"[service.{self.name}] has no database and DATABASE_URL is not set")
        return self.database

    def tokens(self) -> tuple[Token, ...]:
        """The API's tokens. None for a unix socket, which only its owner may use. If a port has no token file, one is
        created with a random token. Raises OperatorError."""
        file = self.api_token_file
        if file is not None and not self.token_file:
            files.make(file, DRAWN)
        return rights.tokens(file) if file is not None else ()

    @property
    def api_token_file(self) -> Path | None:
        """The API's token file: the configured one, else `api.token` in `state_dir`."""
        if self.token_file:
            return Path(self.token_file)
        return Path(self.state_dir) / "api.token" if self.api.startswith("http:") else None


class Peer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Another service. `database`: of its log, if our commits can reach it; `url`: of its sidecar."""

    name: str = ""
    database: str = ""
    schema: str = ""
    url: str = ""


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """A validated configuration. `root`: the file's directory, to which paths and imports are relative."""

    root: Path
    services: dict[str, Service]
    peers: dict[str, Peer]
    bindings: dict[str, dict[str, str]]

    def service(self, name: str) -> Service:
        """The service of that name. Raises OperatorError, with the nearest name, if there is none."""
        found = self.services.get(name)
        if found is None:
            raise OperatorError(
                UNKNOWN_SERVICE,
                f"there is no service {name!r}; there are {_listed(self.services)}",
                _nearest(name, self.services),
            )
        return found

    def peers_of(self, name: str) -> dict[str, Peer]:
        """Every service that `name` can send to, itself included: the others of the file, and those of
        [peers]."""
        near = {
            s.name: Peer(name=s.name, database=s.database, schema=s.schema, url=s.listen)
            for s in self.services.values()
        }
        return {**near, **self.peers, name: near[self.service(name).name]}

    def bind(self, choreography: str, roles: Mapping[str, str]) -> dict[str, str]:
        """Which service plays each role; `roles` maps roles to their classes. Raises OperatorError."""
        named = self.bindings.get(choreography, {})
        if unknown := next((role for role in named if role not in roles), None):
            where = f"[bindings.{choreography}]"
            raise OperatorError(
                UNKNOWN_KEY, f"{where} names {unknown!r}; its roles are {_listed(roles)}", _nearest(unknown, roles)
            )
        return {role: named.get(role) or self._by_class(choreography, role, cls) for role, cls in roles.items()}

    def _by_class(self, choreography: str, role: str, role_class: str) -> str:
        able = [service.name for service in self.services.values() if role_class in service.workers]
        if len(able) != 1:
            found = f"{_listed(able)} all have" if able else "no service has"
            raise OperatorError(UNBOUND, f"role {role!r} of {choreography}: {found} a worker for {role_class}")
        return able[0]


def load(path: Path | None, environ: Mapping[str, str]) -> Config:
    """Load the configuration. Raises OperatorError."""
    file = path or find(environ)
    try:
        table = tomllib.loads(file.read_text())
    except (OSError, UnicodeDecodeError) as problem:
        raise OperatorError(UNREADABLE, f"{file}: {getattr(problem, 'strerror', None) or 'not UTF-8 text'}") from None
    except tomllib.TOMLDecodeError as problem:
        raise OperatorError(NOT_TOML, f"{file}: {problem}") from None
    return build(table, file.resolve().parent, environ)


def build(table: Mapping[str, Any], root: Path, environ: Mapping[str, str]) -> Config:
    """Build the configuration from a parsed table."""
    _known(table, ("service", "peers", "bindings"), "the top")
    services = {name: _service(name, entry, root, environ) for name, entry in _tables(table, "service").items()}
    _no_strange_variables(services, environ)
    peers = {name: _peer(name, entry, root) for name, entry in _tables(table, "peers").items()}
    bindings = {
        name: _convert(entry, dict[str, str], f"bindings.{name}") for name, entry in _tables(table, "bindings").items()
    }
    config = Config(root=root, services=services, peers=peers, bindings=bindings)
    _no_clash(services.values())
    for choreography, bound in bindings.items():
        for role, service in bound.items():
            if service not in services and service not in peers:
                known = [*services, *peers]
                raise OperatorError(
                    UNKNOWN_SERVICE,
                    f"[bindings.{choreography}] {role} = {service!r}: there are {_listed(known)}",
                    _nearest(service, known),
                )
    return config


def find(environ: Mapping[str, str]) -> Path:
    """The file that is loaded if none is named. Raises OperatorError."""
    if named := environ.get("ACCOMPANIST_CONFIG"):
        return Path(named)
    here = Path.cwd()
    for directory in (here, *here.parents):
        if (directory / FILE_NAME).is_file():
            return directory / FILE_NAME
    raise OperatorError(UNREADABLE, f"no {FILE_NAME} in {here} or above it")


def _service(name: str, entry: Any, root: Path, environ: Mapping[str, str]) -> Service:
    where = f"service.{name}"
    _check_name(name, where)
    table = _table(entry, where)
    _known(table, _keys(Service), f"[{where}]")
    service = _convert({**table, **_overrides(name, table, environ)}, Service, where)
    schema = service.schema or name
    _check_name(schema, f"{where}.schema")
    service = msgspec.structs.replace(
        service,
        name=name,
        schema=schema,
        database=_database(service.database, root) if service.database else "",
        pooler=_database(service.pooler, root) if service.pooler else "",
        api=_socket(service.api, root),
        listen=_socket(service.listen, root),
        link=str(root / service.link) if service.link not in ("", OFF) else service.link,
        workers={role: _socket(url, root) for role, url in service.workers.items()},
        worker_tokens={role: str(root / file) for role, file in service.worker_tokens.items()},
        choreographies=tuple(str(root / file) for file in service.choreographies),
        state_dir=str(root / (service.state_dir or f"var/state/{name}")),
        version_key_file=str(root / service.version_key_file) if service.version_key_file else "",
        token_file=str(root / service.token_file) if service.token_file else "",
        peer_token_file=str(root / service.peer_token_file) if service.peer_token_file else "",
        peer_tokens={peer: str(root / file) for peer, file in service.peer_tokens.items()},
    )
    _check_api(service, where)
    _check_worker_tokens(service, where)
    return service


def _keys(struct: type[msgspec.Struct]) -> tuple[str, ...]:
    """The keys of a table: the fields of its struct, but for `name`, which the table's own name says."""
    return tuple(field for field in struct.__struct_fields__ if field != "name")


_VARIABLES = {key: read for key, read in readers(Service).items() if key not in ("name", "workers")}
"""The keys of a service that a variable can override. Workers have one variable each, and none together."""


def _overrides(name: str, table: Mapping[str, Any], environ: Mapping[str, str]) -> dict[str, Any]:
    """The environment's overrides for a service."""
    prefix = _prefix(name)
    said: dict[str, Any] = {"database": environ["DATABASE_URL"]} if environ.get("DATABASE_URL") else {}
    for key, read in _VARIABLES.items():
        variable = prefix + key.upper()
        if value := environ.get(variable):
            try:
                said[key] = read(value)
            except ValueError:
                raise OperatorError(BAD_VALUE, f"{variable} is not JSON") from None
    workers = table.get("workers")
    if isinstance(workers, dict):
        said["workers"] = {role: environ.get(f"{prefix}WORKER_{role.upper()}") or url for role, url in workers.items()}
    return said


def _no_strange_variables(services: Mapping[str, Service], environ: Mapping[str, str]) -> None:
    """Refuse a misspelt override, like a misspelt key."""
    known = [_prefix(name) + key.upper() for name in services for key in _VARIABLES]
    known += [f"{_prefix(s.name)}WORKER_{role.upper()}" for s in services.values() for role in s.workers]
    for variable in environ:
        if variable.startswith("ACCOMPANIST_SERVICE_") and variable not in known:
            raise OperatorError(UNKNOWN_KEY, f"the environment has {variable}", _nearest(variable, known))


def _prefix(name: str) -> str:
    return f"ACCOMPANIST_SERVICE_{name.upper()}_"


def _peer(name: str, entry: Any, root: Path) -> Peer:
    where = f"peers.{name}"
    _check_name(name, where)
    table = _table(entry, where)
    _known(table, _keys(Peer), f"[{where}]")
    peer = _convert(table, Peer, where)
    if not peer.database and not peer.url:
        raise OperatorError(BAD_VALUE, f"[{where}] has neither a database nor a url")
    database = _database(peer.database, root) if peer.database else ""
    return msgspec.structs.replace(peer, name=name, database=database, schema=peer.schema or name)


def _check_api(service: Service, where: str) -> None:
    """An API is http://host:port or http+unix:/path, and off this machine only behind a token."""
    if not service.api or service.api.startswith("http+unix:"):
        return
    try:
        parts = urlsplit(service.api)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if parts.scheme != "http" or not host or port is None:
        raise OperatorError(BAD_VALUE, f"[{where}] api must be http://HOST:PORT or http+unix:/PATH")
    if not _loopback(host) and not service.token_file:
        raise OperatorError(OPEN_API, f"[{where}] api is bound to {host}")


def _check_worker_tokens(service: Service, where: str) -> None:
    """Check that each token is for a worker of this service, over a transport with headers."""
    for role in service.worker_tokens:
        if role not in service.workers:
            text = f"[{where}] worker_tokens names {role!r}; its workers are {_listed(service.workers)}"
            raise OperatorError(UNKNOWN_KEY, text, _nearest(role, service.workers))
        if not service.workers[role].startswith(("http:", "https:", "http+unix:")):
            text = f"[{where}] the worker of {role} has a token and no http or https address to bear it to"
            raise OperatorError(BAD_VALUE, text)


def _no_clash(services: Iterable[Service]) -> None:
    seen: dict[tuple[str, str], str] = {}
    for service in services:
        claims = {
            ("the schema", f"{service.schema} of one database"): (service.database, service.schema),
            ("the api", service.api): service.api and (service.api,),
            ("the listen address", service.listen): service.listen and (service.listen,),
        }
        for (what, text), claim in claims.items():
            other = seen.setdefault((what, repr(claim)), service.name) if claim else service.name
            if other != service.name:
                raise OperatorError(CLASH, f"services {other!r} and {service.name!r} both have {what} {text}")


def _database(url: str, root: Path) -> str:
    """The address as the driver reads it, with a relative socket directory made absolute."""
    try:
        return address.checked(url, root)
    except OperatorError as problem:  # the address is not shown: it may hold a password
        text = "a database, also DATABASE_URL, must be postgresql://user@host:port/name"
        raise OperatorError(BAD_VALUE, f"{text}: {problem.text}") from None


def _socket(url: str, root: Path) -> str:
    """The address with a relative socket path made absolute."""
    for scheme in ("unix:", "http+unix:"):
        if url.startswith(scheme):
            return scheme + str(root / url[len(scheme) :].removeprefix("//"))
    return url


def _loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _tables(table: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    return _table(table.get(key, {}), key)


def _table(entry: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(entry, dict):
        raise OperatorError(BAD_VALUE, f"[{where}] must be a table")
    return entry


def _convert(entry: Any, kind: type[T], where: str) -> T:
    try:
        return msgspec.convert(entry, kind)
    except msgspec.ValidationError as problem:
        raise OperatorError(BAD_VALUE, f"[{where}] {problem}".replace("`$.", "`")) from None


def _known(table: Mapping[str, Any], keys: Iterable[str], where: str) -> None:
    keys = tuple(keys)
    for key in table:
        if key not in keys:
            raise OperatorError(
                UNKNOWN_KEY, f"{where} has the key {key!r}; it may have {_listed(keys)}", _nearest(key, keys)
            )


def _check_name(name: str, where: str) -> None:
    if not re.fullmatch(r"[a-z][a-z0-9_-]*", name, re.ASCII) or len(name) > limits.name_chars_max:
        text = (
            f"[{where}] {name!r} must be lower-case letters, digits, - and _, at most {limits.name_chars_max} of them"
        )
        raise OperatorError(BAD_VALUE, text)


def _nearest(name: str, known: Iterable[str]) -> str:
    """A hint with the name that was probably meant; empty if none is similar."""
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"did you mean {near[0]!r}?" if near else ""


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none"
