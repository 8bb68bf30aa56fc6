"""What a compiled choreography is, as the rest of Accompanist sees it.

`Choreography` is data: names, places, generated source, hashes. Making one reads source and executes nothing.
`RoleProgram.start` runs a generated generator and needs a namespace with the message types and `@pure` functions, which
only `language.program.load` makes, for a sidecar, a simulation or a test.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from accompanist import limits
from accompanist.language import refusal
from accompanist.language.program.operations import Program, point_of
from accompanist.language.tries import UNSAID, Tries

if TYPE_CHECKING:  # a sidecar holds no choreography itself
    from accompanist.language.ir import Block, ChoreographyHead, Procedure


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation that a role's worker offers.

    `kind` is "transaction", "compensation", "query", or "commit" for the commit point's record. A transaction that is
    neither `retriable` nor has a `compensation` is a pivot. `parameters` maps names to type expressions as written;
    `returns` is one too. `tries`: how it is asked for; no part of what a session does, so of no fingerprint.
    """

    name: str
    kind: str
    parameters: Mapping[str, str]
    returns: str
    compensation: str | None = None
    retriable: bool = False
    tries: Tries = field(default=UNSAID, repr=False)

    @property
    def pivot(self) -> bool:
        """Whether it commits the saga: the pivot, or the commit point's record."""
        return self.recorded or (self.kind == "transaction" and self.compensation is None and not self.retriable)

    @property
    def recorded(self) -> bool:
        """Whether it is the commit point's record: the sidecar writes it, and no worker is asked."""
        return self.kind == "commit"

    @property
    def drawn(self) -> bool:
        """Whether the sidecar itself answers and no worker is asked."""
        return self.name.startswith("role.")

    @property
    def may_decline(self) -> bool:
        """Whether the contract lets a worker decline it."""
        return refusal.may_decline(self)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a choreography that is not a role: its name, type expression and owners."""

    name: str
    type: str
    owners: frozenset[str]


@dataclass(frozen=True, slots=True)
class Projection:
    """The program of one role, as text and facts.

    `role_class` is the name of the role's class, `source` the generated generator function named `function`,
    `sends_to` every role this projection can send to on any path (its static send set, docs/protocol.md), `digest` the
    hash of the projection with everything it rests on, `sites_after_commit` this role's points that happen after the
    saga's commit point: sites without the turns of loops, see `operations.point_of`, of a selection with its label, see
    `operations.chosen_at`, and what it computes behind what it sent there, see `operations.behind`, or on a line, see
    `operations.computed_on`. `early_lines`: those at which what raises comes before it, see
    `language.checks.saga.early`. `receives`: the points at which it takes a message, with who sends it there and of
    which kind, and `enters` those at which it goes into a procedure; None where nobody has looked.
    """

    role: str
    role_class: str
    function: str
    source: str
    sends_to: frozenset[str]
    receives_from: frozenset[str]
    operations: Mapping[str, Operation]
    digest: str
    lines: tuple[int, ...] = ()
    sites_after_commit: frozenset[str] = frozenset()
    early_lines: frozenset[int] = frozenset()
    receives: frozenset[tuple[str, str, str]] | None = None
    enters: frozenset[str] = frozenset()

    @property
    def transacts(self) -> bool:
        """Whether its worker may execute transactions: then there is something to close and to undo."""
        return any(operation.kind == "transaction" for operation in self.operations.values())

    def takes(self, site: str, sender: str, kind: str) -> bool:
        """Whether this program may come to ask for such a message: whether it has the point, on a way that there is,
        with turns written as it writes them. How often a loop turns is not known before."""
        if self.receives is None:
            return True
        *way, last = site.split("/")
        return (
            (point_of(last), sender, kind) in self.receives
            and _NO_TURN.search(site) is None
            and len(way) <= limits.recursion_depth_max + 1
            and all(point_of(entered) in self.enters for entered in way)
        )


_NO_TURN = re.compile(r"\[(?![1-9][0-9]{0,8}\])")


@dataclass(frozen=True, slots=True)
class Notice:
    """Selections that were inserted at one branch: `selector` tells `told`; for `riding` of them, in some side the
    selection rides on a data message and costs none of its own."""

    site: str
    line: int
    guard: str
    known_to: tuple[str, ...]
    selector: str
    told: tuple[str, ...]
    riding: tuple[str, ...]
    keyword: str = "if"
    """What the branch is in the source: if, elif, while, for or case."""

    @property
    def branch(self) -> str:
        """The branch as its author wrote it."""
        return f"{self.keyword}{' … in' if self.keyword == 'for' else ''} {self.guard}"

    @property
    def text(self) -> str:
        rides = f" ({', '.join(self.riding)}: riding on data)" if self.riding else ""
        return (
            f"line {self.line}: `{self.branch}` is known to {', '.join(self.known_to)}; "
            f"{self.selector} tells {', '.join(self.told)}{rides}"
        )

    sites_after_commit: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Choreography:
    """A checked and projected choreography. `initiator` is None where it cannot be started from outside (a
    sub-choreography). `commit_role` owns the commit point (the pivot or a record), None where everything can be undone.

    Types are expressions over `names`, which maps each global name of generated code to (module, name) there.
    `site_lines` maps points to lines, `notices` are the selections that were inserted. `header`, `normal` and
    `procedures` are the choreography itself in normal form, for `language.direct`.
    """

    name: str
    file: str
    module: str
    roles: tuple[str, ...]
    initiator: str | None
    parameters: tuple[Parameter, ...]
    returns: str
    result_owners: frozenset[str]
    commit_role: str | None
    projections: Mapping[str, Projection]
    fingerprint: str
    names: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    site_lines: Mapping[str, int] = field(default_factory=dict)
    notices: tuple[Notice, ...] = ()
    header: ChoreographyHead | None = field(default=None, repr=False, compare=False)
    normal: Block = field(default=(), repr=False, compare=False)
    procedures: tuple[Procedure, ...] = field(default=(), repr=False, compare=False)
    amended_procedures: tuple[Procedure, ...] = field(default=(), repr=False, compare=False)
    type_texts: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)
    constants: tuple[str, ...] = ()
    amended: Block = field(default=(), repr=False, compare=False)  # `normal` with its selections, for pictures

    @property
    def everything(self) -> Block:
        """Every point with its selections, those of procedures too: to be looked through, not to be run."""
        return self.amended + tuple(point for one in self.amended_procedures for point in one.body)


@dataclass(frozen=True, slots=True, eq=False)
class RoleProgram:
    """A projection that can run: the generated code beside the types it speaks of. It is itself and equal to no other.

    `parameter_types` maps each of this role's parameters to its type, in order (empty but at the initiator).
    `operation_types` maps an operation's name to (parameter types by name, return type).
    `line_of` maps a point to the line of the choreography it stands on; `line_at` answers for a site.
    """

    choreography: Choreography
    projection: Projection
    function: Callable[..., Program]
    parameter_types: Mapping[str, Any]
    operation_types: Mapping[str, tuple[Mapping[str, Any], Any]]
    result_type: Any
    line_of: Mapping[str, int] = field(default_factory=dict)

    @property
    def role(self) -> str:
        return self.projection.role

    def line_at(self, site: str) -> int | None:
        """The line that a site stands on; None for one that this program has not."""
        return self.line_of.get(point_of(site))

    def start(self, arguments: Mapping[str, Any]) -> Program:
        """A fresh run from the top; `arguments` are decoded values by parameter name."""
        return self.function(**arguments)
