"""The rules of docs/proofs/Saga.v as one table, and whether a step of the search is a sequence of them.

What is proved there is proved of these rules. So a step of the running core that no sequence of rules explains is a
step of which nothing is proved, and `NoRule` shows it.

Each rule bears the name that it has in Saga.v. It has a reason to be taken, which looks at where a role stands and
where it has to come; what its guard has against that; and its effect. The right to fail, `may` of Saga.v, is every
role's until the commit point is passed, and nobody's after it: rule `safe` is taken where `pivot` or `record` is.

Not promised: that this table says what Saga.v says. A test holds the names of the two equal, and the guards are seen to
work by rules of the core that are switched off (tests/model/test_refinement.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from accompanist.simulation.search.abstract_state import (
    BACK,
    OVER,
    AbstractPhase,
    AbstractRole,
    AbstractState,
    Effect,
    RoleProgress,
    SagaShape,
)


class ProvedRule(NamedTuple):
    """`due`: whether the role has to take it; `allows`: why its guard forbids it, or nothing; `taken`: what follows."""

    due: Callable[[RoleProgress], bool]
    allows: Callable[[RoleProgress], str]
    taken: Callable[[RoleProgress], dict[str, AbstractRole]]


class NoRule(Exception):
    """No rules lead from one state to the other: what the first that is due is refused for, or what is left."""


def passed(move: RoleProgress) -> bool:
    return move.now[move.saga.owner].passed


def can_fail(move: RoleProgress) -> bool:
    """`can_fail` of Saga.v."""
    return not passed(move) and (
        move.at.phase is AbstractPhase.RUNNING or (move.is_initiator and move.at.phase is AbstractPhase.DONE)
    )


def counted(first: frozenset[str], by: Callable[[str], frozenset[str]]) -> frozenset[str]:
    """`Cl` of Saga.v."""
    found, todo = set(first), list(first)
    while todo:
        more = by(todo.pop()) - found
        found |= more
        todo.extend(more)
    return frozenset(found)


def _if(*reasons: tuple[bool, str]) -> str:
    return next((text for wrong, text in reasons if wrong), "")


# -- forward -----------------------------------------------------------------------------------------------------------


def _buried(move: RoleProgress) -> bool:
    """Whether it comes to a tombstone: it is over at once, with nothing done. Its worker may have been closed, to see
    that: no call comes behind a tombstone, so nobody asks whether its door is shut."""
    at, goal = move.at, move.goal
    blank = not goal.executed and goal.vote != "done" and goal.contacts == at.contacts
    # without a door, a session that is undone looks the same in the end; then the initiator has ended, too
    early = move.role in move.saga.doors or move.to[move.saga.initiator].phase is not AbstractPhase.ENDED
    once = at.phase is AbstractPhase.IDLE or (at.phase is AbstractPhase.RUNNING and early)
    return once and goal.phase is AbstractPhase.ENDED and blank and not move.is_initiator


def _sent_to(move: RoleProgress) -> bool:
    return any(move.role in one.contacts for one in move.now.values())


def _told_first(move: RoleProgress) -> bool:
    """Whether an abort is the first that it hears, and it leaves no tombstone: it closes and goes back (`told`)."""
    idle = move.at.phase is AbstractPhase.IDLE and not _sent_to(move)
    return idle and move.at.told and move.goal.phase in BACK and not _buried(move)


def _begins(move: RoleProgress) -> bool:
    idle = move.at.phase is AbstractPhase.IDLE and move.goal.phase is not AbstractPhase.IDLE
    return idle and not _buried(move) and not _told_first(move)


def _next_effect(move: RoleProgress) -> Effect | None:
    done = len(move.at.executed)
    return move.goal.executed[done] if len(move.goal.executed) > done else None


def _commits(move: RoleProgress) -> bool:
    effect = _next_effect(move)
    return effect is not None and effect.pivot and not passed(move)


def _records(move: RoleProgress) -> bool:
    goal = move.goal
    return goal.passed and not move.at.passed and goal.phase is not AbstractPhase.SETTLED and not _commits(move)


def _executes(move: RoleProgress) -> str:
    effect = _next_effect(move)
    return _if(
        (move.at.phase is not AbstractPhase.RUNNING, f"it is {move.at.phase}"),
        (move.at.shut, "its door is shut"),
        (effect in move.at.executed, "it was executed before"),
        (effect is not None and effect.stays and not effect.pivot and not passed(move), "it cannot be undone"),
    )


def _safe(move: RoleProgress) -> str:
    """The guard of `safe`, for every role but the owner: none can have failed, and none will."""
    for role, one in move.now.items():
        if role != move.saga.owner and (one.phase in BACK or one.granted or one.shut):
            return f"{role} is {one.phase}, {'with' if one.granted else 'without'} a cause to go back"
    return ""


def _at_commit(move: RoleProgress) -> str:
    return _if(
        (move.role != move.saga.owner, "it does not own the commit point"),
        (move.at.phase is not AbstractPhase.RUNNING, f"it is {move.at.phase}"),
        (move.at.shut, "its door is shut"),
        (move.at.granted, "it has granted that the saga is undone"),
    ) or _safe(move)


def _executed(move: RoleProgress, **changes: Any) -> dict[str, AbstractRole]:
    effect = _next_effect(move)
    assert effect is not None
    return move.put(executed=(*move.at.executed, effect), **changes)


def _sent(move: RoleProgress) -> frozenset[str]:
    """The contacts that it gets by messages of its program."""
    return move.goal.contacts - move.at.contacts - _forwarded(move)


def _forwarded(move: RoleProgress) -> frozenset[str]:
    """The owner, where the initiator hands a request on to it: the request tells, or that it becomes a contact."""
    owner, goal = move.saga.owner, move.to[move.saga.owner]
    orphaned = goal.vote == "abort" and goal.phase is AbstractPhase.ENDED
    # a request tells something only of an owner that may still take it (AbstractRole.plain)
    hears = move.now[owner].phase in (AbstractPhase.IDLE, AbstractPhase.RUNNING) and not move.now[owner].asked
    asks = hears and (goal.asked or orphaned)
    sends = move.at.phase is AbstractPhase.RUNNING and owner in move.saga.sends_to[move.role]
    alone = owner in move.goal.contacts - move.at.contacts and not sends
    return frozenset({owner}) if move.is_initiator and owner != move.role and (asks or alone) else frozenset()


def _sends(move: RoleProgress) -> str:
    return _if(
        (move.at.phase is not AbstractPhase.RUNNING, f"it is {move.at.phase}"),
        (not _sent(move) <= move.saga.sends_to[move.role], "its projection does not send there"),
    )


def _forward(move: RoleProgress) -> dict[str, AbstractRole]:
    now = move.put(contacts=move.at.contacts | {move.saga.owner})
    now[move.saga.owner] = now[move.saga.owner]._replace(asked=True).plain()
    return now


def _forward_is_due(move: RoleProgress) -> bool:
    return any(rule.due(move) for name, rule in RULES.items() if name in _FORWARD)


# -- back --------------------------------------------------------------------------------------------------------------


def _goes_back(move: RoleProgress) -> bool:
    begun = move.at.phase in (AbstractPhase.RUNNING, AbstractPhase.DONE) or _told_first(move)
    return begun and move.goal.phase in BACK and not _buried(move) and not _forward_is_due(move)


def _by_itself(move: RoleProgress) -> bool:
    """Whether it goes back for a cause of its own: it votes abort, or is the initiator and nobody tells it."""
    if move.at.phase is AbstractPhase.RUNNING:
        return move.goal.vote == "abort"
    others = (role for role in move.now if role != move.role)
    tells = any(move.to[role].phase in BACK and move.now[role].phase not in BACK for role in others)
    return move.is_initiator and not move.at.told and not tells


def _grants(move: RoleProgress) -> bool:
    """Whether a cause has to be recorded, its own or another's."""
    due = move.goal.granted or (_goes_back(move) and _by_itself(move))
    return due and not move.at.granted and move.at.phase in (AbstractPhase.RUNNING, AbstractPhase.DONE)


