"""Where a session can stand at one role, and what moves it: the table of the session protocol (docs/protocol.md).

Rule 1: everything that decides a phase is in this file's table; `session.py` only carries out the action a row names.
Rule 2: the table does not know which role we are. What differs at the initiator (it collects votes and ends the saga)
is decided by what the actions find, not by other rows.

Theory
------
Each role owns one write-once vote: done, or abort. The saga is settled when every role that was reached has voted
done; it is undone when one has voted abort. No role needs another to decide what it does next:

    RUNNING   the program is under way, or waits for a message or an answer
    DONE      voted done; everything this role owed the others has left. Only the initiator can still undo it
    CLOSING   the saga failed, here or elsewhere; the worker is being asked to refuse every later call of this session
              and to say what it had executed. Nothing has been told to anyone yet. The phase is volatile, its cause
              is not: it was stable before the worker was asked (the abort in the inbox, a record in the row), or the
              fence decides about the call in doubt, and decides the same when it is asked again
    UNDOING   closed, and the vote (or the told abort, a record beside a done vote) is stable; compensations run in
              reverse order of commit, one call and one mark at a time. What there is to compensate is read from the
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

Why close before the vote: a call of unknown outcome is decided by the fence and not guessed, a late copy of a call
finds the door shut, and what a lost cache forgot the fence still lists. Why the abort goes to every role that our
projection *can* send to: a cache that was lost may have sent; a role that was never reached gets a tombstone only.

The initiator ends what it began. It settles when the closure of contacts under the `done` votes has voted; it ends an
undone saga when the closure of send sets under the `compensated` answers has answered. Until it has said so, a role
that is DONE keeps what it needs to compensate.

Waiting. A program may wait for time, for an event from outside, or for the first of the two. What ends such a wait is a
nondeterministic event like a worker's answer: it becomes the result of its site, once, and is stable before anything
that follows from it leaves. `fired` and `event` only ever offer an end; whichever is handled first makes the result,
the other finds the program further on and is stale. A timer is stable, with its time, before the session waits for it,
and told again until its result is written: so `fired` may come twice, late, or to a session that is being undone, and
is ignored there. An event stays in the inbox like any message: early, it is taken when it is asked for; in CLOSING it
is kept, because the session may go on after all; where the program does not run any more it means nothing.
An event that never comes is the environment's doing: a session that waits for one is not stuck, it has not ended yet.

Another's word that the saga is undone counts if it can be so: `runtime.undone` says whom a role believes, and when.

What the table does not see: parking. A parked session keeps its phase; its program and its compensations stand still
until an operator acts (`runtime.operate`). An abort that is told from elsewhere still closes it, and undoes it, unless
a person has stopped it: then its compensations wait for that person.

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
    "A session met an event that its phase excludes. Either a peer breaks the protocol, or a database was restored or "
    "promoted without its last commits, or Accompanist is wrong.",
    "The session is parked. Compare `accompanist sessions show` of all its roles; then report what you find.",
)


class Row(NamedTuple):
    """What an event does in a phase: the action that session.py runs, and the phases it may leave behind."""

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
"""Where running on can lead: to a wait, to the end, to settlement, or through a failure all the way down (a role that
has no worker to close passes CLOSING at once, one with nothing to compensate UNDOING too)."""
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
    row(C, (Name.CLOSED,), "closed", _FORWARD)  # without a fence a pivot may have answered meanwhile: that counts
    row(C, (Name.HELD,), "held", _FORWARD)
    row(C, (Name.UNENDED,), "unended")
    row(C, (Name.CLASHED,), "clashed")
    row(C, (Name.FIRED,), "ignore")

    row(U, (*arrivals, *requests, Name.CLASHED), "ignore")
    row(U, (Name.ABORT,), "decided", frozenset({U, N, E}))  # ignored but where a person ended it at this role
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
    """The row of an event in a phase. Raises Bug for a pair that cannot be."""
    row = TABLE.get((phase, name))
    if row is None:
        raise Bug(IMPOSSIBLE, f"{name.value} cannot happen to a session that is {phase.value}")
    return row
