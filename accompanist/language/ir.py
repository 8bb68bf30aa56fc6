"""The normal form: what every pass after `normal` reads and what the tests' direct reading evaluates.

In normal form each role call and each com or share stands alone and is bound at most once; everything else is a local
expression, which reads names and calls nothing but constructors, @pure functions and safe builtins. Points that roles
act on are numbered: the number is the site. All classes are frozen; a pass answers with a new tree.

After `continuation` a branch that ends (return, abort, or the end of a loop's turn) is followed by nothing: what
follows it in the source stands in the other branch. So a block either falls through on all its paths, or on none.

A loop is its body again and again: each path of the body ends in `Again` or `Leave`, or ends altogether. What decides
between these is an ordinary branch, so who is told of a turn follows from the rule for branches alone.

A site is a number in its frame. `7[].3` is point 3 in a turn of loop 7; at run time the brackets hold the turn, counted
from 1. `4.3` is point 3 of what is called or unrolled at 4. `@2:3` is point 3 of procedure 2: at run time `4/2:3` where
it is entered at 4, and `4/2:5/2:3` where it enters itself at its point 5.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from accompanist.language.reading.roles import Offer, RoleClass
from accompanist.language.text.source import Span
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
    spoken: Mapping[str, str] = field(default_factory=dict, repr=False)  # what a role is called where this is written
    wire: Type | None = None  # the type in whose wire form its value is taken; see `faithful`
    form: str = field(init=False, repr=False, default="")

    def __post_init__(self) -> None:
        object.__setattr__(self, "form", ast.dump(self.node) + ("" if self.wire is None else f" as {self.wire.text()}"))

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

    @property
    def parts(self) -> tuple[Expression, ...]:
        """The values of `a, b` one by one; any other value alone."""
        if not isinstance(self.node, ast.Tuple) or any(isinstance(part, ast.Starred) for part in self.node.elts):
            return (self,)
        found = []
        for part in self.node.elts:
            names = {inner.id for inner in ast.walk(part) if isinstance(inner, ast.Name)}
            reads = tuple((name, span) for name, span in self.reads if name in names)
            where = reads[0][1] if len(reads) == 1 else self.span
            found.append(Expression(part, reads, where, self.refused, self.spoken))
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Due:
    """Where a value that enters or leaves a called choreography has to be, and why. `result`: it leaves it."""

    owners: Owners
    why: str
    result: bool


@dataclass(frozen=True, slots=True)
class Let:
    """`a = expression`, or `a, b = expression` where it is `unpacked`. Without targets the value is a condition
    that is known to hold from here on; `typed` reads it and leaves it out."""

    targets: tuple[str, ...]
    value: Expression
    span: Span
    unpacked: bool = False
    declared: Type | None = None
    owners: Owners = NOBODY
    due: Due | None = None
    augmented: bool = False  # written `a += expression`: `value` is the sum


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
class LeftOut:
    """What the cases of a `match` leave out, as patterns; `span`: of what the match is about."""

    cases: tuple[str, ...]
    span: Span

    def told(self, consequence: str) -> tuple[str, str]:
        """What is wrong because of it, and what to write."""
        named = [text for text in self.cases if text != "_"]
        rest = "no case takes what is left" if len(named) < len(self.cases) else f"no case takes {' or '.join(named)}"
        return f"{rest}, and {consequence}", f"case {self.cases[0]}: …"


@dataclass(frozen=True, slots=True)
class If:
    """A branch on a guard that `owners` know. `acting`: the roles that act in it, see `actors`, or are told of it,
    because it changes what only they hold (`keeping`). `left_out`: it is the last case of a match, and what its other
    side is for."""

    site: str
    test: Expression
    then: Block
    orelse: Block
    span: Span
    owners: Owners = NOBODY
    left_out: LeftOut | None = field(default=None, compare=False)
    keeping: Owners = field(default=NOBODY, compare=False)
    acting: Owners = field(init=False, repr=False, compare=False, default=NOBODY)

    def __post_init__(self) -> None:
        object.__setattr__(self, "acting", actors(self.then) | actors(self.orelse) | self.keeping)

    @property
    def branches(self) -> tuple[tuple[str, Block], tuple[str, Block]]:
        return (THEN, self.then), (ELSE, self.orelse)


@dataclass(frozen=True, slots=True)
class Enter:
    """`target = procedure(arguments)`: a choreography that calls itself, directly or through others.

    `arguments`: each with the parameter as the procedure has it; `owners`: who has the result; `acting`: the roles that
    act in it.
    """

    site: str
    target: str | None
    name: str
    procedure: int
    arguments: tuple[tuple[ValueParameter, Expression], ...]
    owners: Owners
    type: Type
    span: Span
    acting: Owners = NOBODY


@dataclass(frozen=True, slots=True)
class Loop:
    """`body` again and again, until a path of it leaves. `acting`: the roles that act in it, or are told of its turns,
    because they change what only these roles hold (`keeping`)."""

    site: str
    body: Block
    span: Span
    keeping: Owners = field(default=NOBODY, compare=False)
    acting: Owners = field(init=False, repr=False, compare=False, default=NOBODY)

    def __post_init__(self) -> None:
        object.__setattr__(self, "acting", actors(self.body) | self.keeping)


@dataclass(frozen=True, slots=True)
class Again:
    """The end of a turn of the innermost loop: the next one begins."""

    span: Span


@dataclass(frozen=True, slots=True)
class Leave:
    """The end of the innermost loop."""

    span: Span


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


Statement = Let | Invoke | Move | Select | Enter | If | Loop | Again | Leave | Return | Abort
Block = tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class ValueParameter:
    """A parameter that is not a role."""

    name: str
    type: Type
    owners: Owners
    span: Span


@dataclass(frozen=True, slots=True)
class ChoreographyHead:
    """What a choreography's first lines say. `choreographies`: parameters that stand for one; `results`: the types and
    places of the results, if it gives several at places of their own."""

    name: str
    roles: Mapping[str, RoleClass]
    given: tuple[ValueParameter, ...]
    returns: Type
    result_owners: Owners
    span: Span
    choreographies: tuple[str, ...] = ()
    results: tuple[tuple[Type, Owners], ...] = ()

    @property
    def everywhere(self) -> Owners:
        return frozenset(self.roles)

    @property
    def initiator(self) -> str:
        return next(iter(self.given[0].owners))

    @property
    def result_is_none(self) -> bool:
        return self.returns == NONE

    def line_of(self, span: Span) -> int:
        """The line in the choreography's own file; what was called in another file has the choreography's first."""
        return span.line if span.file == self.span.file else self.span.line

    def misfit(self, value: Expression) -> str:
        """Why a value cannot be this choreography's result, as far as that shows; empty if it can."""
        if value.refused or self.returns.refused:
            return ""
        if self.result_is_none:
            return "" if value.is_none else f"{self.name} declares no result"
        if self.results and not value.is_none and len(value.parts) != len(self.results):
            many, these = len(self.results), len(value.parts)
            return f"{self.name} gives {many} results at places of their own, and this return names {these}"
        missing = value.is_none and NONE not in self.returns.options
        return f"{self.name} ends here without a result" if missing else ""