def _own_cause(move: RoleProgress) -> bool:
    return _grants(move) and (not move.at.told or (_goes_back(move) and _by_itself(move)))


def _closes(move: RoleProgress) -> bool:
    # whether the door of one that has ended is shut, nobody asks any more (AbstractRole.plain)
    goes = move.goal.phase is AbstractPhase.ENDED and _goes_back(move) and _open(move)
    return (move.goal.shut or goes) and not move.at.shut and not _forward_is_due(move)


def _open(move: RoleProgress) -> bool:
    """Whether its worker may still execute something. Where there is no door, `close` is taken with what needs it."""
    return not move.at.shut and move.role in move.saga.doors


def _fail_guard(move: RoleProgress) -> str:
    may = move.at.phase is AbstractPhase.RUNNING or (move.is_initiator and move.at.phase is AbstractPhase.DONE)
    return _if(
        (not move.at.granted, "no cause is recorded"),
        (not may, f"it is {move.at.phase}"),
        (_open(move), "its door is open"),
    )


def _told_guard(move: RoleProgress) -> str:
    return _if((not move.at.told, "nobody told it"), (_open(move), "its door is open"))


def _undoes(move: RoleProgress) -> bool:
    return move.at.phase is AbstractPhase.UNDOING and len(move.goal.undone) > len(move.at.undone)


