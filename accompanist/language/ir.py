"""The normal form: what every pass after `normal` reads and what the tests' direct reading evaluates.

In normal form each role call and each com or share stands alone and is bound at most once; everything else is a local
expression, which reads names and calls nothing but constructors, @pure functions and safe builtins. Points that roles
act on are numbered: the number is the site. All classes are frozen; a pass answers with a new tree.

After `continuation` a branch that ends (return, abort) is followed by nothing: what follows it in the source stands in
the other branch. So a block either falls through on all its paths, or on none.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from accompanist.language.roles import Offer, RoleClass
from accompanist.language.source import Span
from accompanist.language.types import NONE, UNKNOWN, Type

Owners = frozenset[str]
NOBODY: Owners = frozenset()
THEN, ELSE = "then", "else"


@dataclass(frozen=True, slots=True, eq=False)
class Expression:
    """A local expression: its syntax tree with global names made canonical, the local names it reads and where.

    Two are equal if they compute the same, wherever they stand.
    """

    node: ast.expr
    reads: tuple[tuple[str, Span], ...]
    span: Span
    refused: bool = False
    form: str = field(init=False, repr=False, default="")

    def __post_init__(self) -> None:
        object.__setattr__(self, "form", ast.dump(self.node))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Expression) and self.form == other.form

    def __hash__(self) -> int:
        return hash(self.form)

    @property
    def names(self) -> frozenset[str]:
        return frozenset(name for name, _ in self.reads)

    @property
    def is_none(self) -> bool:
        return isinstance(self.node, ast.Constant) and self.node.value is None

    @property
    def constant(self) -> bool:
        return not self.reads


@dataclass(frozen=True, slots=True)
class Let:
    """`a = expression`, or `a, b = expression` where it is `unpacked`."""

    targets: tuple[str, ...]
    value: Expression
    span: Span
    unpacked: bool = False
    declared: Type | None = None
    owners: Owners = NOBODY


@dataclass(frozen=True, slots=True)
class Invoke:
    """`target = role.operation(arguments)`; with `attempt`, a refusal is a value."""

    site: str
    target: str | None
    role: str
    offer: Offer
    arguments: tuple[tuple[str, Expression], ...]
    attempt: bool
    span: Span


@dataclass(frozen=True, slots=True)
class Carried:
    """A selection that rides on a move: the branch it speaks of, the label, the receiver that learns it."""

    site: str
    label: str
    receiver: str


@dataclass(frozen=True, slots=True)
class Move:
    """`target = com(value, to=r)`, or `share(value, to=[…])` where it is `shared`.

    `sender` is who sends it to those of `recipients` that do not own it yet (`receivers`); `owners` have it after.
    """

    site: str
    target: str | None
    value: Expression
    recipients: tuple[str, ...]
    shared: bool
    span: Span
    type: Type = UNKNOWN
    sender: str = ""
    receivers: tuple[str, ...] = ()
    owners: Owners = NOBODY
    carries: tuple[Carried, ...] = ()

    def carried(self, receiver: str) -> Carried | None:
        return next((carried for carried in self.carries if carried.receiver == receiver), None)


@dataclass(frozen=True, slots=True)
class Select:
    """`sender` tells `receiver` that this branch of `site` was taken. Only `amend` makes these."""

    site: str
    sender: str
    receiver: str
    label: str
    span: Span


@dataclass(frozen=True, slots=True)
class If:
    """A branch on a guard that `owners` know. `acting`: the roles that act in it, see `actors`."""

    site: str
    test: Expression
    then: Block
    orelse: Block
    span: Span
    owners: Owners = NOBODY
    acting: Owners = field(init=False, repr=False, compare=False, default=NOBODY)

    def __post_init__(self) -> None:
        object.__setattr__(self, "acting", actors(self.then) | actors(self.orelse))

    @property
    def branches(self) -> tuple[tuple[str, Block], tuple[str, Block]]:
        return (THEN, self.then), (ELSE, self.orelse)


@dataclass(frozen=True, slots=True)
class Return:
    """The end of a path; `value` is the result at `owners`."""

    value: Expression
    span: Span
    owners: Owners = NOBODY


@dataclass(frozen=True, slots=True)
class Abort:
    """`role.abort(reason)`."""

    site: str
    role: str
    reason: Expression
    span: Span


Statement = Let | Invoke | Move | Select | If | Return | Abort
Block = tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Given:
    """A parameter that is not a role."""

    name: str
    type: Type
    owners: Owners
    span: Span


@dataclass(frozen=True, slots=True)
class Header:
    """What a choreography's first lines say."""

    name: str
    roles: Mapping[str, RoleClass]
    given: tuple[Given, ...]
    returns: Type
    result_owners: Owners
    span: Span

    @property
    def everywhere(self) -> Owners:
        return frozenset(self.roles)

    @property
    def initiator(self) -> str:
        return next(iter(self.given[0].owners))

    @property
    def result_is_none(self) -> bool:
        return self.returns == NONE


def ends(block: Block) -> bool:
    """Whether no path falls through the end of a block."""
    if not block:
        return False
    last = block[-1]
    return isinstance(last, (Return, Abort)) or (isinstance(last, If) and ends(last.then) and ends(last.orelse))


def may_end(block: Block) -> bool:
    """Whether some path ends inside a block."""
    return any(
        isinstance(point, (Return, Abort)) or (isinstance(point, If) and (may_end(point.then) or may_end(point.orelse)))
        for point in block
    )


def walk(block: Block) -> Iterator[Statement]:
    """Every statement of a block and of the branches in it."""
    for point in block:
        yield point
        if isinstance(point, If):
            yield from walk(point.then)
            yield from walk(point.orelse)


def actors(block: Block) -> Owners:
    """The roles that do something in a block: call, send, receive, abort, or return a value that is not None."""
    found: set[str] = set()
    for point in block:
        match point:
            case If(acting=acting):
                found |= acting
            case Invoke(role=role) | Abort(role=role):
                found.add(role)
            case Move(sender=sender, receivers=receivers) if receivers:
                found |= {sender, *receivers}
            case Return(value=value, owners=owners) if not value.is_none:
                found |= owners
    return frozenset(found)


def site_lines(block: Block) -> dict[str, int]:
    """The line of the source that each site stands on."""
    return {point.site: point.span.line for point in walk(block) if isinstance(point, (Invoke, Move, If, Abort))}
