"""Volatile sessions keep what durable ones keep, as long as no process is lost; and say so where one is."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from uuid import UUID

import msgspec
import pytest

from accompanist import limits
from accompanist.errors import OperatorError
from accompanist.language.program.program import RoleProgram
from accompanist.rpc import link
from accompanist.runtime.control import control
from accompanist.runtime.loss import LOST, Lost
from accompanist.runtime.messages import VOLATILE, Kind, Message
from tests.runtime import sagas
from tests.sidecar.volatile_world import World

SAGAS: dict[str, Callable[[], dict[str, RoleProgram]]] = {
    "ring": sagas.ring,
    "ring without a pivot": lambda: sagas.ring(pivot=False),
    "with a tail": lambda: sagas.ring(concurrent_tail=True),
    "recorded": sagas.recorded,
    "posted": sagas.posted,
    "delivered": sagas.delivered,
    "relayed": sagas.relayed,
    "billed": sagas.billed,
    "fork": sagas.fork,
}
MANY = 12


def may_decline(programs: dict[str, RoleProgram]) -> list[str]:
    """Operations that come before the commit point, and not beside it, and so may decline."""
    return sorted(
        name
        for program in programs.values()
        for name, operation in program.projection.operations.items()
        if operation.kind == "transaction" and operation.compensation is not None and name != "tail"
    )


def clean(world: World) -> None:
    """Nothing is left of any session, but how it ended."""
    for sidecar in world.sidecars.values():
        if sidecar.process.alive:
            assert sidecar.sessions._held == {}
            assert sidecar.sessions._weight == 0
    assert world.loop.failures == []


def once(world: World, number: int) -> None:
    """Each effect happened at most once."""
    for kinds in world.effects(number).values():
        for sites in kinds.values():
            assert len(sites) == len(set(sites)), world.effects(number)


def whole(world: World, number: int, programs: dict[str, RoleProgram]) -> str:
    """A session came to one outcome, and its effects are those of that outcome: all, or none that is not undone."""
    [outcome] = world.outcome(number)
    once(world, number)
    for kinds in world.effects(number).values():
        undone = sorted(kinds["forward"]) if outcome == "ended" else []
        assert sorted(kinds["compensate"]) == undone, (outcome, world.effects(number))
    return outcome


@pytest.mark.parametrize("name", SAGAS)
@pytest.mark.parametrize("seed", range(6))
def test_all_or_compensated_without_crashes(name: str, seed: int) -> None:
    """Messages overtake one another and come twice, answers are lost, workers decline, clients cancel."""
    programs = SAGAS[name]()
    world = World(f"{name}/{seed}", programs)
    able = may_decline(programs)
    world.declines = frozenset(world.chance.sample(able, world.chance.randint(0, min(1, len(able)))))
    for number in range(MANY):
        world.start(number, number + 1)
        if world.chance.random() < 0.3:
            world.loop.later(world.chance.uniform(0.0, 0.3), world.cancel, number)
    world.run(limits.volatile_session_s)
    outcomes = {whole(world, number, programs) for number in range(MANY)}
    assert outcomes <= {"settled", "ended"}
    clean(world)


def test_both_outcomes_are_met() -> None:
    for declines, outcome in ((frozenset[str](), "settled"), (frozenset({"last"}), "ended")):
        world = World("both", sagas.ring(), declines)
        world.start(0)
        world.run(5.0)
        assert whole(world, 0, world.programs) == outcome


def test_two_roles_of_one_service_hear_each_other_in_memory() -> None:
    world = World("two roles", sagas.ring(), bindings={"a": "a", "b": "b", "c": "a"})
    world.start(0)
    world.run(5.0)
    assert whole(world, 0, world.programs) == "settled"
    clean(world)


@pytest.mark.parametrize("name", SAGAS)
@pytest.mark.parametrize("seed", range(6))
def test_a_lost_process_ends_its_sessions_within_the_bound(name: str, seed: int) -> None:
    """A sidecar or a worker is killed, and begun anew or not. Every session whose initiator lives comes to one outcome;
    what a client was told to be settled is not undone, and nothing happens twice."""
    programs = SAGAS[name]()
    world = World(f"crash/{name}/{seed}", programs)
    initiator = world.bindings[next(iter(programs))]
    victim = world.chance.choice(sorted(world.sidecars))
    killed = world.sidecars[victim]
    worker, back = world.chance.random() < 0.4, world.chance.random() < 0.7

    def kill() -> None:
        if worker:
            world.workers[victim].alive = False
            world.workers[victim].memory = type(world.workers[victim].memory)("dead")
        else:
            world.kill(victim)

    def again() -> None:
        if worker:
            world.workers[victim].restart()
        else:
            world.begin(victim)

    world.loop.later(world.chance.uniform(0.0, 0.3), kill)
    if back:
        world.loop.later(1.0, again)
    begun = {number: world.start(number, number + 1) for number in range(MANY)}
    world.run(limits.volatile_session_s + limits.volatile_follower_s + 10.0)
    for number, task in begun.items():
        once(world, number)
        outcome = world.outcome(number)
        if task.done() and task.exception() is not None:
            assert isinstance(task.exception(), OperatorError)
            assert world.effects(number) == {} and outcome == []
        elif worker or victim != initiator:
            assert len(outcome) == 1
        if outcome == ["settled"]:
            assert all(kinds["compensate"] == [] for kinds in world.effects(number).values())
    if not worker and victim != initiator:
        assert killed.process.alive is False
    clean(world)
    if back:
        world.unheard = 0.0
        world.start(MANY)
        world.run(5.0)
        assert world.outcome(MANY) == ["settled"], "what comes after is not concerned"


def test_a_lost_session_says_so_and_others_undo() -> None:
    world = World("lost", sagas.ring(pivot=False))
    world.unheard = world.twice = 0.0
    world.declines = frozenset()
    world.start(0)
    while not world.effects(0).get("c", {}).get("forward"):
        world.run(0.001)
    world.kill("c")
    world.run(5.0)
    row = world.sidecars["a"].sessions.row(UUID(int=4 << 76))
    assert row is not None and row.outcome == "lost" and row.reason is not None
    assert row.reason.startswith(LOST) and "the sidecar of c" in row.reason
    effects = world.effects(0)
    assert effects["c"]["compensate"] == []  # nobody is left who knows what it did
    assert effects["a"]["compensate"] == effects["a"]["forward"] == ["1"]
    assert effects["b"]["compensate"] == effects["b"]["forward"] == ["3"]
    assert world.outcome(0) == ["lost"]
    clean(world)


def test_who_has_not_heard_of_the_loss_is_told_when_it_speaks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The word of the loss may be overtaken by messages that begin the session anew, or come to nobody."""
    world = World("not told", sagas.ring(pivot=False))
    world.unheard = world.twice = 0.0
    world.slow = {"try_it": 3.0}
    world.start(0)
    world.run(1.0)
    session, initiator = UUID(int=4 << 76), world.sidecars["a"]
    for way in initiator.ways.open.values():
        monkeypatch.setattr(way, "tell", lambda lost: None)
    initiator.process.soon(initiator.sessions._lose, initiator.sessions._held[session], "something was lost")
    world.run(20.0)
    assert sorted(world.effects(0)) == ["a", "b"]
    assert all(kinds["forward"] == kinds["compensate"] for kinds in world.effects(0).values())
    clean(world)
    told = Lost(session, "something was lost", undo=True)
    assert initiator.sessions.heard("b", "b-sidecar-1", [], [Lost(session, "lost here, too")]) == [told]
    assert initiator.sessions.heard("stranger", "p", [], [Lost(session, "says a stranger")]) == []
    assert world.sidecars["b"].sessions.heard("a", "a-sidecar-1", [], [told]) == []


