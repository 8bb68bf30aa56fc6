"""The determinism check: the same arguments and replies give the same run, in every process.

Recovery runs a projection again from the top, so whatever a choreography or a @pure function computes must come out
the same. Refused: clocks, chance, files, the environment, the identity or hash of objects, set order, functions with
state of their own or of their module.

Not promised: that a third-party function called by a @pure function is pure; that is what its author states by the
word. Functions of the project that a @pure function calls must be @pure themselves.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from accompanist.language import annotation, codes, declared
from accompanist.language.constants import Constants, changeable
from accompanist.language.diagnostic import Findings, Write
from accompanist.language.messages import Messages
from accompanist.language.modules import Module, Modules, Reference

_IMPURE_MODULES = {
    "time": "reads a clock",
    "random": "is chance",
    "secrets": "is chance",
    "os": "reads the environment",
    "sys": "reads the environment",
    "io": "reads or writes files",
    "pathlib": "reads or writes files",
    "socket": "uses the network",
    "subprocess": "runs programs",
    "threading": "depends on scheduling",
    "asyncio": "depends on scheduling",
    "logging": "writes",
    "locale": "reads the environment",
    "platform": "reads the environment",
    "requests": "uses the network",
    "httpx": "uses the network",
    "aiohttp": "uses the network",
}
_IMPURE_NAMES = {
    ("datetime", "datetime.now"): "reads a clock",
    ("datetime", "datetime.utcnow"): "reads a clock",
    ("datetime", "datetime.today"): "reads a clock",
    ("datetime", "date.today"): "reads a clock",
    ("uuid", "uuid1"): "is chance",
    ("uuid", "uuid4"): "is chance",
    ("uuid", "getnode"): "reads the environment",
    ("builtins", "open"): "reads or writes files",
    ("builtins", "print"): "writes",
    ("builtins", "input"): "reads the terminal",
    ("builtins", "id"): "differs between processes",
    ("builtins", "hash"): "differs between processes",
    ("builtins", "eval"): "runs text",
    ("builtins", "exec"): "runs text",
    ("builtins", "globals"): "reads the state of a module",
    ("builtins", "vars"): "reads the state of an object",
    ("builtins", "__import__"): "imports",
}
_SETS = {("builtins", "set"): "has no order", ("builtins", "frozenset"): "has no order"}
_SHOWS_ORDER = frozenset({"list", "tuple", "enumerate", "zip", "iter", "next", "str", "repr", "map", "filter", "dict"})
"""Builtins whose result shows the order of a set that they are given."""


def forbidden(found: Reference) -> str:
    """Why a name of a library cannot be used; empty if it is not known to be impure."""
    top = found.module.partition(".")[0]
    if found.node is not None:
        return ""
    pair = (found.module, found.name)
    return _IMPURE_NAMES.get(pair) or _SETS.get(pair) or _IMPURE_MODULES.get(top, "")


class PureFunctions:
    """Checks the bodies of @pure functions and what runs inside message classes, each once, with what they call."""

    def __init__(self, modules: Modules, findings: Findings) -> None:
        self._modules, self._findings = modules, findings
        self._seen: set[tuple[str, str]] = set()

    def check(self, module: str, name: str) -> None:
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
        home = self._modules.find(module)
        node = home.bound[name][-1] if home is not None and name in home.bound else None
        for part in node.body if isinstance(node, ast.ClassDef) else ():
            if home is not None and isinstance(part, ast.FunctionDef) and part.name == member:
                self._body(home, part)

    def _class(self, home: Module, node: ast.ClassDef) -> None:
        """What runs when a message is made, compared or shown: its special methods and its default factories."""
        for statement in node.body:
            if isinstance(statement, ast.FunctionDef) and self._runs(home, statement):
                self._body(home, statement)
            elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
                local = {argument.arg for argument in ast.walk(statement.value) if isinstance(argument, ast.arg)}
                for part in _parts([statement.value]):
                    self._part(home, part, local)

    def _runs(self, home: Module, node: ast.FunctionDef) -> bool:
        """Special methods, and what pydantic runs when it validates or dumps."""
        if node.name.startswith("__") or node.name == "model_post_init":
            return True
        calls = [one.func if isinstance(one, ast.Call) else one for one in node.decorator_list]
        found = [annotation.reference(self._modules, home, call) for call in calls]
        return any(one is not None and one.module.partition(".")[0] == "pydantic" for one in found)

    def _body(self, home: Module, node: ast.FunctionDef) -> None:
        local = _assigned(node)
        for part in _parts(node.body):
            self._part(home, part, local)
        for part in _order_shown(node):
            hint = Write(f"sorted({home.source.text(home.source.span(part))})")
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
            case ast.Await() | ast.Yield() | ast.YieldFrom():
                self._add(codes.NONDETERMINISM, home, part, "a @pure function does not wait", "leave the word out")
            case ast.Name(id=name, ctx=ast.Load()) if name not in local:
                self._global(home, part, self._modules.resolve(home, name), name)
            case ast.Attribute():
                text = annotation.dotted(part)
                head = text.split(".")[0]
                if text and head not in local:
                    found = self._modules.resolve(home, text)
                    self._global(home, part, found or self._modules.resolve(home, head), text if found else head)

    def _global(self, home: Module, part: ast.AST, found: Reference | None, text: str) -> None:
        reason = forbidden(found or Reference("builtins", text))
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
        twice = owner is not None and len(owner.bound.get(found.name, ())) > 1
        if not twice and isinstance(value, ast.Call) and self._constant(found):
            return
        if twice or isinstance(value, (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp, ast.Call)):
            self._add(
                codes.OUTER_STATE,
                home,
                part,
                f"{text} can change while the function is in use",
                "a tuple or another constant, or an argument",
            )

    def _constant(self, found: Reference) -> bool:
        """Whether a call makes a constant: a date, a Decimal, a frozenset, an instance of a frozen class, a NewType."""
        if annotation.new_type(self._modules, found) is not None:
            return True
        messages, home = Messages(self._modules), self._modules.find(found.module)
        read = Constants(self._modules, messages, lambda module, name: name, lambda node, module: node)
        value = read.assigned(home, found.name) if home is not None else None
        return value is not None and not changeable(value)

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
            stack.extend(reversed(list(ast.iter_child_nodes(part))))


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


def _order_shown(node: ast.FunctionDef) -> list[ast.expr]:
    """The places of a function where it goes through a set, as far as that can be seen in the function."""
    named: set[str] = set()

    def is_set(part: ast.expr) -> bool:
        match part:
            case ast.Set() | ast.SetComp() | ast.Call(func=ast.Name(id="set" | "frozenset")):
                return True
            case ast.BinOp(left=left, right=right):
                return is_set(left) or is_set(right)
            case ast.Name(id=name):
                return name in named
        return False

    parts = sorted((part for part in ast.walk(node) if hasattr(part, "lineno")), key=lambda part: part.lineno)
    for argument in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs):
        written = "" if argument.annotation is None else ast.unparse(argument.annotation).strip("'\"")
        if written.partition("[")[0] in ("set", "frozenset", "Set", "FrozenSet", "AbstractSet"):
            named.add(argument.arg)
    for part in parts:
        if isinstance(part, ast.Assign) and is_set(part.value):
            named |= {target.id for target in part.targets if isinstance(target, ast.Name)}
    return [one for part in ast.walk(node) for one in _gone_through(part) if is_set(one)]


def _gone_through(part: ast.AST) -> list[ast.expr]:
    """What a statement or expression goes through in order."""
    match part:
        case ast.For(iter=iterated) | ast.comprehension(iter=iterated):
            return [iterated]
        case ast.Starred(value=value) | ast.FormattedValue(value=value):
            return [value]
        case ast.Call(func=ast.Name(id=name), args=args) if name in _SHOWS_ORDER:
            return list(args)
        case ast.Call(func=ast.Attribute(attr="join" | "extend"), args=args):
            return list(args)
        case ast.Call(func=ast.Attribute(value=value, attr="pop"), args=[]):
            return [value]
    return []