@dataclass(frozen=True, slots=True)
class Procedure:
    """A choreography that calls itself, for some roles of its caller; `header` speaks of these."""

    number: int
    header: ChoreographyHead
    body: Block


@dataclass(frozen=True, slots=True)
class NormalForm:
    """A choreography in normal form: its own steps, and the procedures that these and they enter."""

    body: Block
    procedures: tuple[Procedure, ...] = ()

    @property
    def blocks(self) -> tuple[Block, ...]:
        return self.body, *(procedure.body for procedure in self.procedures)


def inside(point: Statement) -> tuple[Block, ...]:
    """The blocks in a statement."""
    match point:
        case If(then=then, orelse=orelse):
            return then, orelse
        case Loop(body=body):
            return (body,)
    return ()


def ends(block: Block) -> bool:
    """Whether no path falls through the end of a block."""
    if not block:
        return False
    match block[-1]:
        case Return() | Abort() | Again() | Leave():
            return True
        case If(then=then, orelse=orelse):
            return ends(then) and ends(orelse)
        case Loop(body=body):
            return not leaves(body)
    return False


def leaves(body: Block) -> bool:
    """Whether some path of a loop's body leaves the loop."""
    return any(
        isinstance(point, Leave) or (isinstance(point, If) and (leaves(point.then) or leaves(point.orelse)))
        for point in body
    )


