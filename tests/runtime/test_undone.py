"""Which role's message that the saga is undone counts at another role, and when: a role that has passed its commit
point is not undone.
"""

from __future__ import annotations

import random

import msgspec
import pytest

from accompanist.runtime.burst import Burst, CloseWorker
from accompanist.runtime.control import because, control, left_in
from accompanist.runtime.events import Arrived, CallAnswered, CloseAnswered, Name, Undid
from accompanist.runtime.messages import Kind, Message
from accompanist.runtime.operate import BY_HAND, Verb, verbs
from accompanist.runtime.peer_aborts import UNDONE_ELSEWHERE
from accompanist.runtime.ports import Executed, Memory, Phase, ResultRow
from accompanist.runtime.session import Session
from accompanist.runtime.unfenced import IN_DOUBT
from accompanist.simulation.search.world import World
from tests.runtime import sagas
from tests.runtime.test_operate import order

LEFT = because("ended by hand", left=True)


def said(sender: str, receiver: str, left: bool = False, kind: Kind = Kind.ABORT) -> Message:
    content: object = LEFT if left else "no"
    if kind is Kind.COMPENSATED:
        content = {"reason": "no", "roles": []} | ({"left": True} if left else {})
    return control(sagas.HEADER, kind, sender, receiver, content)


class Owner:
    """The session at the owner of the commit point, which stands at its pivot, and all that its log has of it."""

    def __init__(self, role: str = "a") -> None:
        self.programs = sagas.posted(role)
        self.role = role
        self.inbox: list[Message] = []
        self.results: list[ResultRow] = []
        first = sagas.start() if role == "a" else self.data("3", "b", "c")
        self.session = Session.begin(self.programs[role], first)
        self.hear(first)
        if role == "a":
            self.feed(CallAnswered("1", Name.REPLIED, b"2"))
            self.hear(self.data("4", "c", "a"))

    def data(self, site: str, sender: str, receiver: str) -> Message:
        return Message(header=sagas.HEADER, kind=Kind.DATA, site=site, sender=sender, receiver=receiver, payload=b"1")

    def hear(self, message: Message) -> list[object]:
        self.inbox.append(message)
        return self.feed(Arrived(message))

    def feed(self, event: CallAnswered | Arrived | CloseAnswered) -> list[object]:
        burst = self.session.handle(event)
        self.results.extend(burst.results)
        return [*burst.calls, *burst.messages]

    def ships(self) -> None:
        self.feed(CallAnswered("5", Name.REPLIED, b"3"))

    def crashes(self) -> None:
        memory = Memory(session=self.session.durable_row, inbox=tuple(self.inbox), results=tuple(self.results))
        self.session, _ = Session.recover(self.programs[self.role], memory)


@pytest.mark.parametrize("kind", [Kind.ABORT, Kind.COMPENSATED])
@pytest.mark.parametrize("crash", [False, True])
def test_an_owner_whose_pivot_is_through_hears_no_abort(kind: Kind, crash: bool) -> None:
    """Everything that may fail happens before it: who says so lies. Before, the saga was undone beside the pivot."""
    owner = Owner()
    owner.ships()
    assert owner.hear(said("b", "a", kind=kind)) == []
    if crash:
        owner.crashes()
    assert owner.session.row.phase is Phase.DONE
    for role, contacts in (("b", ["c"]), ("c", ["d"]), ("d", ["e"]), ("e", [])):
        owner.hear(control(sagas.HEADER, Kind.DONE, role, "a", contacts))
    assert owner.session.row.outcome == "settled"


@pytest.mark.parametrize("crash", [False, True])
def test_at_a_pivot_that_was_asked_the_fence_decides_about_an_abort(crash: bool) -> None:
    for done in (True, False):
        owner = Owner()
        calls = owner.hear(said("b", "a"))
        assert calls == [CloseWorker("5")]
        if crash:
            owner.crashes()
        owner.hear(said("c", "a"))
        held = CloseAnswered(Name.HELD, reply=b"3") if done else CloseAnswered(Name.CLOSED, ())
        owner.feed(held)
        assert owner.session.row.phase is (Phase.DONE if done else Phase.UNDONE)


def test_without_a_fence_a_pivot_that_was_asked_is_left_to_a_person() -> None:
    owner = Owner()
    owner.hear(said("b", "a"))
    assert owner.feed(CloseAnswered(Name.CLOSED, None)) == []
    assert owner.session.row.parked is not None and owner.session.row.parked.code == IN_DOUBT
    owner.hear(order("resolve", receiver="a", value=msgspec.Raw(b"3")))
    assert owner.session.row.phase is Phase.DONE


