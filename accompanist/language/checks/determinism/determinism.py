"""The determinism check: the same arguments and replies give the same run, in every process.

Recovery runs a projection again from the top, so whatever a choreography or a @pure function computes must come out
the same. Refused: clocks, chance, files, the environment, the identity or hash of objects, set order, functions with
state of their own or of their module.

Not promised: that a third-party function called by a @pure function is pure; that is what its author states by the
word. Functions of the project that a @pure function calls must be @pure themselves.
"""

from __future__ import annotations

import ast
from collections import deque
from collections.abc import Iterator, Sequence

from accompanist.language.checks.determinism import identity, machine, reached, sums
from accompanist.language.checks.determinism.impure import forbidden
from accompanist.language.checks.determinism.state import ModuleState
from accompanist.language.checks.determinism.writes import writes
from accompanist.language.checks.order import errors as set_errors
from accompanist.language.checks.order.order import Shown, order_shown, shown_at_top, shown_in_class
from accompanist.language.checks.raising import misfit_calls, moments
from accompanist.language.checks.raising.always_raises import ALWAYS
from accompanist.language.checks.raising.misfits import Misfits
from accompanist.language.checks.sets import addresses
from accompanist.language.checks.sets import names as set_names
from accompanist.language.reading import annotation, declared
from accompanist.language.reading.held_sets import advised
from accompanist.language.reading.messages import Messages
from accompanist.language.reading.modules import Module, Modules, Reference
from accompanist.language.text import codes
from accompanist.language.text.diagnostic import Findings
from accompanist.language.text.nodes import children
from accompanist.language.types import Type


def writes_a_log(node: ast.stmt | None) -> bool:
    """`log = logging.getLogger(…)`, by whatever library."""
    match node:
        case ast.Assign(value=ast.Call(func=function)) | ast.AnnAssign(value=ast.Call(func=function)):
            return ast.unparse(function).rpartition(".")[2].lower() in ("getlogger", "get_logger")
    return False