def _undo_guard(move: RoleProgress) -> str:
    left = len(move.at.executed) - len(move.at.undone)
    last = move.at.executed[left - 1].site if left > 0 else ""
    asked = move.goal.undone[len(move.at.undone)]
    stays = left > 0 and move.at.executed[left - 1].stays
    return _if(
        (asked != last, f"it undoes {asked}, and the last that is not undone is {last or 'none'}"),
        (stays, f"{asked} has no compensation"),
    )


def _all_undone(move: RoleProgress) -> str:
    done = tuple(effect.site for effect in move.at.executed)
    return _if((done != move.at.undone[::-1], "not everything is undone in reverse order"))


# -- the end -----------------------------------------------------------------------------------------------------------


def _settle_guard(move: RoleProgress) -> str:
    reached = counted(move.at.contacts, lambda role: move.now[role].contacts)
    missing = sorted(role for role in reached if move.now[role].vote != "done")
    return _if(
        (move.at.granted, "it has granted that the saga is undone"),
        (bool(missing), f"{', '.join(missing)} did not vote done"),
    )


def _end_guard(move: RoleProgress) -> str:
    first = move.saga.sends_to[move.role] | move.at.contacts
    reached = counted(first, lambda role: move.saga.sends_to[role]) - {move.role}
    missing = sorted(role for role in reached if move.now[role].phase not in OVER)
    return _if((bool(missing), f"{', '.join(missing)} did not compensate"))


def _any(move: RoleProgress) -> str:
    return ""


def _only(right: Callable[[RoleProgress], bool], text: str) -> Callable[[RoleProgress], str]:
    return lambda move: "" if right(move) else text


def _to(phase: AbstractPhase) -> Callable[[RoleProgress], dict[str, AbstractRole]]:
    return lambda move: move.put(phase=phase)


def _from(phase: AbstractPhase, *goals: AbstractPhase, first: bool) -> Callable[[RoleProgress], bool]:
    return lambda move: move.at.phase is phase and move.goal.phase in goals and move.is_initiator == first