@pytest.mark.parametrize("bindings", [{"a": "s", "b": "s", "c": "c"}, None])
def test_a_worker_remembers_one_role_while_another_is_over(bindings: dict[str, str] | None) -> None:
    """One role of a lost session is undone at once, while a call of another one is still under way. Both may have one
    worker: what is over at the first is not forgotten for the second."""
    world = World("two roles, lost", sagas.ring(pivot=False, concurrent_tail=True), bindings=bindings)
    world.unheard = world.twice = 0.0
    world.slow = {"tail": 3.0}
    world.start(0)
    while not world.effects(0).get("b"):
        world.run(0.001)
    world.run(0.05)
    world.kill("c")
    world.run(2 * limits.volatile_forget_ms / 1000)
    assert world.effects(0)["a"] == {"forward": ["1"], "compensate": ["1"]}
    world.run(10.0)
    assert world.effects(0)["b"] == {"forward": ["3", "4b"], "compensate": ["4b", "3"]}
    assert world.outcome(0) == ["lost"]
    assert all(worker.memory._sessions == {} for service, worker in world.workers.items() if service != "c")
    clean(world)


@pytest.mark.parametrize("silent", [False, True])
def test_a_fence_is_told_later_what_is_over(*, silent: bool) -> None:
    """Until then it refuses late copies of calls. One that does not answer is told again."""
    world = World("fenced", sagas.ring())
    worker = world.workers["b"]
    worker.fenced = True
    world.start(0)
    world.run(5.0)
    assert whole(world, 0, world.programs) == "settled"
    world.run(limits.volatile_worker_s - 10.0)
    assert list(worker.memory._sessions) == [UUID(int=4 << 76)]
    worker.alive = not silent
    world.run(10.0)
    assert bool(worker.memory._sessions) == silent
    worker.alive = True
    world.run(limits.volatile_worker_s)
    assert worker.memory._sessions == {}
    clean(world)


