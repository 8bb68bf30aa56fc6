"""Who may send what: every combination of kind, site, sender and receiver, and every service that may send.

Messages of an honest run are allowed; each row of the table is needed by one of them, and nothing else is allowed. The
rule is written here a second time, from the protocol, so that a superfluous row is noticed.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from uuid import UUID

import msgspec
import pytest

from accompanist.language.program.load import load
from accompanist.language.program.program import Choreography, RoleProgram
from accompanist.language.values import codec
from accompanist.runtime import authority
from accompanist.runtime.authority import TABLE, Party, Permission, allows
from accompanist.runtime.beginning import begins, owner_of_saga
from accompanist.runtime.control import CLIENT, control
from accompanist.runtime.events import Deadline
from accompanist.runtime.messages import Header, Kind, Message, spoken_by
from accompanist.sidecar.sessions.believing import believable
from accompanist.simulation.search.world import World
from tests.language.programs import MUST_PASS, must_pass
from tests.runtime import sagas
from tests.simulation.test_must_pass import tell, world

CONTROL = ["!start", "!abort", "!compensated", "!cancel", "!deadline", "!done", "!settled", "!ended"]
OTHERS = ["!operator/1", "!operator", "!event/approved", "!event", "!nothing", "", "999"]
SEEDS = range(8)


def header_of(choreography: Choreography) -> Header:
    return Header(
        session=UUID(int=1, version=4),
        choreography=choreography.name,
        fingerprint=choreography.fingerprint,
        initiator=choreography.initiator or "",
        bindings={role: f"service-of-{role}" for role in choreography.roles},
        started_at=0.0,
    )


@cache
def honest(name: str) -> tuple[dict[str, RoleProgram], list[Message]]:
    """A program of the corpus, and everything that is sent in runs of it: undisturbed, cancelled, out of time."""
    choreography, module = must_pass(name)
    programs = {role: load(choreography, role) for role in choreography.roles}
    sent: dict[tuple[Kind, str, str, str], Message] = {}
    for seed in SEEDS:
        ran = world(choreography, module.WORKERS, seed)
        ran.lost_answers = 0.2 if seed % 2 else 0.0
        keep(ran, sent)
        ran.start(codec.encode(module.ARGUMENTS[seed % len(module.ARGUMENTS)]))
        tell(ran, module.WORKERS)
        if seed % 4 == 2:
            ran.cancel("no more")
        if seed % 4 == 3:
            ran.expire()
            out_of_time(ran, owner_of_saga(choreography))
        ran.run()
    return programs, list(sent.values())


def out_of_time(ran: World, owner: str | None) -> None:
    """The deadline passes at the role that decides about it, too, as soon as it knows of the session."""
    while owner is not None and ran.pending and owner not in ran.live:
        ran.step()
    if owner in ran.live:
        ran._feed(owner, ran.live[owner], Deadline())


def keep(ran: World, sent: dict[tuple[Kind, str, str, str], Message]) -> None:
    post = ran._post

    def posted(message: Message) -> None:
        sent.setdefault((message.kind, message.site, message.sender, message.receiver), message)
        post(message)

    ran._post = posted  # type: ignore[method-assign]


@pytest.mark.slow
@pytest.mark.parametrize("name", MUST_PASS)
def test_whatever_an_honest_run_sends_is_allowed(name: str) -> None:
    programs, sent = honest(name)
    assert sent
    for message in sent:
        assert allows(programs[message.receiver], message), message


@pytest.mark.slow
def test_each_row_of_the_table_is_needed_by_an_honest_run() -> None:
    """Of an operator's orders the tests of `runtime.operate` have plenty."""
    needed: set[Permission] = set()
    for name in MUST_PASS:
        programs, sent = honest(name)
        for message in sent:
            program = programs[message.receiver]
            needed |= {row for row in TABLE if allowed_by(row, program, message)}
    assert {row for row in TABLE if row not in needed} == {row for row in TABLE if row.kind is Kind.OPERATOR}


def allowed_by(permission: Permission, program: RoleProgram, message: Message) -> bool:
    """Whether this row allows it and no other does."""
    without = tuple(row for row in TABLE if row != permission)
    try:
        authority.permissions_for.cache_clear()
        authority.TABLE = without
        return not allows(program, message)
    finally:
        authority.TABLE = TABLE
        authority.permissions_for.cache_clear()


def may_say(choreography: Choreography, message: Message) -> bool:
    """The rule again, in the words of the protocol."""
    kind, site, sender, receiver = message.kind, message.site, message.sender, message.receiver
    first, owner = choreography.initiator, choreography.commit_role or choreography.initiator
    reached, frontier = set(), [first, owner]
    while frontier:
        role = frontier.pop()
        if role is not None and role not in reached:
            reached.add(role)
            frontier += choreography.projections[role].sends_to
    if sender == CLIENT:
        asked = receiver == first and (kind, site) in ((Kind.START, "!start"), (Kind.CANCEL, "!cancel"))
        told = site.startswith("!event/") and kind is Kind.EVENT
        ordered = site.startswith("!operator/") and kind is Kind.OPERATOR
        return asked or (receiver in reached and (told or ordered))
    if sender not in reached or receiver not in reached:
        return False
    sends = receiver in choreography.projections[sender].sends_to
    if kind in (Kind.DATA, Kind.CHOICE):
        return sends and choreography.projections[receiver].takes(site, sender, kind.value)
    if kind is Kind.CANCEL:
        passed_on = site == "!cancel" and sender == first and receiver != first
        return receiver == owner and (passed_on or (site == "!deadline" and sender in (first, owner)))
    if site != f"!{kind.value}" or sender == receiver:
        return False
    if kind is Kind.ABORT:
        return sends or first in (sender, receiver)
    if kind in (Kind.DONE, Kind.COMPENSATED):
        return receiver == first
    return kind in (Kind.SETTLED, Kind.ENDED) and sender == first


