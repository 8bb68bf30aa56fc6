"""The last pass: projections become text, with everything the runtime asks of a choreography beside it."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from accompanist.language.checks.saga.saga import Commitment
from accompanist.language.ir import (
    Block,
    ChoreographyHead,
    If,
    Move,
    NormalForm,
    Procedure,
    Select,
    Statement,
    actors,
    site_lines,
    walk,
)
from accompanist.language.program import fingerprint
from accompanist.language.program.program import Choreography, Notice, Operation, Parameter, Projection
from accompanist.language.projection import emit
from accompanist.language.projection.local import (
    Again,
    Calling,
    Choosing,
    Ending,
    Entering,
    Fork,
    Leaving,
    Local,
    LocalBlock,
    LocalStatement,
    Offering,
    Receiving,
    Repeating,
    Sending,
    Stop,
    points,
)
from accompanist.language.projection.project import NOTHING, Projector
from accompanist.language.reading.messages import Messages
from accompanist.language.reading.modules import Module, Modules
from accompanist.language.reading.names import Names
from accompanist.language.reading.roles import Offer, RoleClass
from accompanist.language.text import advice, codes
from accompanist.language.text.diagnostic import Findings
from accompanist.language.text.nodes import every_node
from accompanist.language.vocabulary import OPERATIONS

_BRANCHING = frozenset({"if", "elif", "while", "for", "case"})


@dataclass(frozen=True, slots=True)
class RoleProcedures:
    """A role's program: its own steps, and by number the procedures that it acts in with its steps there."""

    body: LocalBlock
    procedures: Mapping[int, tuple[Procedure, LocalBlock]]

    @property
    def points(self) -> list[LocalStatement]:
        blocks = [self.body, *(body for _, body in self.procedures.values())]
        return [point for block in blocks for point in points(block)]


