"""What follows an early end moves into the branches that go on.

`if c: return x` followed by the rest becomes `if c: return x` `else: rest`. After this pass a branch that may end is
followed by nothing, so that a role that must know whether the rest happens is told of it like of any other branch.
Where both branches may go on and one may end inside, the rest is copied; its points keep their sites, because at most
one of the copies happens. Copies are bounded by `limits.points_max`.

In a loop's body the rest is the rest of the turn: what falls through its end goes on with the next turn. What follows
the loop stays behind it; a role that has to know whether it happens follows the turns (`ir.parties`).
"""

from __future__ import annotations

import ast
from dataclasses import replace

from accompanist import limits
from accompanist.language.ir import Again, Block, Expression, If, Loop, Return, Statement, ends, may_end
from accompanist.language.normal.frame import TooLarge
from accompanist.language.text.source import Span


def push(block: Block, end: Span) -> Block:
    """The block with every path ended and nothing after a branch that may end. Raises TooLarge.

    `end` is where the choreography's text ends: paths that fall through return None there.
    """
    final = Return(Expression(ast.Constant(None), (), end), end)
    budget = [limits.points_max]
    return _close(_strip(block), (final,), budget, 0)


def _strip(block: Block) -> Block:
    """Without what stands after an abort and can never happen."""
    made: list[Statement] = []
    for point in block:
        if isinstance(point, If):
            point = replace(point, then=_strip(point.then), orelse=_strip(point.orelse))
        elif isinstance(point, Loop):
            point = replace(point, body=_strip(point.body))
        made.append(point)
        if ends((point,)):
            break
    return tuple(made)


def _close(block: Block, rest: Block, budget: list[int], depth: int) -> Block:
    """The block followed by `rest`, which itself ends, or is nothing."""
    if depth > limits.branch_depth_max:
        raise TooLarge(
            f"branches are nested deeper than {limits.branch_depth_max}, what follows an early return included"
        )
    made: list[Statement] = []
    for number, point in enumerate(block):
        budget[0] -= 1
        if budget[0] < 0:
            raise TooLarge(
                f"there are more than {limits.points_max} points, what follows early returns counted per branch"
            )
        if isinstance(point, Loop):
            point = replace(point, body=_close(point.body, (Again(point.span),), budget, depth + 1))
        if not isinstance(point, If):
            made.append(point)
            continue
        if may_end((point,)):
            following = block[number + 1 :]
            after = () if ends((point,)) else following if ends(following) else (*following, *rest)
            then, orelse = (_close(branch, after, budget, depth + 1) for branch in (point.then, point.orelse))
            return (*made, replace(point, then=then, orelse=orelse))
        then, orelse = (_close(branch, (), budget, depth + 1) for branch in (point.then, point.orelse))
        made.append(replace(point, then=then, orelse=orelse))
    if ends(block):
        return tuple(made)
    return (*made, *_close(rest, (), budget, depth)) if rest else tuple(made)
