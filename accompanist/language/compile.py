"""From one file to checked and projected choreographies: all passes in their order.

    source -> head -> normal form -> continuations -> places, types -> determinism -> what may raise -> commit point
           -> selections -> secrets -> saga -> wire form -> projection -> generated text -> fingerprint

Nothing is executed and nothing imported; files are read by the function that the caller gives. All causes that can be
found are reported in one run: passes that need a sound program run only if the ones before found nothing.
docs/language/README.md says what each takes, gives and refuses, and carries one example through all of them.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Set
from dataclasses import dataclass, replace
from typing import NamedTuple

from accompanist import limits
from accompanist.language.checks.determinism.determinism import PureFunctions
from accompanist.language.checks.places.advisor import Advisor
from accompanist.language.checks.places.locate import located
from accompanist.language.checks.saga import commit, raising
from accompanist.language.checks.saga.raising import Raising
from accompanist.language.checks.saga.saga import SagaCheck
from accompanist.language.checks.secrecy import check_secrets, may_be_secret
from accompanist.language.checks.typed import Typing
from accompanist.language.checks.types import faithful
from accompanist.language.ir import (
    Block,
    ChoreographyHead,
    Enter,
    Loop,
    Move,
    NormalForm,
    actors,
    endings,
    leaves,
    may_stop,
    walk,
)
from accompanist.language.normal import continuation, exhaustive
from accompanist.language.normal.callees import Callees, passed_on
from accompanist.language.normal.frame import TooLarge
from accompanist.language.normal.normal import Normaliser
from accompanist.language.normal.parse import HeaderParser, choreographies
from accompanist.language.normal.unroll import variables
from accompanist.language.program.program import Choreography
from accompanist.language.projection.amend import Amender
from accompanist.language.reading import annotation
from accompanist.language.reading.messages import Messages
from accompanist.language.reading.modules import Module, Modules
from accompanist.language.reading.names import Names
from accompanist.language.reading.roles import RoleClasses
from accompanist.language.text import advice, codes, python
from accompanist.language.text.diagnostic import Diagnostic, Findings
from accompanist.language.text.nodes import children, every_node
from accompanist.language.text.python import check_compiles, parsed
from accompanist.language.text.source import BOM, Read, Source, Span
from accompanist.language.types import Type
from accompanist.language.write import Writer


@dataclass(frozen=True, slots=True)
class Compiled:
    """What a file holds: its choreographies, or why it holds none that can run."""

    file: str
    choreographies: tuple[Choreography, ...]
    diagnostics: tuple[Diagnostic, ...]

    @property
    def ok(self) -> bool:
        return not self.diagnostics


def compile_file(path: str, *, root: str, read: Read, passed: Set[str] = frozenset()) -> Compiled:
    """Compile every choreography of a file. `root` is the project's root, from which imports resolve. Findings of codes
    that are `passed` over are no findings, see `text/judged.py`."""
    findings = Findings(passed)
    modules = Modules(root, read)
    module = _open(path, modules, read, findings)
    made = () if module is None else _compile(module, modules, findings)
    for one in modules.read:
        check_compiles(one.source, one.tree, findings)
    diagnostics = tuple(findings)
    return Compiled(path, () if diagnostics else made, diagnostics)


def _open(path: str, modules: Modules, read: Read, findings: Findings) -> Module | None:
    """Read and parse the file itself, with every way in which that fails."""
    top = Span(path, 1, 0, 1, 0)
    name = modules.name_of(path)
    if name is None:
        findings.add(
            codes.UNREADABLE,
            Source.of(path, ""),
            top,
            f"{path} is outside the project's root",
            "a file inside the root",
        )
        return None
    if part := modules.unimportable(path):
        said = f"Python cannot import from `{part}`: in the name of a module a dot stands between directories"
        findings.add(codes.UNREADABLE, Source.of(path, ""), top, said, f"a name without a dot: {_undotted(part)}")
        return None
    try:
        text = read(path)
    except (OSError, UnicodeDecodeError) as problem:
        findings.add(codes.UNREADABLE, Source.of(path, ""), top, f"{path}: {type(problem).__name__}")
        return None
    if text is None:
        findings.add(
            codes.UNREADABLE, Source.of(path, ""), top, f"there is no file {path}", "the path of a Python file"
        )
        return None
    text = text.removeprefix(BOM)
    source = Source.of(path, text)
    if len(text.encode()) > limits.source_bytes_max:
        findings.add(
            codes.TOO_LARGE, source, top, f"the file has more than {limits.source_bytes_max} bytes", "several files"
        )
        return None
    try:
        tree = parsed(text)
    except SyntaxError as problem:
        line, column = problem.lineno or 1, max(0, (problem.offset or 1) - 1)
        findings.add(codes.SYNTAX, source, Span(path, line, column, line, column + 1), problem.msg)
        return None
    except ValueError as problem:
        findings.add(codes.SYNTAX, source, top, str(problem))
        return None
    except (RecursionError, MemoryError):
        findings.add(codes.TOO_LARGE, source, top, "the file is nested too deep for Python's own parser", "flat code")
        return None
    if (hiding := python.hiding(name, tree)) is not None:
        called = f"{name}.py" if path.endswith(f"{name}.py") else f"{name}/"
        said = f"this file is called {called} and hides Python's {name}, which it imports"
        findings.add(codes.UNREADABLE, source, source.span(hiding), said, f"rename it, to {name}_saga for example")
        return None
    deep = _too_deep(tree)
    if deep is not None:
        findings.add(
            codes.TOO_LARGE,
            source,
            source.span(deep),
            f"this is nested deeper than {limits.source_depth_max}",
            "names for the parts of it",
        )
        return None
    return modules.enter(name, path, tree, text)


def _undotted(name: str) -> str:
    return name.strip(".").replace(".", "_")


def _too_deep(tree: ast.Module) -> ast.AST | None:
    """The first statement that holds something nested deeper than the passes, which recurse, can bear."""
    level: list[ast.AST] = [tree]
    for _ in range(limits.source_depth_max + 1):
        level = [child for node in level for child in children(node)]
    if not level:
        return None  # as nearly always: without a tuple for each node
    stack: list[tuple[ast.AST, int, ast.AST]] = [(tree, 0, tree)]
    while stack:
        node, depth, statement = stack.pop()
        if depth > limits.source_depth_max:
            return statement
        inside = node if isinstance(node, ast.stmt) else statement
        stack.extend((child, depth + 1, inside) for child in children(node))
    return None


def _compile(module: Module, modules: Modules, findings: Findings) -> tuple[Choreography, ...]:
    nodes = choreographies(modules, module, findings)
    starred = advice.star_import(module.source) if not nodes else None
    if starred is not None and not len(findings):
        text = "`from accompanist import *` is not followed, so no word of the language is known here"
        findings.add(codes.NAME_UNKNOWN, module.source, starred[0], text, starred[1])
    if not nodes and not len(findings):
        top = Span(module.source.path, 1, 0, 1, 0)
        findings.add(
            codes.NO_CHOREOGRAPHY,
            module.source,
            top,
            "no function here is decorated @choreography",
            "@choreography above the function",
        )
    messages = Messages(modules)
    roles = RoleClasses(modules, messages, findings)
    called = _called(nodes, modules, module)
    made = []
    project = _Project(module, modules, messages, roles, set())
    callees = Callees(modules, messages, roles, findings, project.too_large)
    others: list[tuple[ast.FunctionDef, Findings]] = []
    for number, node in enumerate(nodes):
        if node.name in {other.name for other in nodes[:number]}:
            there = module.source.span(node.args.args[0] if node.args.args else node)
            text = f"there are two choreographies {node.name}"
            findings.add(codes.SIGNATURE, module.source, there, text, "another name")
        # what is called is checked where it is called; it may be more, a choreography that can be started itself
        kept = findings.fresh() if node.name in called else findings
        before, other = len(kept), _besides(kept)
        heads = findings.fresh()
        header = HeaderParser(modules, messages, roles, module, heads).parse(node)
        if _flawed(messages, findings):
            continue  # what else is wrong could be a consequence of it
        kept.take(heads)
        choreography = None if header is None else _read(project, node, header, kept, other)
        if choreography is not None and len(kept) == before:
            made.append(choreography)
        elif kept is not findings:
            others.append((node, kept))
        _flawed(messages, findings)
    whole = {one.name for one in made}
    covered = callees.reached([node for node in nodes if node.name in whole], module)
    for node, kept in others:
        if (module.name, node.name) not in covered and not len(findings):
            findings.take(kept)  # nobody that calls it is right either, and nothing has been said yet
    return tuple(made)


def _flawed(messages: Messages, findings: Findings) -> bool:
    """Report what is wrong with the classes that were looked at. Whether there was something."""
    found = [flaw for flaw in messages.flaws.values() if flaw is not None]
    for flaw in found:
        source = flaw.module.source
        findings.add(codes.DECLARED, source, source.span(flaw.node), flaw.text, flaw.hint)
    return bool(found)


def _called(nodes: list[ast.FunctionDef], modules: Modules, module: Module) -> set[str]:
    """The choreographies of a file that others in it name."""
    local = {node.name for node in nodes}
    found: set[str] = set()
    for node in nodes if len(nodes) > 1 else ():
        for statement in node.body:
            for part in every_node(statement):
                reference = (
                    annotation.reference(modules, module, part) if isinstance(part, (ast.Name, ast.Attribute)) else None
                )
                if reference is not None and reference.module == module.name and reference.name != node.name:
                    found.add(reference.name)
    return found & local


def _besides(findings: Findings) -> int:
    """How much was found besides types that do not cross or may not be shared. Those leave every value where it is, so
    no later finding is a consequence of them."""
    return sum(one.code not in (codes.NOT_A_MESSAGE, codes.NOT_FROZEN) for one in findings)


def _untyped(header: ChoreographyHead) -> bool:
    """Whether a type in a head was refused, and is none that a program could be written with. That was said where it
    was read, once for all choreographies of a role."""
    found = [parameter.type for parameter in header.given]
    for offer in (offer for role in header.roles.values() for offer in role.offers):
        found += [offer.returns, *(type for _, type in offer.parameters)]
    return not all(type.known for type in found)


def _unknown(whole: NormalForm) -> bool:
    """Whether something moves whose type was refused, perhaps where another choreography came by before."""
    return any(
        isinstance(type := getattr(point, "type", None), Type) and not type.known
        for block in whole.blocks
        for point in walk(block)
    )


LeftOutBy = Mapping[str, tuple[str, ...]]
"""What matches leave out, by the names that they give their subjects."""


class _Project(NamedTuple):
    """What the choreographies of one file share. `too_large`: the functions that were reported as too large."""

    module: Module
    modules: Modules
    messages: Messages
    roles: RoleClasses
    too_large: set[str]


def _read(
    project: _Project, node: ast.FunctionDef, header: ChoreographyHead, findings: Findings, before: int
) -> Choreography | None:
    """Read one choreography, until all is known that types say of it. `before`: how much had been found before it, see
    `_besides`.

    What the cases of a match leave out shows only with the types. Where they leave out nothing, or something is
    wrong, the choreography is read again with that, as often as it leads to more of it.
    """
    left_out: LeftOutBy = {}
    while True:
        once = _Passes(project, findings.fresh())
        made = once.run(node, header, left_out, _besides(findings) > before)
        known = {**left_out, **once.left_out}
        closed = any(known[name] == () != left_out.get(name) for name in known)
        if not closed and (made is not None or known == left_out):
            findings.take(once.findings)
            return made
        left_out = known


class _Passes:
    """The passes over one choreography, once."""

    def __init__(self, project: _Project, findings: Findings) -> None:
        self._module, self._modules, self._messages = project.module, project.modules, project.messages
        self.findings = self._findings = findings
        self._callees = Callees(project.modules, project.messages, project.roles, findings, project.too_large)
        self.left_out: dict[str, tuple[str, ...]] = {}
        """What each match leaves out that has no last case for everything."""
        self._typing: Typing | None = None
        self._envs: dict[int, Mapping[str, Type]] = {}
        """What was known of names where each expression stands, see `typed`."""

    def run(
        self, node: ast.FunctionDef, header: ChoreographyHead, left_out: LeftOutBy, wrong: bool
    ) -> Choreography | None:
        """`wrong`: something is, that was found before."""
        sources, findings = self._modules.source, self._findings
        local = variables(node, header)
        names = Names(self._modules, self._messages, self._module, local | header.everywhere)
        normaliser = Normaliser(names, header, local, self._callees, findings, left_out)
        pushed = self._push(normaliser, node)
        if pushed is None:
            return None
        secret = may_be_secret(pushed, names, header, sources)
        placed = located(pushed, header, Advisor(header, sources, secret), findings)
        normal = self._typed(placed, names, header, normaliser)
        astray = wrong or _besides(findings) > 0
        self._check_functions(names)
        if astray:
            return None  # what follows would report consequences of it
        self._participants(header, normal.body, node, names)
        self._endless(normal)
        amender = Amender(header)
        raised = Raising() if _besides(findings) else self._raised(normal, names, header, amender)
        normal, refusal = self._committed(normal, header, amender, raised)
        amended = amender.whole(normal)
        if not (len(findings) or _untyped(header)):
            check_secrets(amended, names, header, sources, findings)
        commitment = SagaCheck(header, sources, findings, raised, refusal).check(amended)
        if len(findings) or _untyped(header) or _unknown(amended):
            return None
        writer = Writer(self._module, self._modules, self._messages, names, header, findings)
        return writer.write(faithful.put(normal, names), faithful.put(amended, names), commitment)

    def _check_functions(self, names: Names) -> None:
        """Judge the functions that are called. What is wrong in one says nothing of where roles are and what they know,
        so the saga is checked all the same; but not what else may raise."""
        pure = PureFunctions(self._modules, self._messages, self._findings)
        for module_name, name in names.table.values():
            pure.check(module_name, name)
        for member in sorted(names.members):
            pure.check_member(*member)
        pure.check_reached()

    def _raised(self, normal: NormalForm, names: Names, header: ChoreographyHead, amender: Amender) -> Raising:
        """What may raise where, if that can come too late to undo the saga."""
        if not raising.may_commit(normal) or self._typing is None:
            return Raising()
        found = raising.found(normal, names, self._envs, self._typing.signature)
        loops = any(isinstance(point, Loop) for block in normal.blocks for point in walk(block))
        return raising.placed(found, amender.whole(normal), header) if found or loops else found

    def _committed(
        self, whole: NormalForm, header: ChoreographyHead, amender: Amender, raised: Raising
    ) -> tuple[NormalForm, tuple[Diagnostic, ...]]:
        """With the record that commits the saga, where it needs one; or all that is against a place for it."""

        def refused(one: NormalForm) -> tuple[Diagnostic, ...]:
            found = Findings()
            SagaCheck(header, self._modules.source, found, raised).check(amender.whole(one))
            return tuple(found)

        return commit.placed(whole, header, refused)

    def _typed(self, whole: NormalForm, names: Names, header: ChoreographyHead, normaliser: Normaliser) -> NormalForm:
        subjects: dict[str, Type] = {}
        keep = raising.may_commit(whole)

        def typed(header: ChoreographyHead, body: Block) -> Block:
            typing = Typing(names, header, self._findings, keep=keep)
            made = typing.type_moves(body)
            subjects.update(typing.subjects)
            self._envs |= typing.envs
            self._typing = typing
            return made

        procedures = tuple(replace(one, body=typed(one.header, one.body)) for one in whole.procedures)
        made = NormalForm(typed(header, whole.body), procedures)
        for name, match in normaliser.matches.items():
            found = exhaustive.left_out(subjects[name], match.cases, match.names) if name in subjects else None
            if found is not None:
                self.left_out[name] = found
        return made

    def _push(self, normaliser: Normaliser, node: ast.FunctionDef) -> NormalForm | None:
        source = self._module.source
        last = node.body[-1]
        end = Span(source.path, last.end_lineno or last.lineno, 0, last.end_lineno or last.lineno, 0)
        try:
            body = continuation.push(normaliser.normalise(node), end)
            return NormalForm(body, tuple(one for _, one in sorted(normaliser.procedures.items())))
        except TooLarge as problem:
            self._findings.add(
                codes.TOO_LARGE,
                source,
                source.span(node.body[0]),
                str(problem),
                "return in every branch or in none, or make it two choreographies",
            )
            return None

    def _endless(self, whole: NormalForm) -> None:
        """A procedure that enters itself on every path."""
        for block in whole.blocks:
            for point in walk(block):
                if isinstance(point, Loop) and not leaves(point.body) and not may_stop(point.body):
                    source, text = self._modules.source(point.span.file), "no path leaves this loop"
                    self._findings.add(codes.RECURSION, source, point.span, text, "break or return in a branch of it")
        ending = endings(whole)
        for point in (point for block in whole.blocks for point in walk(block)):
            if isinstance(point, Enter) and point.procedure not in ending:
                name = next(one.header.name for one in whole.procedures if one.number == point.procedure)
                source = self._modules.source(point.span.file)
                text = f"{name} calls itself on every path, so it never ends"
                self._findings.add(codes.RECURSION, source, point.span, text, "return before the call, in a branch")
                return

    def _participants(self, header: ChoreographyHead, body: Block, node: ast.FunctionDef, names: Names) -> None:
        """A role that never acts is superfluous, unless it is given to a choreography that leaves it idle here, or what
        it would be sent was refused."""
        refused = (point for point in walk(body) if isinstance(point, Move) and point.type.refused)
        acting = actors(body) | {header.initiator, *(role for move in refused for role in move.recipients)}
        idle = [role for role in header.roles if role not in acting]
        given = passed_on(node, names) if idle else frozenset()
        for role in idle:
            if role not in given:
                self._findings.add(
                    codes.IDLE_ROLE,
                    self._module.source,
                    header.span,
                    f"{role} takes no part in {header.name}",
                    "leave the parameter out",
                )