def test_fences_to_be_told_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "volatile_fenced_max", 1)
    world = World("many fenced", sagas.ring())
    worker = world.workers["b"]
    worker.fenced = True
    for number in range(3):
        world.start(number)
        world.run(5.0)
    world.run(limits.volatile_worker_s)
    assert len(worker.memory._sessions) == 2


def test_a_peer_that_is_not_there_refuses_the_start() -> None:
    world = World("away", sagas.ring())
    world.kill("b")
    task = world.start(0)
    world.run(5.0)
    assert isinstance(problem := task.exception(), OperatorError) and problem.code == "ACC762"
    assert world.effects(0) == {}
    clean(world)


def test_as_many_as_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "volatile_sessions_max", 3)
    world = World("full", sagas.ring())
    tasks = [world.start(number) for number in range(5)]
    world.run(5.0)
    refused = [task.exception() for task in tasks if task.exception() is not None]
    assert [problem.code for problem in refused if isinstance(problem, OperatorError)] == ["ACC761"] * 2
    assert [world.outcome(number) for number in range(5)].count(["settled"]) == 3
    clean(world)


def test_a_peer_has_its_share_of_the_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "volatile_per_peer_max", 3)
    world = World("crowded", sagas.ring())
    for number in range(5):
        world.start(number)
    world.run(5.0)
    outcomes = [world.outcome(number) for number in range(5)]
    assert outcomes.count(["settled"]) == 3 and outcomes.count(["lost"]) == 2
    clean(world)


def said_by_b(world: World, number: int, site: str, attributes: dict[str, str], baggage: str = "") -> Message:
    """A message from b to c that names a as the initiator, as c reads it from a link."""
    header = msgspec.structs.replace(
        sagas.HEADER,
        session=UUID(int=(4 << 76) | number),
        mode=VOLATILE,
        bindings=world.bindings,
        attributes=attributes,
    )
    context = {"baggage": baggage} if baggage else {}
    said = Message(header=header, kind=Kind.DATA, site=site, sender="b", receiver="c", payload=b"1", context=context)
    [frame] = link.volatile("b-sidecar-1", [said])
    [read] = link.read_handed(frame).messages
    return read


