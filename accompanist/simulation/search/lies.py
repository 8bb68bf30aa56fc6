"""What a role may say without cause: the false words that a search lets it say.

Not among them: the abort of a role whose word decides about what was done. Nothing could be held against that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from accompanist.language.program.program import RoleProgram
from accompanist.runtime.authority import allows, ends_by_hand
from accompanist.runtime.control import control
from accompanist.runtime.messages import Header, Kind, Message


def lies_of(header: Header, programs: Mapping[str, RoleProgram]) -> Iterator[Message]:
    """Every abort that a role may say to another, but for those whose word decides."""
    for receiver, program in programs.items():
        for sender in programs:
            lie = control(header, Kind.ABORT, sender, receiver, "a lie")
            decides = ends_by_hand(program.choreography, sender)
            if sender != receiver and not decides and allows(program, lie):
                yield lie
