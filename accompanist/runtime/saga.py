"""The state machine of a session at one role: phases, events and transitions (docs/protocol.md).

Rule 1: the table decides. A row names the action of an event in a phase, and the phase that each outcome of that action
leads to. An action finds out and records; it never sets a phase. `Session.handle` does, in one place.
Rule 2: the table is the same for every role. What differs at the initiator (it collects votes and ends the saga) is
decided inside the actions, not by other rows.

Theory
------
Each role owns one write-once vote: done, or abort. The saga is settled when every role that was reached has voted
done; it is undone when one has voted abort. No role has to wait for another to decide its next step:

    RUNNING   the program is under way, or waits for a message or an answer
    DONE      voted done; everything this role owed the others has left. Only the initiator can still undo it
    CLOSING   the saga failed, here or elsewhere; the worker is asked to refuse every later call of this session and to
              list what it has executed. No other role has been told yet. The phase itself is volatile, its cause is
              not: the cause was stable before the worker was asked (the abort in the inbox, a record in the row), or
              the fence decides about the call in doubt, and gives the same answer when asked again
    UNDOING   closed, and the vote is stable (or the received abort: a record beside a done vote); compensations run in
              reverse order of commit, one call and one mark at a time. The list of what to compensate is read from the
              fence page by page (`runtime.compensation_pages`)
    UNDONE    all compensated, and the initiator told so
    SETTLED   all voted done. Final
    ENDED     all reached roles are undone. Final

    client          initiator A                B                       C
      | start ----->  RUNNING
      |               send data ------------>  RUNNING
      |               DONE                     send data ----------->  RUNNING
      |                 <-- done [C] --------  DONE                    DONE
      |                 <-- done [] ---------------------------------
      | <- settled -- SETTLED -- settled ----> SETTLED --------------> SETTLED

Why close before the vote: the fence decides a call of unknown outcome, so nothing is guessed; it refuses a late copy of
a call; and it lists what the log may have lost. Why the abort goes to every role that our projection *can* send to: the
list of those it has sent to is a cache and may be incomplete. A role that was never reached only keeps a tombstone.

The initiator ends the saga. It settles when the closure of contacts under the `done` votes has voted. It ends an undone
saga when the closure of send sets under the `compensated` answers has answered. Until then, a role that is DONE keeps
what it needs to compensate.

Waiting. A program may wait for time, for an event from outside, or for the first of the two. What ends such a wait is a
nondeterministic event like a worker's answer: it becomes the result of its site, once, and is stable before anything
that depends on it leaves. If `fired` and `event` race, the one that is handled first makes the result; the other is
stale. A timer and its time are stable before the session waits for it, and it fires again until its result is written.
So `fired` may come twice, late, or to a session that is being undone, which ignores it. An event stays in the inbox
like any message: an early one is taken when the program asks for it; in CLOSING it is kept, because the session may go
on after all; once the program has stopped it is ignored. Whether an event ever comes is up to the environment: a
session that waits for one is not stuck.

A role believes another's message that the saga is undone only where that can be true (`runtime.peer_aborts`).

The table does not know parking. A parked session keeps its phase; its program and its compensations stand still until
an operator acts (`runtime.operate`). An abort from another role still closes and undoes it, unless an operator parked
it: then its compensations wait for that operator.

Not promised: isolation. Others may see a transaction that is compensated later.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from accompanist.errors import Bug, catalogue
from accompanist.runtime.events import Name
from accompanist.runtime.ports import Phase

IMPOSSIBLE = catalogue(
    "ACC201",
    "impossible event",
    "A session received an event that cannot happen in its phase. Either a peer breaks the protocol, or a database was "
    "restored or promoted without its last commits, or Accompanist has a bug.",
    "The session is parked. Compare `accompanist sessions show` of all its roles; then report what you find.",
)


class StepAction(StrEnum):
    """What is done about an event; `runtime.session` maps each to a method."""

    PROCEED = "proceed"
    REPLIED = "replied"
    DECLINED = "declined"
    EXHAUSTED = "exhausted"
    SHUT = "shut"
    REUSED = "reused"
    FIRED = "fired"
    COUNT = "count"
    SETTLED = "settled"
    ENDED = "ended"
    TOLD = "told"
    TOLD_AGAIN = "told_again"
    DECIDED = "decided"
    SPREAD = "spread"
    CONSIDER = "consider"
    EXPIRE = "expire"
    CLASHED = "clashed"
    KEEP = "keep"
    LATE = "late"
    CLOSED = "closed"
    HELD = "held"
    UNENDED = "unended"
    READ = "read"
    UNDID = "undid"
    STUCK = "stuck"
    OPERATE = "operate"
    BEGIN_AGAIN = "begin_again"
    RUN_ON = "run_on"
    IGNORE = "ignore"


class StepOutcome(StrEnum):
    """What an action found out. The row of the table says which phase that leads to."""

    NOTHING = "nothing"
    """Nothing that another phase follows from."""
    VOTED = "voted"
    """The program has ended, and the vote is `done`."""
    FAILED = "failed"
    """The saga is to be undone: it failed here or elsewhere, or its undoing was granted. The cause is noted."""
    GOES_ON = "goes on"
    """The fence holds a reply, or the pivot may have committed: the session is not undone after all."""
    CLOSED = "closed"
    """The worker refuses later calls, and what it has executed is known, or its first page."""
    COMPENSATED = "compensated"
    """Nothing is left to be compensated."""
    ALL_DONE = "all done"
    """Every role that was reached has voted done."""
    ALL_UNDONE = "all undone"
    """Every role that was reached has compensated."""


class Row(NamedTuple):
    """The action that is run, and the phase that each of its outcomes leads to. An outcome without a phase is a bug."""

    action: StepAction
    leads: Mapping[StepOutcome, Phase]


RUNNING, DONE, CLOSING, UNDOING, UNDONE, SETTLED, ENDED = (
    Phase.RUNNING,
    Phase.DONE,
    Phase.CLOSING,
    Phase.UNDOING,
    Phase.UNDONE,
    Phase.SETTLED,
    Phase.ENDED,
)
_RUNS = {StepOutcome.NOTHING: RUNNING, StepOutcome.VOTED: DONE, StepOutcome.FAILED: CLOSING}
"""Where a running program may come to: it waits, ends or fails."""
_FAILS = {StepOutcome.FAILED: CLOSING}
_COMPENSATES = {StepOutcome.NOTHING: UNDOING, StepOutcome.COMPENSATED: UNDONE}

_ARRIVALS = (Name.START, Name.DATA, Name.CHOICE)
_ANSWERS = (Name.REPLIED, Name.DECLINED, Name.EXHAUSTED, Name.SHUT, Name.REUSED)
_REQUESTS = (Name.CANCEL, Name.DEADLINE)
_WAITS = (Name.EVENT, Name.FIRED)
_SAYS_UNDONE = (Name.ABORT, Name.COMPENSATED)


TABLE: dict[tuple[Phase, Name], Row] = {}
"""What an event does in a phase. A pair that is missing is impossible."""


def _row(phase: Phase, names: tuple[Name, ...], action: StepAction, leads: Mapping[StepOutcome, Phase]) -> None:
    for name in names:
        assert (phase, name) not in TABLE, (phase, name)
        TABLE[phase, name] = Row(action, leads)


def _stay(phase: Phase, names: tuple[Name, ...], action: StepAction) -> None:
    _row(phase, names, action, {StepOutcome.NOTHING: phase})


_row(RUNNING, (*_ARRIVALS, Name.EVENT), StepAction.PROCEED, _RUNS)
_row(RUNNING, (Name.REPLIED,), StepAction.REPLIED, _RUNS)
_row(RUNNING, (Name.DECLINED,), StepAction.DECLINED, _RUNS)
_row(RUNNING, (Name.FIRED,), StepAction.FIRED, _RUNS)
_row(RUNNING, (Name.EXHAUSTED,), StepAction.EXHAUSTED, {StepOutcome.NOTHING: RUNNING, **_FAILS})
_row(RUNNING, (Name.SHUT,), StepAction.SHUT, {StepOutcome.NOTHING: RUNNING, **_FAILS})
# It fails only if the message is believed: `runtime.peer_aborts` says when.
_row(RUNNING, _SAYS_UNDONE, StepAction.TOLD, {StepOutcome.NOTHING: RUNNING, **_FAILS})
_row(RUNNING, (Name.CANCEL,), StepAction.CONSIDER, {StepOutcome.NOTHING: RUNNING, **_FAILS})
_row(RUNNING, (Name.OPERATOR,), StepAction.OPERATE, _RUNS)
_row(RUNNING, (Name.LOADED,), StepAction.BEGIN_AGAIN, _RUNS)
_row(RUNNING, (Name.CAUGHT_UP,), StepAction.RUN_ON, _RUNS)
_stay(RUNNING, (Name.DONE,), StepAction.COUNT)
_stay(RUNNING, (Name.DEADLINE,), StepAction.EXPIRE)
_stay(RUNNING, (Name.REUSED,), StepAction.REUSED)
_stay(RUNNING, (Name.CLASHED,), StepAction.CLASHED)

_row(DONE, (Name.DONE,), StepAction.COUNT, {StepOutcome.NOTHING: DONE, StepOutcome.ALL_DONE: SETTLED})
_row(DONE, (Name.SETTLED,), StepAction.SETTLED, {StepOutcome.ALL_DONE: SETTLED})
_row(DONE, _SAYS_UNDONE, StepAction.TOLD, {StepOutcome.NOTHING: DONE, **_FAILS})
_row(DONE, (Name.CANCEL,), StepAction.CONSIDER, {StepOutcome.NOTHING: DONE, **_FAILS})
# It fails if the operator ends the saga by hand.
_row(DONE, (Name.OPERATOR,), StepAction.OPERATE, {StepOutcome.NOTHING: DONE, **_FAILS})
_row(DONE, (Name.LOADED,), StepAction.BEGIN_AGAIN, {StepOutcome.NOTHING: DONE, **_FAILS})
_stay(DONE, (Name.DEADLINE,), StepAction.EXPIRE)
_stay(DONE, (Name.CLASHED,), StepAction.CLASHED)
_stay(DONE, _ARRIVALS, StepAction.IGNORE)

# Without a fence, it goes on if the pivot has committed or may have: a pivot has no compensation.
_row(CLOSING, (Name.CLOSED,), StepAction.CLOSED, {StepOutcome.CLOSED: UNDOING, StepOutcome.GOES_ON: RUNNING})
# The fence holds the reply, so it goes on, unless another role's message that the saga is undone is believed.
_row(CLOSING, (Name.HELD,), StepAction.HELD, {StepOutcome.GOES_ON: RUNNING, **_FAILS})
_row(CLOSING, (Name.OPERATOR,), StepAction.OPERATE, {StepOutcome.NOTHING: CLOSING, StepOutcome.CLOSED: UNDOING})
_stay(CLOSING, (*_ARRIVALS, Name.EVENT), StepAction.KEEP)
_stay(CLOSING, _ANSWERS, StepAction.LATE)
_stay(CLOSING, _SAYS_UNDONE, StepAction.TOLD_AGAIN)
_stay(CLOSING, (Name.DONE,), StepAction.COUNT)
_stay(CLOSING, (Name.CANCEL,), StepAction.CONSIDER)
_stay(CLOSING, (Name.DEADLINE,), StepAction.EXPIRE)
_stay(CLOSING, (Name.UNENDED,), StepAction.UNENDED)
_stay(CLOSING, (Name.CLASHED,), StepAction.CLASHED)
_stay(CLOSING, (Name.FIRED,), StepAction.IGNORE)

_row(UNDOING, (Name.CLOSED,), StepAction.READ, _COMPENSATES)  # the next page of what is to be compensated
_row(UNDOING, (Name.UNDID,), StepAction.UNDID, _COMPENSATES)
_row(UNDOING, (Name.ABORT,), StepAction.DECIDED, _COMPENSATES)  # ignored, unless an operator ended it at this role
_row(UNDOING, (Name.OPERATOR,), StepAction.OPERATE, _COMPENSATES)
_row(UNDOING, (Name.LOADED,), StepAction.BEGIN_AGAIN, _COMPENSATES)
_row(UNDOING, (Name.CAUGHT_UP,), StepAction.RUN_ON, _COMPENSATES)
_stay(UNDOING, (Name.COMPENSATED,), StepAction.COUNT)
_stay(UNDOING, (Name.DONE,), StepAction.SPREAD)
_stay(UNDOING, (Name.UNENDED,), StepAction.UNENDED)
_stay(UNDOING, (Name.STUCK,), StepAction.STUCK)
_stay(UNDOING, (*_ARRIVALS, *_REQUESTS, Name.CLASHED), StepAction.IGNORE)

_row(UNDONE, (Name.COMPENSATED,), StepAction.COUNT, {StepOutcome.NOTHING: UNDONE, StepOutcome.ALL_UNDONE: ENDED})
_row(UNDONE, (Name.ENDED,), StepAction.ENDED, {StepOutcome.ALL_UNDONE: ENDED})
_stay(UNDONE, (Name.OPERATOR,), StepAction.OPERATE)
_stay(UNDONE, (Name.DONE,), StepAction.SPREAD)
_stay(UNDONE, (*_ARRIVALS, Name.ABORT, *_REQUESTS, Name.CLASHED), StepAction.IGNORE)

_AFTER_THE_END = (*_ARRIVALS, *_REQUESTS, Name.DONE, Name.CLASHED, Name.OPERATOR)
_stay(SETTLED, (*_AFTER_THE_END, Name.SETTLED), StepAction.IGNORE)
_stay(ENDED, (*_AFTER_THE_END, *_SAYS_UNDONE, Name.ENDED), StepAction.IGNORE)
for phase in (DONE, UNDOING, UNDONE, SETTLED, ENDED):  # the program does not run any more
    _stay(phase, _WAITS, StepAction.IGNORE)

ENTRY: dict[Phase, Mapping[StepOutcome, Phase]] = {
    RUNNING: _RUNS,
    DONE: {StepOutcome.NOTHING: DONE, StepOutcome.ALL_DONE: SETTLED},
    CLOSING: {StepOutcome.NOTHING: CLOSING, StepOutcome.CLOSED: UNDOING},
    UNDOING: _COMPENSATES,
    UNDONE: {StepOutcome.NOTHING: UNDONE, StepOutcome.ALL_UNDONE: ENDED},
    SETTLED: {StepOutcome.NOTHING: SETTLED},
    ENDED: {StepOutcome.NOTHING: ENDED},
}
"""What follows at once when an outcome leads to a phase: each phase has one entry action, and these are its outcomes.
So one event may take several steps: a role with no worker to close leaves CLOSING as soon as it enters it."""
FINAL = frozenset({SETTLED, ENDED})


def rule(phase: Phase, name: Name) -> Row:
    """The row for an event in a phase. Raises Bug for an impossible pair."""
    row = TABLE.get((phase, name))
    if row is None:
        raise Bug(IMPOSSIBLE, f"{name.value} cannot happen to a session that is {phase.value}")
    return row


def after(leads: Mapping[StepOutcome, Phase], outcome: StepOutcome, what: str) -> Phase:
    """The phase that an outcome leads to. Raises Bug if the table does not list the outcome; `what` had it."""
    phase = leads.get(outcome)
    if phase is None:
        raise Bug(IMPOSSIBLE, f"{what} had an outcome that the table excludes: {outcome.value}")
    return phase