def test_an_owner_that_is_not_the_initiator_hears_of_it_from_that() -> None:
    owner = Owner("c")
    owner.ships()
    owner.hear(said("b", "c"))
    assert owner.session.row.phase is Phase.DONE
    owner.hear(said("a", "c"))
    assert owner.session.row.phase is Phase.CLOSING


@pytest.mark.parametrize("sender", ["a", "b"])
def test_what_is_settled_is_not_stopped_by_a_participants_abort(sender: str) -> None:
    """It was parked before, with nothing that a person could have done about it."""
    row = msgspec.structs.replace(Owner().session.row, role="c", phase=Phase.SETTLED, outcome="settled")
    session = Session(sagas.posted("a")["c"], row)
    if sender == "b":
        assert session.handle(Arrived(said("b", "c"))).row == row
    else:
        with pytest.raises(Exception, match="cannot happen"):
            session.handle(Arrived(said("a", "c")))


@pytest.mark.parametrize(("commits", "sender", "believed"), [("a", "a", True), ("c", "c", True), ("a", "c", False)])
def test_that_it_is_ended_by_hand_is_believed_of_those_who_decide(commits: str, sender: str, believed: bool) -> None:
    """Of another role it is no abort, either: what is to stay would be undone."""
    session = Session.begin(sagas.posted(commits)["d"], Owner().data("7", "c", "d"))
    session.handle(Arrived(Owner().data("7", "c", "d")))
    session.handle(Arrived(said(sender, "d", left=True)))
    assert (session.row.phase, session.row.left) == ((Phase.CLOSING, True) if believed else (Phase.RUNNING, False))


def test_an_initiator_that_has_not_passed_its_commit_point_undoes_what_another_ends_by_hand() -> None:
    owner = Owner()
    owner.hear(said("b", "a", left=True))
    owner.feed(CloseAnswered(Name.CLOSED, ()))
    assert (owner.session.row.phase, owner.session.row.left) == (Phase.UNDONE, False)


def test_an_initiator_that_has_passed_it_leaves_what_was_done() -> None:
    for through in (True, False):
        owner = Owner()
        if through:
            owner.ships()
        owner.hear(said("d", "a", left=True))
        if not through:
            owner.feed(CloseAnswered(Name.HELD, reply=b"3"))
        assert (owner.session.row.phase, owner.session.row.left) == (Phase.CLOSING, True)


def test_that_it_is_ended_by_hand_counts_too_while_the_fence_is_asked() -> None:
    owner = Owner()
    owner.hear(said("b", "a"))
    owner.hear(said("d", "a", left=True))
    owner.feed(CloseAnswered(Name.HELD, reply=b"3"))
    assert (owner.session.row.phase, owner.session.row.left) == (Phase.CLOSING, True)


@pytest.mark.slow
@pytest.mark.parametrize("commits", ["a", "c"])
def test_a_saga_that_is_ended_by_hand_at_any_role_ends_everywhere_and_nothing_is_undone(commits: str) -> None:
    """The initiator tells those that only others have reached."""
    ended = 0
    for seed in range(300):
        programs = sagas.posted(commits)
        world = World(programs, sagas.workers(programs), seed, crashes=seed % 3)
        world.start(b'{"value":1}')
        chance = random.Random(seed)
        while world.pending and not any(entry.operation == "ship" for entry in world.workers[commits].executed):
            world.step()
        for _ in range(chance.randrange(12)):
            if world.pending:
                world.step()
        role = chance.choice("abcde")
        for number, verb in enumerate(("park", "end")):
            world._post(msgspec.structs.replace(order(verb, number, receiver=role), header=world.header))
        world.run()
        row = world.disks[role].row
        if row is None or row.parked is not None:
            continue  # it has not begun, or heard the second before the first
        phases = set(world.phases.values())
        assert phases in ({Phase.ENDED}, {Phase.SETTLED}), (seed, role, world.phases)
        ended += phases == {Phase.ENDED}
        assert not any(worker.undone for worker in world.workers.values()), (seed, role)
    assert ended > 10, ended