def everything(choreography: Choreography) -> Iterator[Message]:
    """Every kind at every site there is, and at some that there are not, from everybody to everybody."""
    header = header_of(choreography)
    points = sorted({site for one in choreography.projections.values() for site, _, _ in one.receives or ()})
    sites = [*points[:12], *(point.replace("[]", "[1]") for point in points[:12] if "[]" in point), *CONTROL, *OTHERS]
    for receiver in choreography.roles:
        for sender in (*choreography.roles, CLIENT, "nobody"):
            for kind in Kind:
                for site in sites:
                    yield Message(
                        header=header, kind=kind, site=site, sender=sender, receiver=receiver, payload=b"null"
                    )


@pytest.mark.parametrize("name", MUST_PASS)
def test_nothing_else_is_allowed(name: str) -> None:
    choreography, _ = must_pass(name)
    programs = {role: load(choreography, role) for role in choreography.roles}
    for message in everything(choreography):
        assert allows(programs[message.receiver], message) == may_say(choreography, message), message


@pytest.mark.parametrize("name", ["chain", "pivot_per_path", "retriable_after_pivot"])
def test_only_the_service_that_plays_the_sender_is_believed(name: str) -> None:
    """Whatever is said: a role's word is its own service's, and nobody's is the receiver's own service's."""
    choreography, _ = must_pass(name)
    header = header_of(choreography)
    for role in choreography.roles:
        program, service = load(choreography, role), header.bindings[role]
        for message in everything(choreography):
            if message.receiver != role or not allows(program, message):
                continue
            said = event_of(message, service) if message.kind is Kind.EVENT else message
            assert believable(said, header, service, program)
            for speaker in (*header.bindings.values(), "stranger", ""):
                assert spoken_by(said, speaker) == (speaker == header.bindings[message.sender or role])


def event_of(message: Message, service: str) -> Message:
    """As it is told: before anything is known of the session."""
    header = Header(
        session=message.session, choreography="", fingerprint="", initiator="", bindings={message.receiver: service},
        started_at=0.0,
    )  # fmt: skip
    return msgspec.structs.replace(message, header=header)


SAID = control(sagas.HEADER, Kind.ABORT, "a", "b", "no")


@pytest.mark.parametrize(
    ("changes", "believed"),
    [
        ({}, True),
        ({"started_at": 9.0}, True),
        ({"deadline": 9.0}, True),
        ({"attributes": {"customer": "other"}}, True),
        ({"session": UUID(int=7)}, False),
        ({"choreography": "other"}, False),
        ({"fingerprint": "0"}, False),
        ({"initiator": "b"}, False),
        ({"bindings": {"a": "b", "b": "b", "c": "c"}}, False),
        ({"mode": "volatile"}, False),
    ],
    ids=str,
)
def test_a_header_is_the_sessions_own_in_what_its_version_decides(changes: dict[str, object], believed: bool) -> None:
    """In the rest the one that began the session counts, so that who speaks first shuts nobody else out."""
    other = msgspec.structs.replace(SAID, header=msgspec.structs.replace(sagas.HEADER, **changes))
    assert believable(other, sagas.HEADER, "b", sagas.ring()["b"]) == believed


def test_where_another_owns_the_commit_point_no_participants_abort_begins_a_session() -> None:
    for pivot, begun in ((True, ["a"]), (False, ["a", "b"])):
        choreography = sagas.ring(pivot=pivot)["c"].choreography
        aborts = [control(sagas.HEADER, Kind.ABORT, sender, "c", "no") for sender in ("a", "b")]
        assert [abort.sender for abort in aborts if begins(abort, choreography)] == begun


def test_the_initiator_begins_with_a_start_and_with_nothing_else() -> None:
    choreography = sagas.ring()["a"].choreography
    for kind in Kind:
        said = msgspec.structs.replace(SAID, kind=kind, sender="c", receiver="a")
        assert begins(said, choreography) == (kind is Kind.START)


def test_a_role_is_taken_to_have_reached_whom_its_program_sends_to_and_nobody_else() -> None:
    """A `done` may leave some out, for the program has branches; so may a `compensated`, of a role that was never
    reached itself."""
    choreography = sagas.ring()["a"].choreography
    done = control(sagas.HEADER, Kind.DONE, "b", "a", ["a", "b", "c", "nobody"])
    undone = control(sagas.HEADER, Kind.COMPENSATED, "b", "a", {"reason": "no", "roles": ["b", "c", "nobody"]})
    never = control(sagas.HEADER, Kind.COMPENSATED, "b", "a", {"reason": "no", "roles": []})
    assert authority.reached_by(choreography, done) == {"c"}
    assert authority.reached_by(choreography, undone) == {"c"}
    assert authority.reached_by(choreography, never) == frozenset()


def test_the_parts_of_the_table_are_all_of_use() -> None:
    assert {part for word in TABLE for part in (word.sender, word.receiver)} == set(Party)
    assert {word.kind for word in TABLE} == set(Kind)
