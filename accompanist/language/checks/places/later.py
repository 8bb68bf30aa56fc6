"""Whether a name is still read: by what follows a point, in its block and in the blocks around it.

`locate` asks it of names that only roles hold which would not know the branch or loop that has changed them. Such a
role is told, if somebody reads the name later; a value that nobody reads is worth no message.
"""

from __future__ import annotations

from collections.abc import Sequence

from accompanist.language.ir import Abort, Block, Enter, If, Invoke, Let, Loop, Move, Return, Statement


def read_later(name: str, rest: Sequence[Block]) -> bool:
    """`rest`: what follows, innermost first; for a turn of a loop the loop's body once more."""
    for block in rest:
        found = _in(block, name)
        if found is not None:
            return found
    return False


def _in(block: Block, name: str) -> bool | None:
    """Whether a block reads the value that a name has before it; None if it neither reads nor replaces it."""
    for point in block:
        found = _at(point, name)
        if found is not None:
            return found
    return None


def _at(point: Statement, name: str) -> bool | None:
    match point:
        case If(test=test, then=then, orelse=orelse):
            ways = [_in(then, name), _in(orelse, name)]
            if name in test.names or True in ways:
                return True
            return False if ways == [False, False] else None
        case Loop(body=body):
            return _in(body, name) or None  # there may be no turn that replaces it
        case Let(targets=targets, value=value):
            return True if name in value.names else False if name in targets else None
        case Invoke(target=target, arguments=arguments) | Enter(target=target, arguments=arguments):
            if any(name in value.names for _, value in arguments):
                return True
            return False if name == target else None
        case Move(target=target, value=value):
            return True if name in value.names else False if name == target else None
        case Return(value=value) | Abort(reason=value):
            return True if name in value.names else None
    return None