def returns(block: Block) -> bool:
    """Whether some path inside a block ends the whole choreography with a result."""
    return any(isinstance(point, Return) for point in walk(block))


def may_stop(block: Block) -> bool:
    """Whether some path inside a block ends the whole choreography, with a result or not."""
    return any(isinstance(point, (Return, Abort)) for point in walk(block))


def may_end(block: Block) -> bool:
    """Whether some path ends inside a block."""
    for point in block:
        match point:
            case Return() | Abort() | Again() | Leave():
                return True
            case If(then=then, orelse=orelse) if may_end(then) or may_end(orelse):
                return True
            case Loop(body=body) if returns(body) or not leaves(body):
                return True
    return False


def endings(whole: NormalForm) -> frozenset[int]:
    """The procedures that have a path on which they come to their end: a least fixpoint."""
    found: frozenset[int] = frozenset()
    while True:
        more = frozenset(one.number for one in whole.procedures if _can_end(one.body, found))
        if more == found:
            return found
        found = more


def _can_end(block: Block, ending: frozenset[int]) -> bool:
    for point in block:
        match point:
            case Return() | Abort() | Leave():
                return True
            case Enter(procedure=number) if number not in ending:
                return False
            case If(then=then, orelse=orelse) if not (_can_end(then, ending) or _can_end(orelse, ending)):
                return False
            case Loop(body=body) if not _can_end(body, ending):
                return False
    return True


def walk(block: Block) -> Iterator[Statement]:
    """Every statement of a block and of the blocks in it."""
    for point in block:
        yield point
        for inner in inside(point):
            yield from walk(inner)


def parties(loop: Loop, later: Owners) -> Owners:
    """The roles that have to follow the turns of a loop: those that act in it; if a turn may end the choreography,
    those that act `later`; and of each branch in it somebody who knows the guard, to tell the others."""
    found = loop.acting | (later if returns(loop.body) else NOBODY)
    while found:
        more = _deciding(loop.body, found)
        if more == found:
            break
        found = more
    return found


def _deciding(block: Block, found: Owners) -> Owners:
    for point in block:
        if isinstance(point, If):
            if not point.owners & found:
                found |= {min(point.owners)}
            found = _deciding(point.orelse, _deciding(point.then, found))
        elif isinstance(point, Loop):
            found |= parties(point, found)
    return found


def actors(block: Block) -> Owners:
    """The roles that do something in a block: call, send, receive, abort, or give a result that is not None."""
    found: set[str] = set()
    for point in block:
        match point:
            case If(acting=acting) | Loop(acting=acting) | Enter(acting=acting):
                found |= acting
            case Invoke(role=role) | Abort(role=role):
                found.add(role)
            case Move(sender=sender, receivers=receivers) if receivers:
                found |= {sender, *receivers}
            case Return(value=value, owners=owners) if not value.is_none:
                found |= owners
            case Let(due=Due(result=True, owners=owners), value=value) if not value.is_none:
                found |= owners
    return frozenset(found)


def site_lines(block: Block) -> dict[str, int]:
    """The line of the source that each site stands on."""
    return {point_of(p.site): p.span.line for p in walk(block) if isinstance(p, (Invoke, Move, Enter, If, Loop, Abort))}


def point_of(site: str) -> str:
    """A site as `operations.point_of` gives it for those of a run."""
    return site.removeprefix("@")


def named(site: str) -> str:
    """The name in generated code that belongs to a site; authors cannot write it."""
    return "_" + "_".join(re.findall(r"\d+", site))


def counters(site: str) -> tuple[str, ...]:
    """The names of the counters of the loops around a site, outermost first."""
    return tuple(named(site[: found.start()]) for found in re.finditer(r"\[\]", site))
