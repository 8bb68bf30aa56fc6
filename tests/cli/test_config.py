"""accompanist.toml: what a valid file means, and what is reported of an invalid one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from accompanist import limits
from accompanist.errors import OperatorError
from accompanist.sidecar import config
from accompanist.sidecar.config import Config

ROOT = Path("/srv/orders")
PAYMENT = {"api": "http://127.0.0.1:7102", "workers": {"Payment": "unix:run/payment.sock"}}


def build(environ: dict[str, str] | None = None, **services: dict[str, Any]) -> Config:
    return config.build({"service": services}, ROOT, environ or {})


def test_the_deployment_of_the_order_saga_is_right() -> None:
    there = config.load(Path(__file__).parents[2] / "accompanist.toml", {"DATABASE_URL": "postgresql:///sagas"})
    assert sorted(there.services) == ["loyalty", "payment", "warehouse"]
    roles = {"warehouse": "Warehouse", "payment": "Payment", "loyalty": "Loyalty"}
    assert there.bind("fulfil_order", roles) == {role: role for role in roles}
    assert there.service("payment").needs_database() == "postgresql:///sagas"
    assert set(there.peers_of("payment")) == set(roles)


def test_paths_are_relative_to_the_file() -> None:
    payment = build(
        payment=PAYMENT
        | {"database": "postgresql://me@/x?host=run/pg", "api": "http+unix:run/api", "choreographies": ["a/b.py"]}
    ).service("payment")
    assert payment.workers == {"Payment": "unix:/srv/orders/run/payment.sock"}
    assert payment.choreographies == ("/srv/orders/a/b.py",)
    assert payment.api == "http+unix:/srv/orders/run/api"
    assert payment.database == "postgresql://me@/x?host=/srv/orders/run/pg"
    assert payment.schema == "payment"


def test_the_environment_stands_over_the_file() -> None:
    environ = {
        "DATABASE_URL": "postgresql:///all",
        "ACCOMPANIST_SERVICE_PAYMENT_API": "http://127.0.0.1:9000",
        "ACCOMPANIST_SERVICE_PAYMENT_WORKER_PAYMENT": "tcp:127.0.0.1:9001",
        "ACCOMPANIST_SERVICE_STOCK_DATABASE": "postgresql:///own",
    }
    services = build(environ, payment=PAYMENT | {"database": "postgresql:///file"}, stock={}).services
    payment, stock = services["payment"], services["stock"]
    assert (payment.database, payment.api) == ("postgresql:///all", "http://127.0.0.1:9000")
    assert payment.workers == {"Payment": "tcp:127.0.0.1:9001"}
    assert (stock.database, stock.schema) == ("postgresql:///own", "stock")


def test_a_pooler_stands_beside_the_database_and_a_flag_may_come_from_the_environment() -> None:
    environ = {"ACCOMPANIST_SERVICE_PAYMENT_POLL_ONLY": "true", "ACCOMPANIST_SERVICE_STOCK_POLL_ONLY": "0"}
    given = {"database": "postgresql:///own", "pooler": "postgresql://x@/own?host=./run"}
    services = build(environ, payment=PAYMENT | given, stock={"poll_only": True}).services
    assert services["payment"].database == "postgresql:///own"
    assert services["payment"].pooler.startswith("postgresql://x@/own?host=/"), "relative to the file"
    assert (services["payment"].poll_only, services["stock"].poll_only) == (True, False)


@pytest.mark.parametrize(
    ("table", "code", "said"),
    [
        ({"services": {}}, "ACC603", "'service'"),
        ({"service": {"payment": {"databse": "x"}}}, "ACC603", "'database'"),
        ({"service": {"payment": {"api": 7102}}}, "ACC604", "payment"),
        ({"service": {"payment": {"workers": ["x"]}}}, "ACC604", "workers"),
        ({"service": {"payment": []}}, "ACC604", "service.payment"),
        ({"service": {"payment": {"retry": {"charge": {"attempts": 3}}}}}, "ACC604", "attempts"),
        ({"service": {"payment": {"retry": {"charge": {"attempts_max": 0}}}}}, "ACC604", "attempts_max"),
        ({"service": {"payment": {"limit": {"charge": {"max_in_flight": 0}}}}}, "ACC604", "max_in_flight"),
        ({"service": {"payment": {"limit": {"charge": {"per_second": 0}}}}}, "ACC604", "per_second"),
        ({"service": {"payment": {"limit": {"charge": {"waiting_max": 9}}}}}, "ACC604", "is needed"),
        ({"service": {"payment": {"limit": {"charge": {"per_minute": 9}}}}}, "ACC604", "per_minute"),
        ({"service": {"payment": {"limit": {"charge": {"per_second": float("inf")}}}}}, "ACC604", "per_second"),
        ({"service": {"Payment!": {}}}, "ACC604", "Payment!"),
        ({"service": {"payment": {"schema": "x; drop"}}}, "ACC604", "schema"),
        ({"service": {"payment": {"api": "unix:/x"}}}, "ACC604", "http+unix"),
        ({"service": {"payment": {"api": "http://127.0.0.1:99999"}}}, "ACC604", "http://HOST:PORT"),
        ({"service": {"payment": {"api": "http://0.0.0.0:7102"}}}, "ACC607", "0.0.0.0"),
        ({"service": {"payment": {"database": "mysql://me:s3cret@x/y"}}}, "ACC604", "postgresql://"),
        ({"service": {"payment": {"database": "postgresql://me:s3cret@[::1/y"}}}, "ACC604", "postgresql://"),
        ({"service": {"payment": {"database": "postgresql://me:s3cret@x:99999/y"}}}, "ACC604", "postgresql://"),
        ({"service": {"payment": {"pooler": "mysql://me:s3cret@x/y"}}}, "ACC604", "postgresql://"),
        ({"service": {"payment": {"poll_only": "sometimes"}}}, "ACC604", "poll_only"),
        ({"service": {"payment": {"poll_onyl": True}}}, "ACC603", "'poll_only'"),
        ({"peers": {"shipping": {}}}, "ACC604", "neither"),
        ({"peers": {"shipping": {"uri": "x"}}}, "ACC603", "'url'"),
        ({"service": {"payment": {}}, "bindings": {"f": {"p": "paymnt"}}}, "ACC606", "'payment'"),
    ],
)
def test_a_wrong_table_is_refused_with_what_was_meant(table: dict[str, Any], code: str, said: str) -> None:
    with pytest.raises(OperatorError) as refused:
        config.build(table, ROOT, {})
    assert refused.value.code == code
    assert said in str(refused.value)
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize(
    ("other", "what"), [({"schema": "payment"}, "schema"), ({"api": "http://127.0.0.1:7102"}, "api")]
)
def test_what_each_service_needs_for_itself_is_not_shared(other: dict[str, Any], what: str) -> None:
    with pytest.raises(OperatorError, match=what) as refused:
        build({"DATABASE_URL": "postgresql:///x"}, payment=PAYMENT, loyalty=other)
    assert refused.value.code == "ACC605"


def test_one_schema_name_in_two_databases_is_no_clash() -> None:
    build(
        payment={"database": "postgresql:///a", "schema": "log"},
        loyalty={"database": "postgresql:///b", "schema": "log"},
    )


def test_an_api_off_this_machine_needs_a_token(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("a-secret-of-somebody\n")
    (tmp_path / "token").chmod(0o600)
    table = {"service": {"payment": {"api": "http://0.0.0.0:7102", "token_file": "token"}}}
    [token] = config.build(table, tmp_path, {}).service("payment").tokens()
    assert token.rights == {"start", "signal", "cancel", "read", "operate"}


def test_a_misspelt_variable_is_refused() -> None:
    with pytest.raises(OperatorError, match="ACCOMPANIST_SERVICE_PAYMENT_API"):
        build({"ACCOMPANIST_SERVICE_PAYMENT_APY": "x"}, payment=PAYMENT)


TEXTS = "database pooler link schema listen api state_dir version_key_file token_file peer_token_file"
NUMBERS = "collect_after_s payload_after_s tombstone_s"
VARIABLES: dict[str, tuple[str, Any]] = {
    **dict.fromkeys(TEXTS.split(), ("postgresql:///x", None)),
    **dict.fromkeys(NUMBERS.split(), ("7200", 7200)),
    "schema": ("log", "log"),
    "api": ("http+unix:/run/a", "http+unix:/run/a"),
    "poll_only": ("TRUE", True),
    "early_release": ("true", True),
    "retry": ('{"charge": {"attempts_max": 3}}', None),
    "limit": ('{"charge": {"max_in_flight": 3}, "*": {"per_second": 0.5}}', None),
    "peer_tokens": ('{"stock": "s.token"}', {"stock": str(ROOT / "s.token")}),
    "worker_tokens": ('{"Payment": "p.token"}', {"Payment": str(ROOT / "p.token")}),
}


def test_every_key_but_lists_and_workers_has_a_variable() -> None:
    keys = {field for field in config.Service.__struct_fields__ if field != "name"}
    payment = {**PAYMENT, "workers": {"Payment": "http+unix:/run/w"}}
    for key in keys - {"workers", "choreographies"}:
        text, value = VARIABLES[key]
        found = getattr(
            build({f"ACCOMPANIST_SERVICE_PAYMENT_{key.upper()}": text}, payment=payment).services["payment"], key
        )
        assert found == value if value is not None else found, key
    for key in ("workers", "choreographies", "name"):
        with pytest.raises(OperatorError, match="ACC603"):
            build({f"ACCOMPANIST_SERVICE_PAYMENT_{key.upper()}": "x"}, payment=payment)


@pytest.mark.parametrize(
    ("key", "text", "said"),
    [
        ("retry", "{", "ACCOMPANIST_SERVICE_PAYMENT_RETRY is not JSON"),
        ("collect_after_s", "-1", "collect_after_s"),
        ("payload_after_s", "1_000", "payload_after_s"),
        ("tombstone_s", "9" * 5000, "tombstone_s"),
        ("poll_only", "sometimes", "poll_only"),
    ],
)
def test_a_variable_that_does_not_fit_is_refused_with_its_name(key: str, text: str, said: str) -> None:
    with pytest.raises(OperatorError, match=said) as refused:
        build({f"ACCOMPANIST_SERVICE_PAYMENT_{key.upper()}": text}, payment=PAYMENT)
    assert refused.value.code == "ACC604"


def test_every_key_stands_in_the_example() -> None:
    """Reason: ACC604 sends people there. Retry policies and limits have tables of their own."""
    assert "[service.payment.retry]" in str(config.__doc__)
    assert "[service.payment.limit]" in str(config.__doc__)
    for struct in (config.Service, config.Peer):
        for key in struct.__struct_fields__:
            assert key in ("name", "retry", "limit") or f"\n    {key} = " in str(config.__doc__), key
    for key in (*TEXTS.split(), *NUMBERS.split(), "poll_only", "early_release"):
        assert key in str(config.__doc__).partition("for the keys")[2], key


def test_an_unknown_service_is_answered_with_the_nearest() -> None:
    with pytest.raises(OperatorError, match="did you mean 'payment'"):
        build(payment=PAYMENT).service("paymnet")


def test_a_sidecar_needs_a_database_and_a_client_does_not() -> None:
    payment = build(payment=PAYMENT).service("payment")
    with pytest.raises(OperatorError, match="DATABASE_URL"):
        payment.needs_database()


def test_bindings_name_a_role_or_its_class_does() -> None:
    two = {"service": {"a": {"workers": {"P": "tcp:127.0.0.1:1"}}, "b": {"workers": {"P": "tcp:127.0.0.1:2"}}}}
    with pytest.raises(OperatorError, match="a, b all have"):
        config.build(two, ROOT, {}).bind("f", {"p": "P"})
    with pytest.raises(OperatorError, match="no service has"):
        config.build(two, ROOT, {}).bind("f", {"q": "Q"})
    bound = config.build({**two, "bindings": {"f": {"p": "b"}}}, ROOT, {})
    assert bound.bind("f", {"p": "P"}) == {"p": "b"}
    with pytest.raises(OperatorError, match="did you mean 'payer'"):
        config.build({**two, "bindings": {"f": {"payr": "b"}}}, ROOT, {}).bind("f", {"payer": "P"})


def test_files_that_are_not_there_or_not_toml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OperatorError) as absent:
        config.load(tmp_path / "none.toml", {})
    assert absent.value.code == "ACC601"
    twice = tmp_path / "accompanist.toml"
    twice.write_text("[service.a]\n[service.a]\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OperatorError) as broken:
        config.load(None, {})
    assert broken.value.code == "ACC602"


def test_the_file_is_found_from_below(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "accompanist.toml").write_text("[service.a]\n")
    (tmp_path / "deep" / "er").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "deep" / "er")
    assert config.load(None, {}).root == tmp_path.resolve()


def test_late_messages_are_refused_for_longer_than_they_can_be_late() -> None:
    """What a row of the outbox waits between two trials, and what a process may sleep, lies far below the floor."""
    assert limits.tombstone_floor_s * 1000 > 100 * limits.outbox_retry_cap_ms
    least = build(payment=PAYMENT | {"tombstone_s": limits.tombstone_floor_s})
    assert least.service("payment").tombstone_s == limits.tombstone_floor_s
    with pytest.raises(OperatorError):
        build(payment=PAYMENT | {"tombstone_s": limits.tombstone_floor_s - 1})
