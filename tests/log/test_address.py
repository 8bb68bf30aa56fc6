"""Addresses as people write them: the driver can read them, or they are refused; no password is ever shown."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path
from socket import gaierror
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest

from accompanist.errors import OperatorError
from accompanist.log import address, provision, refusals, settings
from accompanist.log.connection import connect
from accompanist.worker import database as worker_database
from ops import pgbouncer
from ops.local import cluster
from tests.postgres import Database


@pytest.fixture
def socket(blank_database: Database) -> str:
    host = parse_qs(urlsplit(blank_database.admin_dsn).query).get("host", [""])[0]
    if not host.startswith("/"):
        pytest.skip("the server of DATABASE_URL has no socket of ours")
    return host


@pytest.fixture
def name(blank_database: Database) -> str:
    return urlsplit(blank_database.admin_dsn).path.removeprefix("/")


ACCEPTED: dict[str, Callable[[str, str], str]] = {
    "keywords": lambda s, n: f"host={s} user=postgres dbname={n}",
    "quoted keywords": lambda s, n: f"host='{s}' user = 'postgres' dbname={n}",
    "channel_binding": lambda s, n: f"postgresql://postgres@/{n}?host={s}&sslmode=prefer&channel_binding=prefer",
    "connect_timeout": lambda s, n: f"postgresql://postgres@/{n}?host={s}&connect_timeout=10",
    "keepalives": lambda s, n: (
        f"postgresql://postgres@/{n}?host={s}&keepalives=1&keepalives_idle=30&keepalives_count=3"
    ),
    "options": lambda s, n: f"postgresql://postgres@/{n}?host={s}&options=-c%20statement_timeout%3D5000",
    "application_name": lambda s, n: f"postgresql://postgres@/{n}?host={s}&application_name=foo",
    "search_path": lambda s, n: f"postgresql://postgres@/{n}?host={s}&search_path=foo",
    "target_session_attrs": lambda s, n: f"postgresql://postgres@/{n}?host={s}&target_session_attrs=read-write",
    "two hosts": lambda s, n: f"postgresql://postgres@/{n}?host=/nowhere,{s}&target_session_attrs=primary",
    "two hosts and ports": lambda s, n: f"postgresql://postgres@/{n}?host=/nowhere,{s}&port=5432,5432",
    "gssencmode": lambda s, n: f"postgres://postgres@/{n}?host={s}&gssencmode=disable&sslcompression=0",
}


@pytest.mark.parametrize("form", ACCEPTED)
async def test_what_people_have_is_accepted(form: str, socket: str, name: str) -> None:
    connection = await connect(ACCEPTED[form](socket, name), "accompanist test")
    assert await connection.fetchval("SELECT current_database()") == name
    await connection.close()
    pool = await worker_database.open_pool(ACCEPTED[form](socket, name), "shop_worker")
    await pool.close()


@pytest.mark.parametrize("form", ["environment", "service file"])
async def test_what_libpq_reads_besides_is_read(
    form: str, socket: str, name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    told = {"PGHOST": socket, "PGUSER": "postgres", "PGDATABASE": name}
    if form == "service file":
        (tmp_path / "services").write_text(f"[orders]\nhost={socket}\nuser=postgres\ndbname={name}\n")
        told = {"PGSERVICEFILE": str(tmp_path / "services")}
    for variable, value in told.items():
        monkeypatch.setenv(variable, value)
    connection = await connect(
        "postgresql:///?service=orders" if form == "service file" else "postgresql://", "accompanist test"
    )
    assert await connection.fetchval("SELECT current_database()") == name
    await connection.close()


def test_several_hosts_reach_the_driver_as_they_came() -> None:
    told = "postgresql://u@a:5432,b:5432/db?target_session_attrs=primary"
    assert address.for_driver(told)["dsn"] == told
    assert address.shown(told) == "a:5432,b:5432/db"


IGNORED = ",".join(settings.of("accompanist test"))
SECRETS = [
    "postgresql://u:hunter?2two@host/db",
    "postgresql://u:hunter/2two@host/db",
    "postgresql://u:hunter#2two@host/db",
    "postgresql://u:hunter@2two@host/db",
    "postgresql://u:12/2two@host/db",
    "postgresql://u:12?2two@host/db",
    "postgresql://u:hun ter2two@host/db",
    "postgresql://u:hunter:2two@host:abc/db",
    "postgresql+asyncpg://u:hunter2two@host/db",
    "host=a password=hunter2two ' dbname=b",
    "postgresql://u:hunter2two@host/db?option",
]


@pytest.mark.parametrize("told", SECRETS)
async def test_what_cannot_be_read_is_refused_and_no_part_of_it_shown(told: str) -> None:
    for refuses in (address.for_driver, address.checked):
        with pytest.raises(OperatorError) as refused:
            refuses(told)
        assert refused.value.code == "ACC448"
        assert "unt" not in str(refused.value)
        assert "2two" not in str(refused.value)
        assert refused.value.__cause__ is None
    assert address.shown(told) == "an address that cannot be read"


@pytest.mark.parametrize(
    "told",
    ["postgresql://u:hunter2two@host:5432/db?sslmode=require", "host=h port=5 dbname=db user=u password=hunter2two"],
)
def test_what_can_be_read_is_shown_without_its_password(told: str) -> None:
    assert "hunter" not in address.shown(told)
    assert "unter" not in repr(OperatorError(address.UNREADABLE, address.shown(told)))


REFUSED: dict[str, tuple[str, Callable[[str, str], str]]] = {
    "nothing": ("ACC448", lambda s, n: " "),
    "a port that is none": ("ACC448", lambda s, n: "postgresql://postgres@localhost:abc/postgres"),
    "a port that is none, as an option": ("ACC448", lambda s, n: f"postgresql://postgres@/{n}?host={s}&port=abc"),
    "channel_binding": ("ACC448", lambda s, n: f"postgresql://postgres@/{n}?host={s}&channel_binding=require"),
    "an unknown option": ("ACC448", lambda s, n: f"postgresql://postgres@/{n}?host={s}&colour=blue"),
    "a wrong sslmode": ("ACC448", lambda s, n: f"postgresql://postgres@/{n}?host={s}&sslmode=perhaps"),
    "no such database": ("ACC401", lambda s, n: f"postgresql://postgres@/nope?host={s}"),
    "no such login": ("ACC405", lambda s, n: f"postgresql://nobody_here@/{n}?host={s}"),
    "nobody there": ("ACC401", lambda s, n: "postgresql://postgres@127.0.0.1:1/postgres"),
    "a pooler": ("ACC410", lambda s, n: f"postgresql://postgres@/{n}?host={s}&pgbouncer=true"),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_what_is_refused_has_a_code(case: str, socket: str, name: str) -> None:
    code, form = REFUSED[case]
    with pytest.raises(OperatorError) as refused:
        async with refusals.readable(form(socket, name)):
            await connect(form(socket, name), "accompanist test")
    assert refused.value.code == code, refused.value


async def test_a_pooler_that_takes_everything_and_keeps_nothing_is_known(socket: str, name: str) -> None:
    """One that was told to ignore what a connection states: not "not migrated", nor a statement that is there twice."""
    if why := pgbouncer.lacking():
        pytest.skip(why)
    with pgbouncer.pooler(Path(socket), ["postgres"], {"ignore_startup_parameters": IGNORED}) as found:
        dsn = found.dsn("postgres", name)
        with pytest.raises(OperatorError) as refused:
            async with refusals.readable(dsn):
                await connect(dsn, "accompanist test")
        assert refused.value.code == "ACC410"


@pytest.mark.parametrize("state", ["42P05", "26000"])
async def test_a_statement_that_was_prepared_elsewhere_tells_of_a_pooler(state: str) -> None:
    with pytest.raises(OperatorError) as refused:
        async with refusals.readable("postgresql://u@h/d"):
            raise asyncpg.PostgresError.new({"C": state, "M": ""})
    assert refused.value.code == "ACC410"


SECRET = "hunter2SECRET"
SIGNS = ["?", "#", "/", "@", "%", "[", "]", " ", "\0", "\\", "'", ":", "&", "%zz", "="]
PIECES = [
    *(
        "postgresql://",
        "postgres://",
        "",
        "x://",
        "u",
        "u:",
        "@",
        "127.0.0.1",
        ":1",
        ":x",
        "/",
        "db",
        "&",
        "[::1]",
        "é",
    ),
    *("?host=", "host=/nope", "password=", "sslmode=bad", "sslmode=require", "port=x", "passfile=/nope", "service=x"),
    *("target_session_attrs=bad", "user=", "connect_timeout=x", "options=-c x", '"', *SIGNS),
]
ADDRESSES = int(os.environ.get("ACCOMPANIST_ADDRESSES", "150"))


def malformed(chance: random.Random) -> str:
    parts = [chance.choice([*PIECES, SECRET]) for _ in range(chance.randint(1, 9))]
    if chance.random() < 0.5:
        parts = [f"postgresql://u:{SECRET}{chance.choice(SIGNS)}x@127.0.0.1:1/db", *parts]
    return "".join(parts)


async def test_no_address_ends_in_a_traceback_or_shows_a_password(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever it is: it is refused by an error of ours, which repeats nothing that may be a secret."""

    def nowhere(host: object, *_: object, **__: object) -> list[object]:
        raise gaierror(f"no name is looked up here, and {host} is one")

    monkeypatch.setattr("socket.getaddrinfo", nowhere)
    for name, value in {"PGHOST": "127.0.0.1", "PGPORT": "1"}.items():  # what an address leaves out
        monkeypatch.setenv(name, value)
    chance = random.Random(7)
    for _ in range(ADDRESSES):
        written = malformed(chance)
        with pytest.raises(OperatorError) as refused:
            await provision.bootstrap(written, {"stock": "stock"})
        assert SECRET not in str(refused.value), written


@pytest.mark.parametrize("sign", ["?", "#", "/", "@", "%zz", "["])
def test_a_start_shows_no_password_that_was_not_quoted(sign: str, tmp_path: Path) -> None:
    (tmp_path / "accompanist.toml").write_text("[service.stock]\n")
    told = {"DATABASE_URL": f"postgresql://u:{SECRET}{sign}x@127.0.0.1:1/db"}
    start = cluster(tmp_path / "var", told, config_file=tmp_path / "accompanist.toml")
    with pytest.raises(OperatorError) as refused, start:
        pass
    assert refused.value.code == "ACC448" and SECRET not in str(refused.value)


def test_another_login_at_the_same_place() -> None:
    given = "postgresql://admin:old@h:1,g:2/db?sslmode=require&password=older"
    made = address.of_login(given, "stock_sidecar", "p?s/w@rd")
    assert made == "postgresql://stock_sidecar:p%3Fs%2Fw%40rd@h:1,g:2/db?sslmode=require"
    assert address.shown(made) == "h:1,g:2/db"
    assert address.of_login("host=/run dbname=x user=admin", "u", "p") == "postgresql://u:p@?host=/run&dbname=x"
