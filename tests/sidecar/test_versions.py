"""A deployment that changes under open sessions: they go on under the version with which they began, loaded from the
log if no file has it any more. If that is impossible, they wait and are shown.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, cast
from uuid import UUID, uuid4

import msgspec
import orjson
import pytest
from structlog.testing import capture_logs

from accompanist import limits
from accompanist.errors import OperatorError
from accompanist.language.values import codec
from accompanist.language.versions import texts
from accompanist.log.group import Flusher
from accompanist.log.memory import MemoryDatabase, MemoryLog
from accompanist.runtime.answers import Answer, Replied
from accompanist.runtime.control import CLIENT, site_of
from accompanist.runtime.log import VersionPort
from accompanist.runtime.messages import Header, Kind, Message
from accompanist.runtime.ports import Commit, KeptVersion, Memory, SessionRow
from accompanist.runtime.replay import decode_arguments
from accompanist.sidecar import hosting
from accompanist.sidecar.calls.attempts import Calls
from accompanist.sidecar.compiling.here import Here
from accompanist.sidecar.hosting import Hosted
from accompanist.sidecar.loops.intake import Intake
from accompanist.sidecar.sessions.driver import Driver
from accompanist.sidecar.tracing import Tracing
from accompanist.sidecar.versions import Versions
from accompanist.telemetry.spans import Telemetry

SAGA = """
from __future__ import annotations
from accompanist import At, Role, choreography, com, query
from asking.words import Asked, weighed

class Asker(Role): ...

class Teller(Role):
    @query
    def tell(self, asked: Asked) -> int: ...

@choreography
def ask(asker: Asker, teller: Teller, asked: At[Asked, "asker"]) -> At[int, "asker"]:
    return com(weighed(teller.tell(com(asked, to=teller))), to=asker)
"""
WORDS = """
from __future__ import annotations
from dataclasses import dataclass
from accompanist import pure

@dataclass(frozen=True, slots=True)
class Asked:
    number: int
    FIELD: int = 0

@pure
def weighed(number: int) -> int:
    return number * WEIGHT
"""


class Teller:
    """The deployed worker: it answers with the number it is asked, once it is let go."""

    def __init__(self) -> None:
        self.let_go = asyncio.Event()
        self.asked: list[bytes] = []

    async def call(self, method: str, arguments: bytes, meta: bytes, timeout_ms: int) -> Answer:
        self.asked.append(arguments)
        await self.let_go.wait()
        return Replied(orjson.dumps(orjson.loads(arguments)["asked"]["number"]))

    async def close(self) -> None: ...


class Deployment:
    """One service `desk` that plays both roles, over one log; its sidecars come and go."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.now = 0.0
        self.database = MemoryDatabase(["desk"], clock=lambda: self.now)
        self.worker = Teller()
        self.rows: dict[object, asyncio.Future[SessionRow]] = {}

    def write(self, weight: int, field: str = "extra") -> None:
        """Edit the project's files in place, as a deploy does."""
        folder = self.root / "asking"
        folder.mkdir(exist_ok=True)
        (folder / "saga.py").write_text(SAGA)
        (folder / "words.py").write_text(WORDS.replace("WEIGHT", str(weight)).replace("FIELD", field))

    def hosted(self, bind: Callable[[str, Mapping[str, str]], Mapping[str, str]] | None = None) -> Hosted:
        for name in [name for name in sys.modules if name.partition(".")[0] == "asking"]:
            del sys.modules[name]  # another process
        found = Hosted("desk", bind or (lambda name, classes: dict.fromkeys(classes, "desk")), Here())
        found.add_files([self.root / "asking" / "saga.py"], self.root)
        return found

    async def sidecar(self, hosted: Hosted | None = None) -> Sidecar:
        sidecar = Sidecar(self, hosted or self.hosted())
        await sidecar.versions.register()
        sidecar.intake.start()
        return sidecar

    def ended(self, row: SessionRow) -> None:
        future = self.rows.get(row.header.session)
        if row.role == "asker" and row.outcome is not None and future is not None and not future.done():
            future.set_result(row)

    async def end(self, header: Header) -> SessionRow:
        async with asyncio.timeout(20):
            return await self.rows[header.session]


async def _at_once(seconds: float) -> None:
    await asyncio.sleep(0)