class Writer:
    """Writes one choreography."""

    def __init__(
        self,
        module: Module,
        modules: Modules,
        messages: Messages,
        names: Names,
        header: ChoreographyHead,
        findings: Findings,
    ) -> None:
        self._module, self._names, self._header, self._findings = module, names, header, findings
        self._points: list[Statement] = []
        self._definitions = fingerprint.Definitions(modules, messages)

    def write(self, normal: NormalForm, amended: NormalForm, commitment: Commitment) -> Choreography | None:
        header, before = self._header, len(self._findings)
        self._points = [point for block in normal.blocks for point in walk(block)]
        projections: dict[str, Projection] = {}
        for role in header.roles:
            program = self._program(role, amended)
            if role != header.initiator:
                self._begins(role, program.body, program)
            projections[role] = self._projection(role, program, commitment)
        if len(self._findings) > before:
            return None
        types = [move.type for move in self._points if isinstance(move, Move)]
        texts = {type.text(): self._names.type_text(type) for type in types}
        return Choreography(
            name=header.name,
            file=self._module.source.path,
            module=self._module.name,
            roles=tuple(header.roles),
            initiator=header.initiator,
            parameters=tuple(Parameter(g.name, self._names.type_text(g.type), g.owners) for g in header.given),
            returns=self._names.type_text(header.returns),
            result_owners=header.result_owners,
            commit_role=commitment.role,
            projections=projections,
            fingerprint=fingerprint.fingerprint(header.name, {r: p.digest for r, p in projections.items()}),
            names=self._names.table,
            site_lines={site: line for block in normal.blocks for site, line in site_lines(block).items()},
            notices=tuple(notice for block in amended.blocks for notice in self._notices(block)),
            header=header,
            normal=normal.body,
            procedures=normal.procedures,
            amended=amended.body,
            amended_procedures=amended.procedures,
            type_texts=texts,
            constants=tuple(emit.constants(self._names.constants)),
        )

    def _program(self, role: str, whole: NormalForm) -> RoleProcedures:
        """A role's own program, and its programs for the procedures that it acts in."""
        projector = Projector(self._header, role)
        body, _ = projector.project(whole.body, NOTHING, frozenset({self._header.initiator}))
        return RoleProcedures(
            body,
            {
                one.number: (one, projector.project(one.body, NOTHING, actors(one.body))[0])
                for one in whole.procedures
                if role in actors(one.body)
            },
        )

    def _lines(self, role: str, program: RoleProcedures) -> list[tuple[str, int]]:
        """The functions of a role, procedures first."""
        made: list[tuple[str, int]] = []

        def function(number: int) -> str:
            return f"{program.procedures[number][0].header.name}_{number}__{role}"

        for number, (procedure, body) in program.procedures.items():
            head = procedure.header
            parameters = ("_at", *(given.name for given in head.given if role in given.owners))
            line = self._header.line_of(head.span)
            emitter = emit.Emitter(self._names.type_text, function)
            made += [*emitter.emit(function(number), parameters, body, line, guarded=True), ("", line), ("", line)]
        parameters = tuple(given.name for given in self._header.given if role in given.owners)
        emitter = emit.Emitter(self._names.type_text, function)
        name, line = f"{self._header.name}__{role}", self._header.span.line
        return [*made, *emitter.emit(name, parameters, program.body, line)]

    def _projection(self, role: str, program: RoleProcedures, commitment: Commitment) -> Projection:
        owner = self._header.roles[role]
        function = f"{self._header.name}__{role}"
        lines, body = self._lines(role, program), program.points
        drawn = [point.offer for point in body if isinstance(point, Calling) and point.offer.drawn]
        operations = {offer.name: self._operation(offer) for offer in (*owner.offers, *drawn)}
        written = ast.parse("\n".join(text for text, _ in lines))  # without what stands above it for readers
        preamble = self._preamble(written)
        source = "\n".join([*(text for text, _ in preamble), *(text for text, _ in lines)]) + "\n"
        return Projection(
            role=role,
            role_class=owner.name,
            function=function,
            source=source,
            sends_to=frozenset(p.to for p in body if isinstance(p, (Sending, Choosing))),
            receives_from=frozenset(p.sender for p in body if isinstance(p, (Receiving, Offering))),
            operations=operations,
            digest=self._digest(role, owner, body, written),
            lines=tuple(line for text, line in (*preamble, *lines) for _ in text.split("\n")),
            sites_after_commit=frozenset(commitment.after[role]),
            early_lines=commitment.early[role],
            receives=frozenset(_taken(body)),
            enters=frozenset(p.site.removeprefix("@") for p in body if isinstance(p, Entering)),
        )

    def _preamble(self, written: ast.Module) -> list[tuple[str, int]]:
        """Imports and constants of what a role's functions use."""
        used = {node.id for node in every_node(written) if isinstance(node, ast.Name)}
        constants = {alias: value for alias, value in self._names.constants.items() if alias in used}
        for value in constants.values():
            used |= {node.id for node in ast.walk(value) if isinstance(node, ast.Name)}
        imported: dict[str, list[str]] = {}
        operations = sorted(used & OPERATIONS)
        if operations:
            imported["accompanist.language.program.operations"] = operations
        within: list[str] = []  # what stands in something that is imported: `mod.Order`
        for alias, (module, name) in self._names.table.items():
            if alias in used:
                head, dot, _ = name.partition(".")
                imported.setdefault(module, []).append(head if dot or alias == name else f"{name} as {alias}")
                within += [f"{alias} = {name}"] if dot else []
        texts = emit.imports(imported)
        texts += ["", *within] if within else []
        texts += ["", *emit.constants(constants)] if constants else []
        return [(text, self._header.span.line) for text in [*texts, "", ""]] if texts else []

    def _digest(self, role: str, owner: RoleClass, body: Sequence[LocalStatement], written: ast.Module) -> str:
        called = {point.offer.name: point.offer for point in body if isinstance(point, Calling)}
        undone = {
            offer.compensation: owner.offer(offer.compensation) for offer in called.values() if offer.compensation
        }
        known = self._definitions
        texts = [known.parts(written, self._names.pairs)]
        texts += [
            known.operation(self._operation(offer), offer.parameters, offer.returns)
            for _, offer in sorted({**called, **undone}.items())
            if offer is not None
        ]
        texts += [[f"{given.name}:", *known.type(given.type)] for given in self._header.given if role in given.owners]
        texts += [["->", *known.type(self._header.returns)]] if role in self._header.result_owners else []
        return fingerprint.role_digest(known.whole(texts))

    def _operation(self, offer: Offer) -> Operation:
        parameters: Mapping[str, str] = {name: self._names.type_text(type) for name, type in offer.parameters}
        returns = self._names.type_text(offer.returns)
        return Operation(offer.name, offer.kind, parameters, returns, offer.compensation, offer.retriable, offer.tries)

    def _notices(self, amended: Block) -> Iterable[Notice]:
        seen: set[Notice] = set()
        for point in walk(amended):
            if not isinstance(point, If):
                continue
            notice = self._notice(point)
            if notice is not None and notice not in seen:
                seen.add(notice)
                yield notice

    def _notice(self, point: If) -> Notice | None:
        told: dict[str, bool] = {}
        selector = ""
        for inner in walk((*point.then, *point.orelse)):
            if isinstance(inner, Select) and inner.site == point.site:
                selector = inner.sender
                told.setdefault(inner.receiver, False)
            elif isinstance(inner, Move):
                for carried in inner.carries:
                    if carried.site == point.site:
                        selector, told[carried.receiver] = inner.sender, True
        if not told:
            return None
        ordered = [role for role in self._header.roles if role in told]
        source = self._names.modules.source(point.test.span.file)
        guard, opening = source.text(point.test.span), source.line(point.test.span.line).split()
        keyword = opening[0] if opening and opening[0] in _BRANCHING else "if"
        known = tuple(role for role in self._header.roles if role in point.owners)
        riding = tuple(role for role in ordered if told[role])
        return Notice(point.site, point.span.line, guard, known, selector, tuple(ordered), riding, keyword)

    def _begins(self, role: str, body: LocalBlock, program: RoleProcedures, seen: frozenset[int] = frozenset()) -> None:
        """A role that is not the initiator begins with a message, on every path."""
        for point in body:
            match point:
                case Receiving() | Offering() | Stop() | Leaving() | Again() | Ending(value=None):
                    return
                case Fork(then=then, orelse=orelse):
                    self._begins(role, then, program, seen)
                    self._begins(role, orelse, program, seen)
                case Repeating(body=inner):
                    self._begins(role, inner, program, seen)
                    if isinstance(inner[0], (Receiving, Offering)):
                        return  # otherwise there may be no turn
                case Entering(procedure=number):
                    if number not in seen:
                        self._begins(role, program.procedures[number][1], program, seen | {number})
                    return
                case Local():
                    pass
                case _:
                    self._too_early(role, getattr(point, "site", ""))
                    return

    def _too_early(self, role: str, site: str) -> None:
        spans = [point.span for point in self._points if getattr(point, "site", None) == site]
        span = spans[0] if spans else self._header.span
        source, starts = self._names.modules.source(span.file), self._header.initiator
        moves = [point for point in self._points if isinstance(point, Move) and role in point.recipients]
        constants = [
            source.text(move.value.span) for move in moves if move.value.constant and move.span.file == span.file
        ]
        text = f"{role} acts here before any message has reached it"
        text += f"; every role knows {constants[0]}, so the com of it sends nothing" if constants else ""
        hint = advice.led(source, span, self._header.name, starts, role)
        self._findings.add(codes.NOT_STARTED, source, span, text, hint)


def _taken(body: list[LocalStatement]) -> Iterator[tuple[str, str, str]]:
    """Where a role takes a message, from whom, and of which kind."""
    for point in body:
        if isinstance(point, Receiving):
            yield point.site.removeprefix("@"), point.sender, "data"
        elif isinstance(point, Offering):
            yield point.site.removeprefix("@"), point.sender, "choice"