@pytest.mark.parametrize("crash", [False, True])
@pytest.mark.parametrize("doubtful", [False, True])
def test_a_role_that_is_undone_after_the_commit_point_is_left_to_a_person(crash: bool, doubtful: bool) -> None:
    """It failed beside the pivot, and will not vote done: the owner waited for that for ever, and nobody was told."""
    owner = Owner()
    undone = said("b", "a", kind=Kind.COMPENSATED)
    if doubtful:
        owner.hear(undone)
        owner.feed(CloseAnswered(Name.HELD, reply=b"3"))
    else:
        owner.ships()
        owner.hear(said("b", "a"))
        assert owner.session.row.parked is None, "an abort alone is ignored: it may be a lie"
        owner.hear(undone)
    if crash:
        owner.crashes()
    assert owner.session.row.parked is not None and owner.session.row.parked.code == UNDONE_ELSEWHERE
    assert "b has undone its part" in owner.session.row.parked.text
    assert Verb.END in verbs(owner.session.standing())


@pytest.mark.parametrize("through", [False, True])
def test_a_saga_in_which_a_role_is_undone_after_the_commit_point_is_ended_by_hand(through: bool) -> None:
    owner = Owner()
    owner.hear(said("b", "a", kind=Kind.COMPENSATED))
    owner.feed(CloseAnswered(Name.HELD, reply=b"3"))
    if through:
        owner.hear(order("resume", 1, receiver="a"))
        owner.hear(control(sagas.HEADER, Kind.DONE, "c", "a", ["d"]))
        owner.crashes()
        assert (owner.session.row.phase, owner.session.row.parked) == (Phase.DONE, None), "it waits now, as was said"
        owner.hear(order("park", 2, receiver="a"))
        assert Verb.END in verbs(owner.session.standing())
    owner.hear(order("end", 3, receiver="a"))
    owner.feed(CloseAnswered(Name.CLOSED, ()))
    assert (owner.session.row.phase, owner.session.row.left) == (Phase.UNDONE, True)


def test_what_a_session_is_parked_for_already_comes_first() -> None:
    owner = Owner()
    owner.ships()
    owner.hear(order("park", 1, receiver="a"))
    owner.hear(said("b", "a", kind=Kind.COMPENSATED))
    assert owner.session.row.parked is not None and owner.session.row.parked.code == BY_HAND
    owner.hear(order("resume", 2, receiver="a"))
    assert owner.session.row.parked is not None and owner.session.row.parked.code == UNDONE_ELSEWHERE


@pytest.mark.parametrize("verb", ["resume", "retry"])
def test_a_word_to_go_on_is_about_the_stop_that_was_seen(verb: str) -> None:
    """Two people let it go on at once: the second word took away the next stop, of which nobody is told again."""
    owner = Owner()
    owner.ships()
    owner.hear(order("park", 1, receiver="a"))
    owner.hear(said("b", "a", kind=Kind.COMPENSATED))
    owner.hear(order("resume", 2, receiver="a", code=BY_HAND))
    owner.hear(order(verb, 3, receiver="a", code=BY_HAND))
    assert owner.session.row.parked is not None and owner.session.row.parked.code == UNDONE_ELSEWHERE
    owner.crashes()
    owner.hear(order(verb, 4, receiver="a", code=UNDONE_ELSEWHERE))
    assert owner.session.row.parked is None


def test_a_role_that_votes_done_after_all_settles_the_saga() -> None:
    owner = Owner()
    owner.ships()
    for role, contacts in (("b", ["c"]), ("c", ["d"]), ("d", ["e"])):
        owner.hear(control(sagas.HEADER, Kind.DONE, role, "a", contacts))
    owner.hear(said("d", "a", kind=Kind.COMPENSATED))
    assert owner.session.row.parked is None, "its vote is there"
    owner.hear(said("e", "a", kind=Kind.COMPENSATED))
    assert owner.session.row.parked is not None
    owner.hear(control(sagas.HEADER, Kind.DONE, "e", "a", []))
    assert owner.session.row.outcome == "settled"


@pytest.mark.parametrize("kind", [Kind.ABORT, Kind.COMPENSATED])
@pytest.mark.parametrize("how", ["by a person", "by its worker", "by its worker, late"])
def test_that_it_is_ended_by_hand_counts_once_a_pivot_in_doubt_turns_out_to_be_done(kind: Kind, how: str) -> None:
    """Before a restart as after it, whoever says that it was done."""
    owner = Owner()
    owner.hear(said("d", "a", left=True, kind=kind))
    if how != "by its worker, late":
        owner.feed(CloseAnswered(Name.CLOSED, None))
    match how:
        case "by a person":
            owner.hear(order("resolve", receiver="a", value=msgspec.Raw(b"3")))
        case "by its worker":
            owner.hear(order("resume", receiver="a"))
            owner.ships()
        case _:
            owner.ships()
            owner.feed(CloseAnswered(Name.CLOSED, None))
    assert (owner.session.row.phase, owner.session.row.left) == (Phase.CLOSING, True)
    owner.crashes()
    assert (owner.session.row.phase, owner.session.row.left) == (Phase.CLOSING, True)


