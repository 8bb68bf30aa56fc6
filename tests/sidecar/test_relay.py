"""Services with databases of their own: which messages leave for them, which come from them, and what a lost call
costs.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import orjson
import pytest

from accompanist import limits
from accompanist.errors import OperatorError
from accompanist.rpc import peers
from accompanist.rpc.envelope import INVALID_PARAMS, RpcError
from accompanist.runtime.messages import Message
from accompanist.runtime.ports import Delivery, Phase
from accompanist.sidecar import config
from accompanist.sidecar.loops.relay import Receiver
from accompanist.sidecar.peering import peering, peers_access
from tests.runtime import sagas
from tests.sidecar.harness import Services

APART = [{"b"}, {"a"}, {"a", "b", "c"}]


@pytest.mark.parametrize("apart", APART, ids=lambda apart: "".join(sorted(apart)))
async def test_a_saga_settles_across_databases(apart: set[str]) -> None:
    services = Services(sagas.ring(), apart=apart)
    session = await services.start()
    row = await services.end(session)
    assert (row.outcome, row.result) == ("settled", b"5")
    assert services.effects(session) == {"do": 1, "try_it": 1, "last": 1, "finish": 1}


@pytest.mark.parametrize("decline", ["do", "try_it", "last", "finish"])
async def test_a_refusal_undoes_all_of_it(decline: str) -> None:
    services = Services(sagas.ring(), decline, apart={"a", "b", "c"})
    session = await services.start()
    row = await services.end(session)
    assert (row.outcome, row.reason) == ("ended", f"{decline} says no")
    assert set(services.effects(session).values()) <= {0}


@pytest.mark.parametrize("lost", ["request", "answer"])
@pytest.mark.parametrize("decline", ["", "last"])
async def test_what_is_lost_on_the_way_is_sent_again(lost: str, decline: str) -> None:
    services = Services(sagas.ring(), decline, apart={"a", "b", "c"})
    services.lost = [lost] * 7
    session = await services.start()
    ending = asyncio.ensure_future(services.end(session))
    while not ending.done():
        services.now += limits.outbox_retry_cap_ms / 1000  # what was tried is due again
        for sidecar in services.sidecars.values():
            sidecar.relay.wake(services.programs)
        await asyncio.sleep(0)
    assert ending.result().outcome == ("ended" if decline else "settled")
    assert set(services.effects(session).values()) == ({0} if decline else {1})


async def test_nothing_is_left_behind() -> None:
    services = Services(sagas.ring(), apart={"b"})
    session = await services.start()
    await services.end(session)
    for role in "bc":
        await services.row(role, session, Phase.SETTLED)
    while any(database.services[role].outbox for role, database in services.databases.items()):  # noqa: ASYNC110
        await asyncio.sleep(0)  # a turn of the loop, not a time


@pytest.mark.slow
@pytest.mark.parametrize("where", ["in memory", "in the log alone"])
async def test_a_contradiction_at_the_receiver_parks_the_sender(where: str) -> None:
    services = Services(sagas.ring(), apart={"b"})
    session = await services.start()
    first = msgspec.structs.replace(sagas.start(1), payload=b"77", kind="data", site="2", sender="a", receiver="b")
    forged = msgspec.structs.replace(first, header=msgspec.structs.replace(first.header, session=session))
    sites = _sites_from_a(services)
    await services.sidecars["b"].log.accept("a", [msgspec.structs.replace(forged, site=sites)])
    if where != "in memory":
        # the peer is away until the session, which waits, was crowded out of memory
        services.lost = ["request"]
        driver = services.sidecars["a"].driver
        while services.lost or (waits := driver.session(session, "a")) is None or driver._output._committing:  # noqa: ASYNC110
            await asyncio.sleep(0)  # a turn of the loop, not a time
        driver.holding.drop(waits)
        services.now += limits.outbox_retry_cap_ms / 1000
        services.sidecars["a"].relay.wake(["b"])
    async with asyncio.timeout(20):
        while (row := await _row(services, session)) is None or row.parked is None:  # noqa: ASYNC110
            await asyncio.sleep(0)  # a turn of the loop, not a time
    assert row.parked.code == "ACC205"


def _sites_from_a(services: Services) -> str:
    """The site at which a sends to b."""
    program = services.programs["a"].start({"value": 1})
    operation = next(program)
    while not hasattr(operation, "to"):
        operation = program.send(1)
    return str(operation.site)


async def _row(services: Services, session):  # type: ignore[no-untyped-def]
    [memory] = await services.sidecars["a"].log.load([(session, "a")])
    return memory.session


# -- what a call carries -----------------------------------------------------------------------------


def message(payload: bytes = b'{"b":1.0,"a":[null]}', site: str = "4") -> Message:
    return msgspec.structs.replace(
        sagas.start(),
        kind="data",
        site=site,
        sender="a",
        receiver="b",
        payload=payload,
        context={"traceparent": "00-1"},
    )


def test_a_message_keeps_its_bytes() -> None:
    sent = [message(), message(b'"\\u00e9\\n"', "5"), message(b"12345678901234567890", "6")]
    [(group, arguments)] = peers.calls(sent)
    assert group == sent
    assert peers.read(bytes(msgspec.json.decode(arguments, type=dict[str, msgspec.Raw])["messages"])) == sent


def test_a_call_carries_what_fits_and_one_at_least() -> None:
    half = b'"' + b"x" * (limits.payload_bytes_max // 2) + b'"'
    whole = b'"' + b"x" * (limits.payload_bytes_max - 2) + b'"'
    sent = [message(half, str(n)) for n in range(4)] + [message(whole, "9"), message(site="10")]
    carried = list(peers.calls(sent))
    assert [one for group, _ in carried for one in group] == sent
    assert [len(group) for group, _ in carried] == [2, 2, 2]
    assert all(len(arguments) < limits.message_bytes_max for _, arguments in carried)


@pytest.mark.parametrize("said", [b"null", b"[]", b'{"answers":["stored"]}', b'{"answers":["stored","eaten"]}', b"{"])
def test_an_answer_that_is_none_is_not_believed(said: bytes) -> None:
    with pytest.raises(peers.Nonsense):
        peers.read_answer(said, 2)


def test_answers_come_in_the_order_of_the_messages() -> None:
    deliveries = [Delivery.STORED, Delivery.CLASH, Delivery.FULL]
    assert peers.read_answer(peers.answer(deliveries), 3) == deliveries


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"messages": b"null"},
        {"messages": b"[1]"},
        {"messages": b'[{"kind":"data"}]'},
        {"messages": b"[" + b"{}," * 2},
    ],
)
async def test_what_is_no_message_is_refused(params: dict[str, bytes]) -> None:
    services = Services(sagas.ring(), apart={"b"})
    given = {key: msgspec.Raw(value) for key, value in params.items()}
    with pytest.raises(RpcError) as refused:
        await Receiver(services.sidecars["b"].log).deliver(given, None)
    assert (refused.value.code, refused.value.data["code"]) == (INVALID_PARAMS, "ACC720")


async def test_too_many_at_once_are_refused() -> None:
    services = Services(sagas.ring(), apart={"b"})
    arguments = peers.arguments([message(b"1", str(n)) for n in range(limits.relay_rows_max + 1)])
    params = msgspec.json.decode(arguments, type=dict[str, msgspec.Raw])
    with pytest.raises(RpcError) as refused:
        await Receiver(services.sidecars["b"].log).deliver(params, None)
    assert (refused.value.code, refused.value.data["code"]) == (INVALID_PARAMS, "ACC720")


# -- who is where --------------------------------------------------------------------------------------

TABLE = {
    "service": {
        "a": {"database": "postgresql://db/one", "peer_tokens": {"b": "b.token"}},
        "b": {"database": "postgresql://db/two", "listen": "http://127.0.0.1:7999", "peer_token_file": "b.peers"},
        "c": {"database": "postgresql://db/one"},
    }
}


def deployment(tmp_path: Path, **changes: object) -> config.Config:
    for name, text in (("b.token", "0123456789abcdef\n"), ("b.peers", "a deliver 0123456789abcdef\n")):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o600)
    table = orjson.loads(orjson.dumps(TABLE))
    for place, value in changes.items():
        service, key = place.split("_", 1)
        table["service"][service][key] = value
    return config.build(table, tmp_path, {})


async def test_peers_in_one_database_need_nothing_and_others_an_address_and_a_token(tmp_path: Path) -> None:
    found = deployment(tmp_path)
    schemas, couriers = peering(found, found.service("a"))
    assert (schemas, list(couriers)) == ({"a": "a", "c": "c"}, ["b"])
    assert couriers["b"].url == "http://127.0.0.1:7999"


@pytest.mark.parametrize(
    ("changes", "missing"),
    [({"b_listen": ""}, "address"), ({"a_peer_tokens": {}}, "token")],
)
def test_a_peer_that_cannot_be_reached_is_told_at_the_start(
    tmp_path: Path, changes: dict[str, object], missing: str
) -> None:
    found = deployment(tmp_path, **changes)
    with pytest.raises(OperatorError) as refused:
        peering(found, found.service("a"))
    assert refused.value.code == "ACC705"
    assert missing in refused.value.text


def test_a_peer_off_this_machine_is_reached_by_tls_only(tmp_path: Path) -> None:
    found = deployment(tmp_path, b_listen="http://shipping.internal:80/peer")
    with pytest.raises(OperatorError) as refused:
        peering(found, found.service("a"))
    assert refused.value.code == "ACC503"
    found = deployment(tmp_path, b_listen="https://shipping.internal/peer")
    assert peering(found, found.service("a")).couriers["b"].url == "https://shipping.internal/peer"


async def test_databases_of_one_name_on_two_servers_are_two(tmp_path: Path) -> None:
    found = deployment(tmp_path, b_database="postgresql://elsewhere/one", c_database="postgresql:///one?host=db")
    schemas, couriers = peering(found, found.service("a"))
    assert (schemas, list(couriers)) == ({"a": "a", "c": "c"}, ["b"])


def test_who_listens_knows_its_peers(tmp_path: Path) -> None:
    found = deployment(tmp_path)
    assert peers_access(found.service("b")).caller(b"Bearer 0123456789abcdef").name == "a"
    with pytest.raises(OperatorError) as refused:
        peers_access(deployment(tmp_path, b_peer_token_file="").service("b"))
    assert refused.value.code == "ACC721"


@pytest.mark.parametrize("line", ["a read 0123456789abcdef", "0123456789abcdef"])
def test_a_peers_token_delivers_and_does_nothing_else(tmp_path: Path, line: str) -> None:
    found = deployment(tmp_path)
    (tmp_path / "b.peers").write_text(line)
    with pytest.raises(OperatorError) as refused:
        peers_access(found.service("b"))
    assert refused.value.code == "ACC610"
