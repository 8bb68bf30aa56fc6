"""Versions are stored write-once, and are removed when no service deploys them and no open session began with them."""

from __future__ import annotations

import msgspec

from accompanist.log.names import sidecar_role
from accompanist.log.postgres import PostgresLog
from accompanist.log.versions import digest, encode
from accompanist.runtime.ports import KeptVersion, Phase
from tests.log.letters import burst, header, message, row
from tests.log.worlds import PostgresWorld, World, owner
from tests.postgres import SERVICES

AGE_MS, AGE_S = 100_000, 100


def version(fingerprint: str = "f0", text: str = "é'\\\n") -> KeptVersion:
    bindings = {"r": "warehouse"}
    return KeptVersion(
        fingerprint=fingerprint, choreography="c", file="a/b.py", texts={"a/b.py": text}, bindings=bindings, made_by="t"
    )


async def names(world: World, *fingerprints: str) -> set[str]:
    log = await world.sidecar("warehouse")
    return {one.fingerprint for one in await log.kept(fingerprints or ("f0", "f1", "f2", "f3"))}


async def test_the_first_text_stays(world: World) -> None:
    log = await owner(world, "warehouse")
    await log.keep([])
    await log.keep([version(), version("f1"), version("f1")])
    await log.keep([version(text="another")])
    assert await log.kept(["f0", "nothing"]) == [version()]
    assert await log.kept([]) == []
    assert await names(world) == {"f0", "f1"}
    other = await owner(world, "payment")
    assert await other.kept(["f0"]) == [], "each service keeps its own"


async def test_a_version_goes_when_nobody_deploys_it_and_nothing_open_began_with_it(world: World) -> None:
    log = await owner(world, "warehouse")
    registered = [{"choreography": "c", "fingerprint": name, "role": "r", "source": "s"} for name in ("f0", "f1")]
    await log.register(registered)
    await log.keep([version(), version("f1"), version("f2"), version("f3")])
    open_one, early = header(), header(fingerprint="f1")
    await log.flush([burst(open_one, session=row(open_one))])
    peer = await owner(world, "payment")
    await peer.flush([burst(early, messages=(message(early, "1", "warehouse", sender="payment"),))])
    assert await log.forget_versions(AGE_MS, 10) == 0
    await world.pass_time(AGE_S + 1)
    await log.lease("warehouse-1", 64)
    await log.keep([version("f2")])
    assert await log.forget_versions(AGE_MS, 10) == 1
    assert await names(world) == {"f0", "f1", "f2"}

    over = row(open_one, phase=Phase.SETTLED, vote="done", outcome="settled")
    await log.flush([burst(open_one, session=over)])
    assert await log.forget_versions(AGE_MS, 10) == 1
    assert await names(world) == {"f1", "f2"}, "what waits without a session still refers to f1"

    taken = await log.take(10)
    await log.take(10, taken)
    assert await log.forget_versions(AGE_MS, 10) == 0, "it is early now, and refers to it all the same"
    await log.flush([burst(early, session=row(early, phase=Phase.ENDED, vote="abort", outcome="ended"))])
    assert await log.forget_versions(AGE_MS, 10) == 1
    assert await names(world) == {"f2"}


async def test_a_version_that_an_open_session_was_let_go_on_with_stays(world: World) -> None:
    log = await owner(world, "warehouse")
    await log.keep([version(), version("f1"), version("f2")])
    of = header()
    await log.flush([burst(of, session=row(of, hosted="f2", waiting='"hosted":"f1"'))])
    await world.pass_time(AGE_S + 1)
    await log.lease("warehouse-1", 64)
    assert await log.forget_versions(AGE_MS, 10) == 1
    assert await names(world) == {"f0", "f2"}


async def test_only_so_many_at_a_time(world: World) -> None:
    log = await owner(world, "warehouse")
    await log.keep([version(name) for name in ("f0", "f1", "f2")])
    await world.pass_time(AGE_S + 1)
    assert [await log.forget_versions(AGE_MS, 2) for _ in range(3)] == [2, 1, 0]


