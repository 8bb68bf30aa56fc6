"""Fingerprints: what a session must run on, as a hash.

A role's hash covers its projection, the source of every @pure function that it calls, directly or not, with the
constants these read, and the fields of the message types it speaks of. The choreography's fingerprint is the hash of
all role hashes. Comments, formatting, line numbers, the version of Python do not count, and neither does where a file
lies: not its name, not its directory, not the root that its imports start from.

So a definition of the project is never called by its module. Definitions are numbered in the order in which they are
first mentioned, beginning with the projection, and a mention is that number. Two definitions that change places have
other numbers, which module names would not have shown. What is defined outside the project has only its name there.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable, Mapping, Sequence

from accompanist.language.program.program import Operation
from accompanist.language.reading import annotation
from accompanist.language.reading.messages import Messages
from accompanist.language.reading.modules import Module, Modules
from accompanist.language.text import canonical
from accompanist.language.types import Type

Pair = tuple[str, str]
"""(module, name) of a definition."""

_Parts = Sequence[str | Pair]


class Definitions:
    """The definitions that texts rest on, as canonical text."""

    def __init__(self, modules: Modules, messages: Messages) -> None:
        self._modules, self._messages = modules, messages
        self._parts: dict[Pair, _Parts | None] = {}

    def under(self, pairs: Iterable[Pair]) -> list[str]:
        """The canonical text of these definitions and of all that they rest on."""
        return self.whole([list(pairs)])

    def whole(self, texts: Iterable[_Parts]) -> list[str]:
        """Texts that mention definitions, and behind them these, each once, in the order of their mention."""
        numbers: dict[Pair, int] = {}
        made = [self._numbered(parts, numbers) for parts in texts]
        done = 0
        while done < len(numbers):
            parts = self._of(list(numbers)[done])
            done += 1
            made.append(self._numbered(parts or (), numbers))
        return made

    def parts(self, node: ast.AST, aliases: Mapping[str, Pair]) -> _Parts:
        """A part of generated code, in which every global name is an alias."""

        def known(part: ast.expr) -> Sequence[str | Pair]:
            return [aliases[part.id]] if isinstance(part, ast.Name) and part.id in aliases else ()

        return canonical.parts(node, known)

    def _numbered(self, parts: _Parts, numbers: dict[Pair, int]) -> str:
        return "".join(part if isinstance(part, str) else self._mention(part, numbers) for part in parts)

    def _mention(self, pair: Pair, numbers: dict[Pair, int]) -> str:
        if self._of(pair) is None:  # outside the project its name is all that is known; nothing else is a module's
            return f"<{pair[1]}>" if self._modules.find(pair[0]) is not None else f"<{pair[0]}.{pair[1]}>"
        return f"<{numbers.setdefault(pair, len(numbers))}>"

    def _of(self, pair: Pair) -> _Parts | None:
        """The text of one definition; None for one outside the project."""
        if pair not in self._parts:
            module = self._modules.find(pair[0])
            nodes = module.bound.get(pair[1]) if module is not None else None
            self._parts[pair] = None if module is None or nodes is None else self._definition(module, nodes)
        return self._parts[pair]

    def _definition(self, module: Module, nodes: Iterable[ast.stmt]) -> _Parts:
        made: list[str | Pair] = []
        for node in nodes:
            own = _bound_inside(node)

            def known(part: ast.expr, own: frozenset[str] = own) -> Sequence[str | Pair]:
                return self._known(module, part, own)

            made += canonical.parts(node, known)
        return made

    def _known(self, module: Module, part: ast.expr, own: frozenset[str]) -> Sequence[str | Pair]:
        """What a part of a definition mentions of the project or of a module outside it."""
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            quoted = [pair for name in _quoted(part.value) if (pair := self._pair(module, name)) is not None]
            return [f"Constant({part.value!r})", *quoted] if quoted else ()
        if not isinstance(part, (ast.Name, ast.Attribute)):
            return ()
        text = annotation.dotted(part)
        pair = self._pair(module, text) if text else None
        if pair is None:
            return ()
        # where it may be another thing of that name, its own text counts as well: the field in `date: date`
        return [canonical.text(part), pair] if text.partition(".")[0] in own else [pair]

    def _pair(self, module: Module, text: str) -> Pair | None:
        found = self._modules.resolve(module, text)
        return (found.module, found.name) if found is not None and found.name else None

    def type(self, type: Type) -> _Parts:
        """A type as text that mentions definitions."""
        if type.name == "|":
            return _joined((self.type(one) for one in type.arguments), "|")
        inside = type.module in ("", "literal", "parameter")
        named: list[str | Pair] = [type.name if inside else (type.module, type.name)]
        if type.arguments:
            named += ["[", *_joined((self.type(one) for one in type.arguments), ","), "]"]
        return named

    def operation(self, one: Operation, parameters: Iterable[tuple[str, Type]], returns: Type) -> _Parts:
        """What is asked of a worker. How it is asked for, `tries`, is no part of it."""
        made: list[str | Pair] = [repr((one.kind, one.name, one.compensation, one.retriable))]
        for name, type in parameters:
            made += [f" {name}:", *self.type(type)]
        return [*made, " ->", *self.type(returns)]


def _joined(several: Iterable[_Parts], sign: str) -> _Parts:
    made: list[str | Pair] = []
    for parts in several:
        made += [sign, *parts] if made else parts
    return made


def _bound_inside(node: ast.stmt) -> frozenset[str]:
    """The names that a definition binds itself, wherever in it: there they do not mean what the module binds."""
    found: set[str] = set()
    for part in ast.walk(node):
        match part:
            case ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store()):
                found.add(name)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                if part is not node:
                    found.add(name)
            case ast.alias(name=name, asname=other):
                found.add(other or name.partition(".")[0])
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                found.add(name)
            case ast.MatchMapping(rest=str(name)):
                found.add(name)
    return frozenset(found)


def _quoted(text: str) -> list[str]:
    """The dotted names in an annotation in quotes; none in a text that is no annotation."""
    try:
        tree = ast.parse(text, mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    names = [annotation.dotted(part) for part in ast.walk(tree) if isinstance(part, (ast.Name, ast.Attribute))]
    return [name for name in names if name]


def role_digest(texts: Iterable[str]) -> str:
    return _hash(texts)


def fingerprint(name: str, digests: Mapping[str, str]) -> str:
    return _hash([name, *(f"{role}={digest}" for role, digest in sorted(digests.items()))])


def _hash(parts: Iterable[str]) -> str:
    state = hashlib.blake2b(digest_size=16)
    for part in parts:
        data = part.encode()
        state.update(len(data).to_bytes(8, "big") + data)
    return state.hexdigest()