class Sidecar:
    def __init__(self, deployment: Deployment, hosted: Hosted) -> None:
        self.deployment, self.hosted = deployment, hosted
        self.log = MemoryLog(deployment.database, "desk", delivered=lambda services: self.intake.wake())
        self.flusher = Flusher(self.log, sleep=_at_once)
        tracing = Tracing(Telemetry(), {})
        calls = Calls({"Teller": deployment.worker}, tracing, sleep=_at_once, chance=lambda: 0.0)
        self.driver = Driver("desk", hosted, self.log, self.flusher, calls, tracing, deployment.ended)
        self.versions = Versions(hosted, self.log, tombstone_ms=10_000, clock=lambda: deployment.now)
        self.intake = Intake(f"desk/{uuid4().hex}", self.log, self.driver, None, self.versions)

    async def start(self, number: int) -> Header:
        program, bindings = self.hosted.startable("ask")
        header = Header(
            session=uuid4(),
            choreography="ask",
            fingerprint=program.choreography.fingerprint,
            initiator="asker",
            bindings=dict(bindings),
            started_at=1.0,
        )
        self.deployment.rows[header.session] = asyncio.get_running_loop().create_future()
        given = orjson.dumps({"asked": {"number": number}})
        await self.post(header, codec.encode(decode_arguments(program, given)))
        return header

    async def post(self, header: Header, payload: bytes) -> None:
        message = Message(
            header=header, kind=Kind.START, site=site_of(Kind.START), sender=CLIENT, receiver="asker", payload=payload
        )
        await self.flusher.commit(Commit(shard=None, messages=(message,)))
        self.intake.wake()

    async def stop(self) -> None:
        await self.intake.stop()
        await self.driver.drain(0.0)
        await self.intake.release()
        await self.flusher.close()


async def until(there: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not there():  # noqa: ASYNC110 (a condition of many parts)
            await asyncio.sleep(0.001)


@pytest.fixture
def deployment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployment]:
    monkeypatch.setattr(limits, "lease_renew_ms", 5)
    monkeypatch.setattr(limits, "poll_ms", 5)
    before, path = set(sys.modules), list(sys.path)
    yield Deployment(tmp_path)
    sys.path[:] = path
    for name in set(sys.modules) - before:
        if name.startswith(("_accompanist_", "asking")):
            del sys.modules[name]


async def test_a_file_is_edited_and_sessions_of_both_versions_run_and_back_again(deployment: Deployment) -> None:
    deployment.write(10)
    first = await deployment.sidecar()
    old = await first.start(1)
    await until(lambda: bool(deployment.worker.asked))
    await first.stop()

    deployment.write(100, field="another")
    second = await deployment.sidecar()
    new = await second.start(2)
    assert new.fingerprint != old.fingerprint
    await until(lambda: second.hosted.hosts(old.fingerprint, "teller") and not second.driver.unhosted)
    deployment.worker.let_go.set()
    assert [(await deployment.end(of)).result for of in (old, new)] == [b"10", b"200"]
    fields = {frozenset(orjson.loads(asked)["asked"]) for asked in deployment.worker.asked}
    assert fields == {frozenset({"number", "extra"}), frozenset({"number", "another"})}

    deployment.worker.let_go.clear()
    kept = await second.start(3)
    asked = len(deployment.worker.asked)
    await until(lambda: len(deployment.worker.asked) > asked)
    await second.stop()
    deployment.write(10)
    third = await deployment.sidecar()
    again = await third.start(4)
    assert again.fingerprint == old.fingerprint
    deployment.worker.let_go.set()
    assert [(await deployment.end(of)).result for of in (kept, again)] == [b"300", b"40"]
    await third.stop()


async def test_an_old_replica_hosts_what_only_the_new_one_has_deployed(deployment: Deployment) -> None:
    deployment.write(10)
    old = await deployment.sidecar()  # it holds every shard, and keeps them
    deployment.write(100)
    other = Sidecar(deployment, deployment.hosted())
    await other.versions.register()
    header = await other.start(5)
    deployment.worker.let_go.set()
    assert (await deployment.end(header)).result == b"500"
    assert old.hosted.hosts(header.fingerprint, "asker")
    await until(lambda: old.driver.holding.open_sessions == 0)
    assert old.hosted.startable("ask")[0].choreography.fingerprint != header.fingerprint
    await old.stop()


async def test_a_version_that_is_registered_later_is_found_then(deployment: Deployment) -> None:
    deployment.write(10)
    old = await deployment.sidecar()
    deployment.write(100)
    other = Sidecar(deployment, deployment.hosted())
    header = await other.start(5)
    await until(lambda: bool(old.driver.unhosted))
    assert "the log keeps none" in old.hosted.why(header.fingerprint, "asker")
    await other.versions.register()
    deployment.worker.let_go.set()
    assert (await deployment.end(header)).result == b"500"
    assert not old.driver.unhosted
    await old.stop()