async def test_a_header_says_one_version_whatever_its_names_are(postgres_world: PostgresWorld) -> None:
    admin = await postgres_world.connect("warehouse")
    for name in ("plain", 'x","fingerprint":"lie"', "fingerprint", '"fingerprint":"lie"', "é\\"):
        of = header(choreography=name, bindings={name: "warehouse"}, fingerprint="abc")
        assert await admin.fetchval("SELECT version_of($1)", msgspec.json.encode(of)) == "abc"
    await admin.close()


async def test_a_damaged_text_is_noticed(postgres_world: PostgresWorld) -> None:
    log = await owner(postgres_world, "warehouse")
    await log.keep([version()])
    await postgres_world.execute("warehouse", "UPDATE version SET kept = kept || ' '::bytea")
    [found] = await log.kept(["f0"])
    assert (found.fingerprint, found.texts) == ("f0", {})


def test_what_another_release_kept_has_the_same_digest_here() -> None:
    """Of what is in a log already, anything else would say that it is damaged."""
    assert digest(b"a text").hex() == "706860d9e8c7ee1c65261bc1e5b75631"


async def with_key(world: PostgresWorld, key: bytes) -> PostgresLog:
    dsn = world.database.sidecar_dsn("warehouse")
    return await PostgresLog.open(dsn, "warehouse", SERVICES, key=key)


PLANT = "INSERT INTO version (fingerprint, choreography, kept, digest) VALUES ($1, $2, $3, $4)"


async def test_what_was_written_with_the_sidecars_login_alone_has_no_seal(postgres_world: PostgresWorld) -> None:
    """Whoever has the login can write texts here; they would run in the sidecar if it compiled them."""
    log = await with_key(postgres_world, b"k" * 32)
    await log.keep([version("f0")])
    thief = await postgres_world.connect("warehouse", sidecar_role("warehouse"))
    planted = encode(version("f1", "import os"))
    await thief.execute(PLANT, "f1", "c", planted, digest(planted))
    altered = encode(version("f0", "import os"))
    await thief.execute("UPDATE version SET kept = $1, digest = $2 WHERE fingerprint = 'f0'", altered, digest(altered))
    assert {one.fingerprint: one.sealed for one in await log.kept(["f0", "f1"])} == {"f0": False, "f1": False}
    for seal in (b"", b"k" * 32, await thief.fetchval("SELECT seal FROM version WHERE fingerprint = 'f0'")):
        await thief.execute("UPDATE version SET seal = $1 WHERE fingerprint = 'f1'", seal)
        assert [one.sealed for one in await log.kept(["f1"])] == [False], "the seal of another version is none"
    await log.keep([version("f0"), version("f1", "true")])
    assert {one.fingerprint: one for one in await log.kept(["f0", "f1"])} == {
        "f0": version("f0"), "f1": version("f1", "true")
    }, "who has the files seals them anew"  # fmt: skip
    await thief.close()
    await log.close()


async def test_a_seal_is_of_one_key(postgres_world: PostgresWorld) -> None:
    ours, same, other = [await with_key(postgres_world, key * 32) for key in (b"a", b"a", b"b")]
    await ours.keep([version()])
    assert await same.kept(["f0"]) == [version()]
    [found] = await other.kept(["f0"])
    assert not found.sealed
    for log in (ours, same, other):
        await log.close()


async def test_what_was_kept_before_there_were_seals_is_known_as_long_as_it_is_that(
    postgres_world: PostgresWorld,
) -> None:
    log = await with_key(postgres_world, b"k" * 32)
    document = encode(version())
    await postgres_world.execute("warehouse", PLANT, "f0", "c", document, digest(document))
    assert [one.sealed for one in await log.kept(["f0"])] == [False]
    await postgres_world.execute("warehouse", "UPDATE version SET known = sha256(kept)")  # as the migration does
    assert await log.kept(["f0"]) == [version()]
    altered = encode(version("f0", "import os"))
    await postgres_world.execute("warehouse", "UPDATE version SET kept = $1, digest = $2", altered, digest(altered))
    assert [one.sealed for one in await log.kept(["f0"])] == [False]
    await log.close()
