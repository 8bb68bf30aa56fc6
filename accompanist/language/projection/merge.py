"""Merging: one program for a role that is not told which branch was taken.

Two programs merge if the role need not know: they are equal, or differ only where the role is told later, or one of
them was aborted (the abort reaches the role by protocol, whatever it waits for). Otherwise `NoMerge`, which `amend`
answers with a selection; after amendment everything merges.
"""

from __future__ import annotations

from accompanist.language.projection.local import Arm, Fork, LocalBlock, LocalStatement, Offering, Repeating, stopped


class NoMerge(Exception):
    """The two programs differ and nothing tells the role which one to run."""


def merge(one: LocalBlock, other: LocalBlock) -> LocalBlock:
    """The program that behaves like both. Raises NoMerge."""
    if one == other or stopped(other):
        return one
    if stopped(one):
        return other
    if not one or not other:
        raise NoMerge
    head = _merge_heads(one[0], other[0])
    return (head, *merge(one[1:], other[1:]))


def _merge_heads(one: LocalStatement, other: LocalStatement) -> LocalStatement:
    if one == other:
        return one
    match one, other:
        case Offering(), Offering() if (one.site, one.sender) == (other.site, other.sender):
            return Offering(one.site, one.sender, _merge_arms(one.arms, other.arms), one.line)
        case Fork(), Fork() if one.test == other.test:
            return Fork(one.test, merge(one.then, other.then), merge(one.orelse, other.orelse), one.line)
        case Repeating(), Repeating() if one.site == other.site:
            return Repeating(one.site, merge(one.body, other.body), one.line)
    raise NoMerge


def _merge_arms(one: tuple[Arm, ...], other: tuple[Arm, ...]) -> tuple[Arm, ...]:
    arms = {arm.label: arm for arm in one}
    for arm in other:
        known = arms.get(arm.label)
        if known is None:
            arms[arm.label] = arm
        elif (known.target, known.type) == (arm.target, arm.type):
            arms[arm.label] = Arm(arm.label, arm.target, arm.type, merge(known.body, arm.body))
        else:
            raise NoMerge
    return tuple(arms.values())