class Ended:
    """b of `posted`, which has done its part, was ended by hand, and waits for the initiator's word."""

    def __init__(self, fenced: bool = True) -> None:
        self.program = sagas.posted("a")["b"]
        self.fenced = fenced
        first = Owner().data("2", "a", "b")
        self.inbox = [first]
        self.session = Session.begin(self.program, first)
        self.session.handle(Arrived(first))
        self.hear(order("park", 1, receiver="b"))
        self.results = self.session.handle(CallAnswered("2b", Name.REPLIED, b"1")).results
        self.hear(order("end", 2, receiver="b"))

    def hear(self, message: Message) -> Burst:
        if message not in self.inbox:
            self.inbox.append(message)
        return self.session.handle(Arrived(message))

    def closed(self) -> Burst:
        return self.session.handle(CloseAnswered(Name.CLOSED, self.executed))

    @property
    def executed(self) -> tuple[Executed, ...] | None:
        return (Executed("2b", "try_it", b'{"value":1}'),) if self.fenced else None

    def crashes(self) -> None:
        memory = Memory(session=self.session.durable_row, inbox=tuple(self.inbox), results=self.results)
        self.session, _ = Session.recover(self.program, memory)


@pytest.mark.parametrize("fenced", [True, False])
@pytest.mark.parametrize("crash", ["", "before", "after"])
@pytest.mark.parametrize("early", [True, False])
def test_what_another_role_ends_by_hand_is_undone_with_the_rest(fenced: bool, crash: str, early: bool) -> None:
    """An initiator that has not passed its commit point undoes the saga: what was left at that role was half of it."""
    ended = Ended(fenced)
    if not early:
        ended.closed()
        assert (ended.session.row.phase, ended.session.row.left) == (Phase.UNDOING, True)
    if crash == "before":
        ended.crashes()
    ended.hear(said("a", "b"))
    if crash == "after":
        ended.crashes()
    assert not ended.session.row.left
    ended.closed()
    assert ended.session.row.phase is Phase.UNDOING
    burst = ended.session.handle(Undid("2b", Name.UNDID))
    assert ended.session.row.phase is Phase.UNDONE
    assert [(message.kind, left_in(message)) for message in burst.messages] == [(Kind.COMPENSATED, False)]


@pytest.mark.parametrize("crash", [True, False])
@pytest.mark.parametrize("early", [True, False])
def test_what_another_role_ends_by_hand_stays_where_the_initiator_says_so(crash: bool, early: bool) -> None:
    ended = Ended()
    if not early:
        ended.closed()
    ended.hear(said("c", "b"))
    assert ended.session.row.phase is (Phase.CLOSING if early else Phase.UNDOING), "of another role it is no word"
    if crash:
        ended.crashes()
    ended.hear(said("a", "b", left=True))
    if early:
        ended.closed()
    assert (ended.session.row.phase, ended.session.row.left) == (Phase.UNDONE, True)


def test_a_person_may_say_that_all_is_undone_where_the_initiator_gives_no_word() -> None:
    ended = Ended()
    ended.closed()
    ended.hear(order("park", 3, receiver="b"))
    ended.hear(order("resume", 4, receiver="b"))
    assert ended.session.row.phase is Phase.UNDOING
    ended.hear(order("park", 5, receiver="b"))
    ended.hear(order("resolve", 6, receiver="b"))
    assert ended.session.row.phase is Phase.UNDONE


def test_no_saga_is_half_undone_that_a_person_ends_at_another_role() -> None:
    both = [0, 0]
    for seed in range(200):
        programs = sagas.posted("a")
        world = World(programs, sagas.workers(programs), seed, crashes=seed % 3)
        world.start(b'{"value":1}')
        chance = random.Random(seed)
        for _ in range(chance.randrange(40)):
            if world.pending:
                world.step()
        role = chance.choice("bcd")
        for number, verb in enumerate(("park", "end")):
            world._post(msgspec.structs.replace(order(verb, number, receiver=role), header=world.header))
        world.run()
        if set(world.phases.values()) != {Phase.ENDED}:
            continue
        done = {(role, entry.site) for role, worker in world.workers.items() for entry in worker.executed}
        undone = {(role, site) for role, worker in world.workers.items() for site in worker.undone}
        assert undone in (set(), done), seed
        both[bool(undone)] += 1
    assert all(both), both