async def test_a_session_that_is_loaded_when_its_version_comes_is_not_said_to_miss_it(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slow log: until the session was read, a client that wants to cancel it was told to deploy that version."""
    deployment.write(10)
    old = await deployment.sidecar()
    deployment.write(100)
    other = Sidecar(deployment, deployment.hosted())
    header = await other.start(5)
    await until(lambda: bool(old.driver.unhosted))
    await old.versions.step(old.driver)  # that it is missing is said now, and not later
    answers, load, reading = asyncio.Event(), old.log.load, asyncio.Event()

    async def slow(keys: Sequence[tuple[UUID, str]], *, whole: bool = False) -> Sequence[Memory]:
        reading.set()
        await answers.wait()
        return await load(keys, whole=whole)

    monkeypatch.setattr(old.log, "load", slow)
    with capture_logs() as lines:
        again = asyncio.create_task(old.driver.recover([(header.session, "asker")]))
        await reading.wait()
        await other.versions.register()
        await until(lambda: old.hosted.hosts(header.fingerprint, "asker"))
        await until(lambda: not old.driver.unhosted)
        await asyncio.sleep(0.05)
        answers.set()
        deployment.worker.let_go.set()
        assert (await deployment.end(header)).result == b"500"
    await again
    assert "version.unhostable" not in [line["event"] for line in lines]
    await old.stop()


async def test_another_compiler_is_not_guessed_on(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    """A release whose fingerprint differs for the same text: the session waits, with the reason; and one that has the
    version deployed takes it up."""
    deployment.write(10)
    first = await deployment.sidecar()
    old = await first.start(1)
    await until(lambda: bool(deployment.worker.asked))
    await first.stop()
    deployment.write(100)
    second = await deployment.sidecar()
    compile_file = texts.compile_file

    def differently(path: str, *, root: str, read: Callable[[str], str | None], **given: Any) -> object:
        def other(asked: str) -> str | None:
            return (read(asked) or "").replace("* 10", "* 11") or None

        return compile_file(path, root=root, read=other, **given)

    monkeypatch.setattr(texts, "compile_file", differently)
    await until(lambda: old.fingerprint in second.hosted.refused)
    why = second.hosted.why(old.fingerprint, "asker")
    assert "ACC706" in why and "another fingerprint" in why and "Accompanist 0." in why
    assert set(second.driver.unhosted.values()) == {old.fingerprint}
    monkeypatch.undo()
    await second.stop()
    deployment.write(10)
    third = await deployment.sidecar()
    deployment.worker.let_go.set()
    assert (await deployment.end(old)).result == b"10"
    await third.stop()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"texts": {}}, "there is no file"),
        ({"texts": {"asking/saga.py": "import os\nos.abort()\n"}}, "no function here is decorated"),
        ({"file": "../../etc/passwd"}, "there is no file"),
    ],
)
async def test_damaged_texts_are_refused_and_nothing_of_them_runs(
    deployment: Deployment, change: dict[str, object], why: str
) -> None:

    deployment.write(10)
    [version] = deployment.hosted().deployed
    deployment.write(100)
    hosted = deployment.hosted()
    with pytest.raises(OperatorError, match=why) as refused:
        hosted.add_kept(msgspec.structs.replace(version, **change))
    assert refused.value.code == "ACC706"
    assert not hosted.hosts(version.fingerprint, "asker")


async def test_a_version_without_the_seal_of_this_service_is_not_compiled(deployment: Deployment) -> None:
    """However right its texts and its fingerprint are: who wrote it may name it in a message next."""
    deployment.write(10)
    [version] = deployment.hosted().deployed
    deployment.write(100)
    hosted = deployment.hosted()
    with pytest.raises(OperatorError) as refused:
        hosted.add_kept(msgspec.structs.replace(version, sealed=False))
    assert refused.value.code == "ACC727"
    assert not hosted.hosts(version.fingerprint, "asker")
    hosted.add_kept(version)
    assert hosted.hosts(version.fingerprint, "asker")


async def test_what_a_text_needs_and_is_not_installed_any_more_is_said(deployment: Deployment) -> None:
    deployment.write(10)
    [version] = deployment.hosted().deployed
    words = version.texts["asking/words.py"] + "\nimport gone_with_the_last_deploy\n"

    broken = msgspec.structs.replace(version, texts=version.texts | {"asking/words.py": words})
    deployment.write(100)
    hosted = deployment.hosted()
    with pytest.raises(OperatorError, match="gone_with_the_last_deploy"):
        hosted.add_kept(broken)
    hosted.add_kept(version)
    assert hosted.hosts(version.fingerprint, "asker")


@pytest.mark.parametrize("raised", ["SystemExit(3)", "KeyboardInterrupt", "GeneratorExit"])
async def test_an_old_module_that_ends_programs_when_it_is_imported_ends_no_sidecar(
    deployment: Deployment, raised: str
) -> None:
    deployment.write(10)
    [version] = deployment.hosted().deployed
    words = version.texts["asking/words.py"] + f"\nraise {raised}\n"
    broken = msgspec.structs.replace(version, texts=version.texts | {"asking/words.py": words})
    deployment.write(100)
    hosted = deployment.hosted()
    with pytest.raises(OperatorError) as refused:
        hosted.add_kept(broken)
    assert refused.value.code == "ACC706"
    hosted.add_kept(version)
    assert hosted.hosts(version.fingerprint, "asker")


async def test_an_old_version_keeps_the_bindings_it_was_registered_with(deployment: Deployment) -> None:
    """A configuration that does not know a role of it any more changes nothing for its sessions."""
    deployment.write(10)
    [version] = deployment.hosted().deployed

    def bind(name: str, classes: Mapping[str, str]) -> Mapping[str, str]:
        raise OperatorError(hosting.UNREADABLE, "no such role")

    hosted = Hosted("desk", bind, Here())
    hosted.add_kept(version)
    header = Header(
        session=uuid4(), choreography="ask", fingerprint=version.fingerprint, initiator="asker",
        bindings={"asker": "desk", "teller": "desk"}, started_at=1.0,
    )  # fmt: skip
    assert hosted.bound_as(header) and hosted.program(header, "teller") is not None
    stranger = Header(
        session=uuid4(), choreography="ask", fingerprint=version.fingerprint, initiator="asker",
        bindings={"asker": "desk", "teller": "elsewhere"}, started_at=1.0,
    )  # fmt: skip
    assert not hosted.bound_as(stranger)


async def test_too_much_is_not_kept_and_hosted_all_the_same(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "version_bytes_max", 100)
    deployment.write(10)
    hosted = deployment.hosted()
    assert hosted.deployed == [] and hosted.startable("ask")


async def test_what_is_deployed_is_touched_and_what_is_not_goes(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployment.write(10)
    first = await deployment.sidecar()
    await first.stop()
    deployment.write(100)
    second = await deployment.sidecar()
    versions = deployment.database.services["desk"].versions
    assert len(versions) == 2
    deployment.now += limits.version_touch_ms / 1000 + 1
    await until(lambda: len(versions) == 1)
    assert set(versions) == {second.hosted.deployed[0].fingerprint}
    await second.stop()


async def test_between_times_the_log_is_asked_only_for_what_is_missing(deployment: Deployment) -> None:
    """A version that is here is not compiled anew for each session that waits for something else."""
    deployment.write(10)
    hosted = deployment.hosted()
    [here] = [version.fingerprint for version in hosted.deployed]
    asked: list[object] = []

    class Log:
        async def keep(self, versions: object) -> None:
            asked.append("keep")

        async def forget_versions(self, older_ms: int, limit: int) -> int:
            asked.append("forget")
            return 0

        async def kept(self, fingerprints: Sequence[str]) -> Sequence[KeptVersion]:
            asked.append(fingerprints)
            return []

    class Sessions:
        unhosted: ClassVar = {(uuid4(), "nobody"): here, (uuid4(), "asker"): "f" * 64}

        def found_version(self, key: tuple[UUID, str]) -> None:
            raise AssertionError("none was found")

        async def recover(self, keys: Sequence[tuple[UUID, str]]) -> None:
            asked.extend(["recover"] if keys else [])

    versions = Versions(hosted, cast(VersionPort, Log()), tombstone_ms=10_000, clock=lambda: deployment.now)
    with capture_logs() as lines:
        await versions.step(Sessions())
    assert asked == [["f" * 64]]
    deployment.now += limits.version_touch_ms / 1000
    with capture_logs() as later:
        await versions.step(Sessions())
        await versions.step(Sessions())
    assert [line["event"] for line in (*lines, *later)].count("version.unhostable") == len(Sessions.unhosted)
    assert asked[1:] == [["f" * 64], "keep", "forget", "recover", ["f" * 64]]