class PureFunctions:
    """Checks the bodies of @pure functions and what runs inside message classes, each once, with what they call."""

    def __init__(self, modules: Modules, messages: Messages, findings: Findings) -> None:
        self._modules, self._messages, self._findings = modules, messages, findings
        self._waiting: deque[tuple[str, str]] = deque()
        self._seen: set[tuple[str, str]] = set()
        self._bodies: set[int] = set()
        self._asked: set[str] = set()  # names behind points in what was checked
        self._classes = set_names.classes(modules, messages)
        self._errors = set_errors.Errors(self._classes)
        self._outside = ModuleState(modules, messages)
        self._misfits = Misfits(messages, fields=True)

    def check(self, module: str, name: str) -> None:
        """A function or a class, and what it names: one after the other, so that a long row needs no deep stack."""
        self._waiting.append((module, name))
        if len(self._waiting) > 1:  # the one that is looked at stays first
            return
        while self._waiting:
            self._one(*self._waiting[0])
            self._waiting.popleft()

    def _one(self, module: str, name: str) -> None:
        home = self._modules.find(module)
        if (module, name) in self._seen or home is None or name not in home.bound:
            return
        self._seen.add((module, name))
        node = home.bound[name][-1]
        if isinstance(node, ast.FunctionDef):
            if flaw := declared.of_function(self._modules, home, node):
                self._add(codes.DECLARED, home, flaw.node, flaw.text, flaw.hint)
            self._body(home, node)
        elif isinstance(node, ast.ClassDef):
            self._class(home, node)

    def check_member(self, module: str, name: str, member: str) -> None:
        """A property or a @pure method of a message class that runs."""
        definition = self._classes.definition(Type(name, module))
        for part in definition[1].body if definition is not None else ():
            if definition is not None and isinstance(part, ast.FunctionDef) and part.name == member:
                self._body(definition[0], part, Type(name, module))

    def check_reached(self) -> None:
        """Properties and methods that what was checked may reach, and what they reach."""
        members = reached.members(self._modules, self._seen) if self._asked else {}
        looked: set[str] = set()
        while new := self._asked - looked:
            looked |= new
            for one in (one for name in sorted(new) for one in members.get(name, ())):
                self._body(one.home, one.node, Type(one.owner, one.home.name))
        for home, node in reached.classes_with(self._modules, looked):
            self._unordered(home, shown_in_class(node, self._errors, home))
        for home, part, wrong in self._outside.changed():
            self._add(codes.OUTER_STATE, home, part, wrong.text, wrong.hint)

    def _class(self, home: Module, node: ast.ClassDef) -> None:
        """What runs when a class is read: its body; and when a message is made, compared or shown: its special methods
        and its default factories."""
        self._by_identity(home, node)
        self._unordered(home, shown_in_class(node, self._errors, home))
        for above in (self._modules.resolve(home, annotation.dotted(base)) for base in node.bases):
            if above is not None and isinstance(above.node, ast.ClassDef):
                self.check(above.module, above.name)
        for statement in node.body:
            if isinstance(statement, ast.FunctionDef) and self._runs(home, statement):
                self._body(home, statement, Type(node.name, home.name), method=True)
            elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
                local = {argument.arg for argument in ast.walk(statement.value) if isinstance(argument, ast.arg)}
                for part in _parts([statement.value]):
                    self._part(home, part, local)
                shown = shown_at_top(statement.value, self._errors, home, statement.annotation)
                self._unordered(home, shown)
                self._added(home, set_names.around(ast.copy_location(ast.Return(statement.value), statement)))

    def _by_identity(self, home: Module, node: ast.ClassDef) -> None:
        """`eq=False` and `repr=False` leave what object has: it compares and shows where the object lies."""
        calls = [one for one in node.decorator_list if isinstance(one, ast.Call)]
        for keyword in (*node.keywords, *(keyword for one in calls for keyword in one.keywords)):
            off = isinstance(keyword.value, ast.Constant) and keyword.value.value is False
            if off and keyword.arg in ("eq", "repr"):
                what = "compared by" if keyword.arg == "eq" else "shown with"
                text = f"with {keyword.arg}=False values of {node.name} are {what} where they lie in memory"
                self._add(identity.IDENTITY, home, keyword.value, text, f"leave out {keyword.arg}=False")

    def _runs(self, home: Module, node: ast.FunctionDef) -> bool:
        """Special methods, and what pydantic runs when it validates or dumps."""
        if node.name.startswith("__") or node.name == "model_post_init":
            return True
        calls = [one.func if isinstance(one, ast.Call) else one for one in node.decorator_list]
        found = [annotation.reference(self._modules, home, call) for call in calls]
        return any(one is not None and one.module.partition(".")[0] == "pydantic" for one in found)

    def _body(self, home: Module, node: ast.FunctionDef, owner: Type | None = None, method: bool = False) -> None:
        if id(node) in self._bodies:
            return
        self._bodies.add(id(node))
        self._asked |= set(reached.asked(ast.walk(node)))
        local = _assigned(node)
        for part in _parts(node.body):
            self._part(home, part, local)
        self._unordered(home, order_shown(node, self._errors, home, owner))
        self._added(home, node, owner)
        for found in machine.reads(node):
            self._add(codes.NONDETERMINISM, home, found.node, found.text, found.hint)
        for call, wrong in misfit_calls.in_function(self._misfits, self._modules, home, node, owner):
            self._add(ALWAYS, home, call, wrong.text, wrong.hint)
        for written in writes(node, method):
            self._add(codes.MUTATION, home, written.node, written.text, written.hint)

    def _added(self, home: Module, node: ast.FunctionDef, owner: Type | None = None) -> None:
        for found in sums.reads(self._modules, self._messages, home, node, owner):
            self._add(codes.NONDETERMINISM, home, found.node, found.text, found.hint)

    def _unordered(self, home: Module, shown: Shown) -> None:
        for part in shown.addresses:
            text = addresses.text(home.source.text(home.source.span(part)))
            self._add(codes.NONDETERMINISM, home, part, text, addresses.INSTEAD)
        for part, raised in shown.errors:
            self._add(codes.SET_ORDER, home, part, raised.text(home), set_errors.INSTEAD)
        for part, type in shown.order:
            hint = advised(self._messages, home.source.text(home.source.span(part)), type, part)
            self._add(codes.SET_ORDER, home, part, "the order of a set shows in the result", hint)

    def _part(self, home: Module, part: ast.AST, local: set[str]) -> None:
        match part:
            case ast.Global() | ast.Nonlocal():
                self._add(
                    codes.OUTER_STATE,
                    home,
                    part,
                    "a @pure function has no state outside itself",
                    "pass it as an argument",
                )
            case ast.Compare():
                hint = identity.instead(part, lambda side: self._single(home, side))
                if hint is not None:
                    self._add(identity.IDENTITY, home, part, identity.text(part), hint)
            case ast.Call(func=ast.Attribute(attr=attr)) if moments.is_local(part):
                text = f"{ast.unparse(part)} reads the machine's time zone, so this is not pure"
                self._add(codes.NONDETERMINISM, home, part, text, f"{attr}(…, tz)")
            case ast.Await() | ast.Yield() | ast.YieldFrom():
                self._add(codes.NONDETERMINISM, home, part, "a @pure function does not wait", "leave the word out")
            case ast.Name(id=name, ctx=ast.Load()) if name not in local:
                self._global(home, part, self._modules.resolve(home, name), name)
            case ast.Attribute(attr="__hash__") | ast.Constant(value="__hash__"):
                text = f"{ast.unparse(part)} differs between processes, so this is not pure"
                self._add(codes.NONDETERMINISM, home, part, text, codes.PURE_HINT)
            case ast.Attribute():
                text = annotation.dotted(part)
                head = text.split(".")[0]
                if text and head not in local:
                    found = self._modules.resolve(home, text)
                    self._global(home, part, found or self._modules.resolve(home, head), text if found else head)

    def _single(self, home: Module, node: ast.expr) -> bool:
        """None, a bool, the ellipsis, a member of something (an enum, as a rule), a class, a call of type()."""
        match node:
            case ast.Constant(value=value):
                return value is None or value is ... or isinstance(value, bool)
            case ast.Call(func=ast.Name(id="type")):
                return True
            case ast.Name() | ast.Attribute():
                text = annotation.dotted(node)
                found = self._modules.resolve(home, text) if text else None
                owner = self._modules.resolve(home, text.rpartition(".")[0]) if "." in text else None
                return any(one is not None and isinstance(one.node, ast.ClassDef) for one in (found, owner)) or (
                    text in annotation.BUILTIN_TYPES
                )
        return False

    def _global(self, home: Module, part: ast.AST, found: Reference | None, text: str) -> None:
        reason = forbidden(found or Reference("builtins", text)) or sums.renamed(part, found, text)
        if text in ("set", "frozenset") and found is None:
            return
        if reason:
            self._add(codes.NONDETERMINISM, home, part, f"{text} {reason}, so this is not pure", codes.PURE_HINT)
            return
        if found is None:
            return
        if isinstance(found.node, (ast.Assign, ast.AnnAssign)):
            self._state(home, part, found, text)
        elif isinstance(found.node, ast.FunctionDef):
            self._function(home, part, found, text)
        elif isinstance(found.node, ast.ClassDef):
            self.check(found.module, found.name)

    def _function(self, home: Module, part: ast.AST, found: Reference, text: str) -> None:
        owner = self._modules.find(found.module)
        assert owner is not None and isinstance(found.node, ast.FunctionDef)
        words = [annotation.reference(self._modules, owner, decorator) for decorator in found.node.decorator_list]
        if not any(word is not None and word.word == "pure" for word in words):
            self._add(
                codes.NOT_PURE,
                home,
                part,
                f"{text} is not a @pure function, so this is not pure either",
                f"decorate it: @pure above def {found.name}(…)",
            )
        self.check(found.module, found.name)

    def _state(self, home: Module, part: ast.AST, found: Reference, text: str) -> None:
        owner = self._modules.find(found.module)
        value = found.node.value if isinstance(found.node, (ast.Assign, ast.AnnAssign)) else None
        if owner is not None and value is not None and id(value) not in self._bodies:
            self._bodies.add(id(value))
            self._unordered(owner, shown_at_top(value, self._errors, owner, None))
            if isinstance(value, ast.Lambda | ast.Tuple):  # functions may be in it, and may be called
                taken = {argument.arg for argument in ast.walk(value) if isinstance(argument, ast.arg)}
                for one in _parts([value]):
                    self._part(owner, one, taken)
                self._added(owner, set_names.around(ast.copy_location(ast.Return(value), value)))
        if owner is not None and isinstance(value, ast.Name) and value.id != found.name:
            meant = self._modules.resolve(owner, value.id)  # another name of something
            if meant is None or not isinstance(meant.node, ast.Assign | ast.AnnAssign):
                self._global(home, part, meant, value.id)
                return
        wrong = self._outside.wrong(home, part, found, text)
        if wrong is not None:
            self._add(codes.OUTER_STATE, home, part, wrong.text, wrong.hint)

    def _add(self, code: str, home: Module, node: ast.AST, text: str, hint: str) -> None:
        self._findings.add(code, home.source, home.source.span(node), text, hint)


def _parts(nodes: Sequence[ast.AST]) -> Iterator[ast.AST]:
    """Everything in a body without annotations, which are not executed with it; a dotted name as one part."""
    skipped = {id(part) for node in nodes for owner in ast.walk(node) for part in _annotations(owner)}
    stack: list[ast.AST] = list(reversed(nodes))
    while stack:
        part = stack.pop()
        if id(part) in skipped:
            continue
        yield part
        if not isinstance(part, ast.Attribute) or not annotation.dotted(part):
            stack.extend(reversed(list(children(part))))


def _annotations(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, (ast.AnnAssign, ast.arg)) and node.annotation is not None:
        yield node.annotation
    if isinstance(node, ast.FunctionDef) and node.returns is not None:
        yield node.returns


def _assigned(node: ast.FunctionDef) -> set[str]:
    names = {part.id for part in ast.walk(node) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)}
    arguments = {part.arg for part in ast.walk(node) if isinstance(part, ast.arg)}
    nested = {part.name for part in ast.walk(node) if isinstance(part, ast.FunctionDef) and part is not node}
    return names | arguments | nested