def test_a_peer_takes_its_own_share_and_not_that_of_the_initiator_it_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "volatile_per_peer_max", 2)
    world = World("share", sagas.ring())
    sidecar = world.sidecars["c"]
    sessions = sidecar.sessions

    def hear() -> None:
        for number in range(2):
            assert sessions.heard("b", "b-sidecar-1", [said_by_b(world, number, "4", {})], []) == []
        assert len(sessions.heard("b", "b-sidecar-1", [said_by_b(world, 2, "4", {})], [])) == 1
        abort = control(said_by_b(world, 3, "4", {}).header, Kind.ABORT, "a", "c", "by a client")
        assert sessions.heard("a", "a-sidecar-1", [abort], []) == []
        assert set(sessions._held) == {UUID(int=(4 << 76) | number) for number in (0, 1, 3)}

    sidecar.process.soon(hear)
    world.run(0.001)
    world.run(limits.volatile_follower_s + limits.volatile_session_s)
    assert +sessions._opened == {}
    clean(world)


def test_all_that_is_kept_of_messages_counts() -> None:
    """Each may have another header, as far as its fields are not fixed, and contents that are not its payload."""
    world = World("weight", sagas.ring())
    sidecar = world.sidecars["c"]
    heard = sidecar.sessions.heard
    measured = 0

    def hear() -> None:
        nonlocal measured
        tracemalloc.start()
        try:
            for number in range(300):
                attributes = {f"k{number}_{n}": "v" * 100 for n in range(16)}
                heard("b", "b-sidecar-1", [said_by_b(world, 0, f"9[{number}]", attributes, "k=" + "v" * 4_000)], [])
            measured = tracemalloc.get_traced_memory()[0]
        finally:
            tracemalloc.stop()

    sidecar.process.soon(hear)
    world.run(0.0001)
    [held] = sidecar.sessions._held.values()
    assert len(held.roles["c"].state.mailbox) == 300
    assert 300 * 4_000 < measured < sidecar.sessions._weight == held.weight


def test_who_takes_most_of_the_memory_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "volatile_message_around_bytes", 0)
    monkeypatch.setattr(limits, "volatile_bytes_max", 80)
    world = World("memory", sagas.ring())
    world.start(0)
    world.start(1, 10**15)
    world.start(2)
    world.run(5.0)
    assert [world.outcome(number) for number in range(3)] == [["settled"], ["lost"], ["settled"]]
    clean(world)


def test_a_start_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "volatile_message_around_bytes", 0)
    monkeypatch.setattr(limits, "volatile_bytes_max", 20)
    world = World("large", sagas.ring())
    task = world.start(0, 10**15)
    world.run(5.0)
    assert isinstance(problem := task.exception(), OperatorError) and problem.code == "ACC761"
    clean(world)


def test_who_does_not_take_part_says_nothing_of_a_session() -> None:
    world = World("stranger", sagas.ring())
    world.unheard = 0.0
    world.start(0)
    while not world.effects(0):
        world.run(0.001)
    session, sessions = UUID(int=4 << 76), world.sidecars["a"].sessions
    assert sessions.heard("stranger", "p", [], [Lost(session, "says a stranger")]) == []
    forged = msgspec.structs.replace(sagas.start(), header=sessions._held[session].header)
    message = control(forged.header, Kind.ABORT, "b", "a", "forged")
    assert sessions.heard("stranger", "p", [message], []) == []  # it does not play b
    world.run(5.0)
    assert world.outcome(0) == ["settled"]


def test_another_process_does_not_speak_for_the_first() -> None:
    """The sidecar that takes a killed one's place knows nothing, and its word would be taken for the first one's."""
    world = World("replaced", sagas.ring())
    world.start(0)
    while not world.effects(0).get("b"):
        world.run(0.001)
    sessions = world.sidecars["a"].sessions
    header = sessions._held[UUID(int=4 << 76)].header
    message = control(header, Kind.COMPENSATED, "b", "a", {"reason": "", "roles": []})
    world.sidecars["a"].process.soon(sessions.heard, "b", "b-sidecar-9", [message], [])
    world.run(5.0)
    assert world.outcome(0) == ["lost"]


def test_how_it_ended_is_known_for_a_while() -> None:
    world = World("kept", sagas.ring())
    world.start(0)
    world.run(5.0)
    sessions = world.sidecars["a"].sessions
    row = sessions.row(UUID(int=4 << 76))
    assert row is not None and row.outcome == "settled" and row.result == b"1"
    world.run(limits.volatile_kept_s)
    world.start(1)
    world.run(5.0)
    assert sessions.row(UUID(int=4 << 76)) is None
