"""The state machine of a session at one role: phases, events and transitions (docs/protocol.md).

Rule 1: only this file's table decides phases; `session.py` carries out the action that a row names.
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
              fence page by page (`runtime.undoing`)
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

A role believes another's message that the saga is undone only where that can be true (`runtime.undone`).

The table does not know parking. A parked session keeps its phase; its program and its compensations stand still until
an operator acts (`runtime.operate`). An abort from another role still closes and undoes it, unless an operator parked
it: then its compensations wait for that operator.

Not promised: isolation. Others may see a transaction that is compensated later.
"""

from __future__ import annotations

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


class Row(NamedTuple):
    """What an event does in a phase: the action to run, and the phases that the session may be in afterwards."""

    action: str
    to: frozenset[Phase]


R, D, C, U, N, S, E = (
    Phase.RUNNING,
    Phase.DONE,
    Phase.CLOSING,
    Phase.UNDOING,
    Phase.UNDONE,
    Phase.SETTLED,
    Phase.ENDED,
)
_FORWARD = frozenset({R, D, S, C, U, N, E})
"""The phases that a running program may lead to: it waits, it ends, the saga settles, or it fails and is undone. A role
with no worker to close passes CLOSING within one event, and one with nothing to compensate passes UNDOING, too."""
_BACK = frozenset({C, U, N, E})
_STAY: dict[Phase, frozenset[Phase]] = {phase: frozenset({phase}) for phase in Phase}

_ARRIVALS = (Name.START, Name.DATA, Name.CHOICE)
_REQUESTS = (Name.CANCEL, Name.DEADLINE)
_WAITS = (Name.EVENT, Name.FIRED)


def _rows() -> dict[tuple[Phase, Name], Row]:
    table: dict[tuple[Phase, Name], Row] = {}

    def row(phase: Phase, names: tuple[Name, ...], action: str, to: frozenset[Phase] | None = None) -> None:
        for name in names:
            assert (phase, name) not in table, (phase, name)
            table[phase, name] = Row(action, to or _STAY[phase])

    arrivals, requests, waits = _ARRIVALS, _REQUESTS, _WAITS
    row(R, arrivals, "proceed", _FORWARD)
    row(R, (Name.ABORT, Name.COMPENSATED), "told", frozenset({R}) | _BACK)  # if it is believed: `runtime.undone`
    row(R, (Name.DONE,), "count")
    row(R, (Name.CANCEL,), "consider", frozenset({R}) | _BACK)
    row(R, (Name.DEADLINE,), "expire")
    row(R, (Name.OPERATOR,), "operate", _FORWARD)
    row(R, (Name.REPLIED,), "replied", _FORWARD)
    row(R, (Name.DECLINED,), "declined", _FORWARD)
    row(R, (Name.EXHAUSTED,), "exhausted", frozenset({R}) | _BACK)
    row(R, (Name.SHUT,), "shut", frozenset({R}) | _BACK)
    row(R, (Name.REUSED,), "reused")
    row(R, (Name.CLASHED,), "clashed")
    row(R, (Name.EVENT,), "proceed", _FORWARD)
    row(R, (Name.FIRED,), "fired", _FORWARD)

    row(D, arrivals, "ignore")
    row(D, (Name.ABORT, Name.COMPENSATED), "told", frozenset({D}) | _BACK)  # if it is believed
    row(D, (Name.DONE,), "count", frozenset({D, S}))
    row(D, (Name.CANCEL,), "consider", frozenset({D}) | _BACK)
    row(D, (Name.DEADLINE,), "expire")
    row(D, (Name.SETTLED,), "settled", frozenset({S}))
    row(D, (Name.OPERATOR,), "operate", frozenset({D}) | _BACK)  # ended by hand, where another is undone
    row(D, (Name.CLASHED,), "clashed")

    row(C, (*arrivals, Name.EVENT), "keep")
    row(C, (Name.ABORT, Name.COMPENSATED), "told_again")
    row(C, (Name.DONE,), "count")
    row(C, (Name.CANCEL,), "consider")
    row(C, (Name.DEADLINE,), "expire")
    row(C, (Name.OPERATOR,), "operate", _BACK)
    row(C, (Name.CLOSED,), "closed", _FORWARD)  # without a fence, a pivot's reply in the meantime lets it go on
    row(C, (Name.HELD,), "held", _FORWARD)
    row(C, (Name.UNENDED,), "unended")
    row(C, (Name.CLASHED,), "clashed")
    row(C, (Name.FIRED,), "ignore")

    row(U, (*arrivals, *requests, Name.CLASHED), "ignore")
    row(U, (Name.ABORT,), "decided", frozenset({U, N, E}))  # ignored, unless an operator ended it at this role
    row(U, (Name.COMPENSATED,), "count")
    row(U, (Name.DONE,), "spread")
    row(U, (Name.UNDID,), "undid", frozenset({U, N, E}))
    row(U, (Name.CLOSED,), "read", frozenset({U, N, E}))  # the next page of what is to be compensated
    row(U, (Name.UNENDED,), "unended")
    row(U, (Name.STUCK,), "stuck")
    row(U, (Name.OPERATOR,), "operate", frozenset({U, N, E}))

    row(N, (*arrivals, Name.ABORT, *requests, Name.CLASHED), "ignore")
    row(N, (Name.OPERATOR,), "operate")
    row(N, (Name.COMPENSATED,), "count", frozenset({N, E}))
    row(N, (Name.DONE,), "spread")
    row(N, (Name.ENDED,), "ended", frozenset({E}))

    row(S, (*arrivals, Name.DONE, Name.SETTLED, *requests, Name.CLASHED, Name.OPERATOR), "ignore")
    row(
        E,
        (*arrivals, Name.ABORT, Name.DONE, Name.COMPENSATED, Name.ENDED, *requests, Name.CLASHED, Name.OPERATOR),
        "ignore",
    )
    for phase in (D, U, N, S, E):  # the program does not run any more
        row(phase, waits, "ignore")
    return table


TABLE: dict[tuple[Phase, Name], Row] = _rows()
FINAL = frozenset({S, E})


def rule(phase: Phase, name: Name) -> Row:
    """The row for an event in a phase. Raises Bug for an impossible pair."""
    row = TABLE.get((phase, name))
    if row is None:
        raise Bug(IMPOSSIBLE, f"{name.value} cannot happen to a session that is {phase.value}")
    return row