RULES: dict[str, ProvedRule] = {
    "start": ProvedRule(lambda move: move.is_initiator and _begins(move), _any, _to(AbstractPhase.RUNNING)),
    "begin": ProvedRule(
        lambda move: not move.is_initiator and _begins(move),
        _only(_sent_to, "nobody has sent to it"),
        _to(AbstractPhase.RUNNING),
    ),
    "execute": ProvedRule(lambda move: _next_effect(move) is not None and not _commits(move), _executes, _executed),
    "pivot": ProvedRule(
        _commits, lambda move: _at_commit(move) or _executes(move), lambda move: _executed(move, passed=True)
    ),
    "record": ProvedRule(_records, _at_commit, lambda move: move.put(passed=True)),
    "send": ProvedRule(
        lambda move: bool(_sent(move)), _sends, lambda move: move.put(contacts=move.at.contacts | _sent(move))
    ),
    "forward": ProvedRule(
        lambda move: bool(_forwarded(move)),
        _only(lambda move: move.at.phase in (AbstractPhase.RUNNING, AbstractPhase.DONE), "its saga is decided"),
        _forward,
    ),
    "vote_done": ProvedRule(
        lambda move: move.at.phase is AbstractPhase.RUNNING and move.goal.vote == "done",
        lambda move: _if(
            (move.at.vote is not None, "it has voted"), (move.at.granted, "it has granted that the saga is undone")
        ),
        lambda move: move.put(phase=AbstractPhase.DONE, vote="done"),
    ),
    "grant": ProvedRule(
        _own_cause,
        _only(can_fail, "nothing may fail here any more"),
        lambda move: move.put(granted=True),
    ),
    "keep_cause": ProvedRule(
        lambda move: _grants(move) and not _own_cause(move),
        _only(lambda move: move.at.told, "nobody told it"),
        lambda move: move.put(granted=True),
    ),
    "close": ProvedRule(
        _closes,
        _only(lambda move: move.at.granted or move.at.told or can_fail(move), "nothing lets it go back"),
        lambda move: move.put(shut=True),
    ),
    "fail": ProvedRule(
        lambda move: _goes_back(move) and _by_itself(move),
        _fail_guard,
        lambda move: move.telling(phase=AbstractPhase.UNDOING, vote=move.at.vote or "abort"),
    ),
    "told": ProvedRule(
        lambda move: _goes_back(move) and not _by_itself(move),
        _told_guard,
        lambda move: move.telling(phase=AbstractPhase.UNDOING),
    ),
    "bury": ProvedRule(
        lambda move: _buried(move) and move.goal.vote is None,
        lambda move: _if((not move.at.told, "nobody told it"), (move.is_initiator, "it is the initiator")),
        lambda move: move.telling(phase=AbstractPhase.ENDED),
    ),
    "orphan": ProvedRule(
        lambda move: _buried(move) and move.goal.vote is not None,
        lambda move: _if(
            (not move.at.asked, "nobody asked it"),
            (move.role != move.saga.owner or move.is_initiator, "it does not decide"),
            (passed(move), "the commit point is passed"),
        ),
        lambda move: move.telling(phase=AbstractPhase.ENDED, vote="abort"),
    ),
    "spread": ProvedRule(
        lambda move: move.goal.told and not move.at.told,
        _only(lambda move: move.initiator.phase in (AbstractPhase.UNDOING, AbstractPhase.UNDONE), "nobody tells it"),
        lambda move: move.put(told=True),
    ),
    "undo": ProvedRule(
        _undoes,
        _undo_guard,
        lambda move: move.put(undone=move.goal.undone[: len(move.at.undone) + 1]),
    ),
    "all_undone": ProvedRule(
        lambda move: move.at.phase is AbstractPhase.UNDOING and move.goal.phase in OVER and not _undoes(move),
        _all_undone,
        _to(AbstractPhase.UNDONE),
    ),
    "settle": ProvedRule(
        _from(AbstractPhase.DONE, AbstractPhase.SETTLED, first=True), _settle_guard, _to(AbstractPhase.SETTLED)
    ),
    "settled_at": ProvedRule(
        _from(AbstractPhase.DONE, AbstractPhase.SETTLED, first=False),
        _only(lambda move: move.initiator.phase is AbstractPhase.SETTLED, "the initiator has not settled"),
        _to(AbstractPhase.SETTLED),
    ),
    "end_saga": ProvedRule(
        _from(AbstractPhase.UNDONE, AbstractPhase.ENDED, first=True), _end_guard, _to(AbstractPhase.ENDED)
    ),
    "ended_at": ProvedRule(
        _from(AbstractPhase.UNDONE, AbstractPhase.ENDED, first=False),
        _only(lambda move: move.initiator.phase is AbstractPhase.ENDED, "the initiator has not ended the saga"),
        _to(AbstractPhase.ENDED),
    ),
}
"""The rules by their names in Saga.v, in the order in which a role takes those that are due."""
_FORWARD = ("execute", "pivot", "record", "send", "forward", "vote_done")
TAKEN_WITHIN = frozenset({"safe"})
"""Rules that are taken together with another: `safe` of every role but the owner, with `pivot` or `record`."""
OPERATORS = frozenset({"excuse", "park", "unpark"})
"""Rules that no search takes: it has no operator, and a session that is parked breaks a property at once."""
_path_max = 1_000


def path(saga: SagaShape, now: AbstractState, to: AbstractState) -> tuple[tuple[str, str], ...]:
    """The rules that lead from one state to another, each with the role that takes it. Raises NoRule."""
    taken: list[tuple[str, str]] = []
    while now != to:
        if len(taken) == _path_max:
            raise NoRule(f"{_path_max:,} rules of Saga.v in a row do not lead there")
        for role, name in _due(saga, now, to):
            move = RoleProgress(saga, now, to, role)
            if not RULES[name].allows(move):
                now = RULES[name].taken(move)
                taken.append((name, role))
                break
        else:
            raise NoRule(_why(saga, now, to))
    return tuple(taken)


def _due(saga: SagaShape, now: AbstractState, to: AbstractState) -> Iterator[tuple[str, str]]:
    for role in now:
        move = RoleProgress(saga, now, to, role)
        yield from ((role, name) for name, rule in RULES.items() if rule.due(move))


def _why(saga: SagaShape, now: AbstractState, to: AbstractState) -> str:
    """What is in the way: the first rule that is due and not allowed, else what differs. That an abort was told follows
    from what its sender did, so that comes last."""
    for role, name in sorted(_due(saga, now, to), key=lambda due: due[1] == "spread"):
        because = RULES[name].allows(RoleProgress(saga, now, to, role))
        return f"Saga.v does not let {role} take its rule {name}: {because}"
    differ = (
        f"{field} of {role} is {there!r} and not {here!r}"
        for role in now
        for field, here, there in zip(AbstractRole._fields, now[role], to[role], strict=True)
        if here != there
    )
    return f"no rule of Saga.v leads there: {'; '.join(differ)}"
