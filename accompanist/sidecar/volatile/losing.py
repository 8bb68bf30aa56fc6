"""What a role does where its volatile session is lost (docs/volatile.md).

A session is lost when a process that had a part of it in memory may be gone. What that process did, nobody knows. The
others undo what they did, as far as that can still be right:

    its pivot is committed, or it waits       nothing is undone: others may have gone on for good
    behind the commit point
    it has voted done                         undone if the initiator says so, which then knows that the saga did not
                                              settle and that no commit point was passed; else kept
    it runs, or is being undone               undone: without its vote the saga cannot have settled

So a client that was told `settled` was told the truth: nothing of that saga is undone.

Not promised: that all roles come to the same. Those that are gone, or that had voted, may differ from the others.
"""

from __future__ import annotations

from accompanist.runtime.control import control
from accompanist.runtime.messages import Kind, Message
from accompanist.runtime.ports import Phase
from accompanist.runtime.session import Session


def may_be_settled_by(session: Session) -> bool:
    """Whether others may go on for good although this role cannot: it is at or behind the commit point."""
    if session.position.pivot_is_through():
        return True
    run = session.state.run
    return run is not None and (run.behind_commit or run.past_commit)


def undoes(session: Session, *, told: bool) -> bool:
    """Whether a role undoes what it did. `told`: the initiator said so."""
    phase = session.row.phase
    if phase in (Phase.SETTLED, Phase.ENDED, Phase.UNDONE) or may_be_settled_by(session):
        return False
    return told or phase is not Phase.DONE


def says_undo(session: Session) -> bool:
    """Whether the initiator, for which this is its session, tells the others to undo what they did. Where another role
    owns the commit point, the initiator does not know whether it was passed, so those that have voted keep theirs."""
    owner = session.program.choreography.commit_role
    return owner in (None, session.role) and not may_be_settled_by(session)


def order_to_undo(session: Session, reason: str) -> Message:
    """The message by which a role undoes what it did: an abort that it believes."""
    header = session.header
    others = sorted(set(header.bindings) - {session.role})
    sender = others[0] if session.role == header.initiator and others else header.initiator
    return control(header, Kind.ABORT, sender, session.role, reason)
