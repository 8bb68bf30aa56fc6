"""Which name means what: files of the project, followed through their imports without importing anything.

A name resolves inside the project root to its definition; outside it to an opaque pair (module, name). The package
`accompanist` itself is opaque too: its words are known by name, wherever it is installed.

Not followed: names made at run time, `from x import *`, assignments inside `if` and `try` at module level. Where such a
name is needed, the author is told that it is not known.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from accompanist import limits
from accompanist.language.text.python import parsed
from accompanist.language.text.source import BOM, Read, Source
from accompanist.language.types import WORDS

INSTALLED = frozenset({"site-packages", "dist-packages"})
"""Directories that installed packages lie in. One is the root of the packages in it, each for itself."""
WORD_MODULES = (WORDS, f"{WORDS}.language", f"{WORDS}.language.words")


@dataclass(frozen=True, slots=True)
class Reference:
    """A name where it is defined. `node` is its definition if that is inside the project."""

    module: str
    name: str
    node: ast.stmt | None = None

    @property
    def word(self) -> str:
        """The word of the language this is, or nothing."""
        return self.name if self.module == WORDS else ""


@dataclass(frozen=True)
class Module:
    """One file: its text, its syntax tree, what its top level binds."""

    name: str
    source: Source
    tree: ast.Module
    bound: dict[str, list[ast.stmt]] = field(default_factory=dict)


class Modules:
    """The project's files, each read once."""

    def __init__(self, root: str, read: Read) -> None:
        self._root = PurePosixPath(root)
        self._read = read
        self._known: dict[str, Module | None] = {}
        self._sources: dict[str, Source] = {}
        self._only = ""  # the one package that is read, among packages that are installed beside one another

    @property
    def read(self) -> list[Module]:
        """The files that have been read, in this order."""
        return [module for module in self._known.values() if module is not None]

    def source(self, file: str) -> Source:
        """The text of a file that has been read."""
        return self._sources[file]

    @property
    def opened(self) -> list[Module]:
        """The modules of the project that have been read so far."""
        return [module for module in self._known.values() if module is not None]

    def unimportable(self, path: str) -> str:
        """The directory or file on the way from the root that Python cannot import from; empty if there is none."""
        parts = PurePosixPath(path).relative_to(self._root).with_suffix("").parts
        return next((part for part in parts if "." in part and part != ".."), "")

    def name_of(self, path: str) -> str | None:
        """The module name of a file, None if it is outside the root."""
        try:
            parts = list(PurePosixPath(path).relative_to(self._root).with_suffix("").parts)
        except ValueError:
            return None
        if parts and parts[-1] == "__init__":
            parts.pop()
        return ".".join(parts)

    def enter(self, name: str, path: str, tree: ast.Module, text: str) -> Module:
        """Make a parsed file known under its name."""
        module = Module(name, Source.of(path, text), tree)
        for statement in _top_level(tree):
            for bound in _binds(statement):
                module.bound.setdefault(bound, []).append(statement)
        self._known[name] = module
        self._sources[path] = module.source
        if self._root.name in INSTALLED and not self._only:
            self._only = name.partition(".")[0]
        return module

    def find(self, name: str) -> Module | None:
        """The module of that name inside the project, None outside or where it does not parse."""
        if name in WORD_MODULES:
            return None
        if name not in self._known:
            self._known[name] = None
            self._open(name)
        return self._known[name]

    def resolve(self, module: Module, name: str) -> Reference | None:
        """What a dotted name means at the top level of a module; None if nothing binds it."""
        head, *rest = name.split(".")
        found = self._top(module, head, limits.import_hops_max)
        for part in rest:
            if found is None:
                return None
            found = self._member(found, part)
        return found

    def _open(self, name: str) -> None:
        if self._only and name.partition(".")[0] != self._only:
            return  # another package that is installed here, outside of this one
        stem = str(self._root.joinpath(*name.split(".")))
        for path in (f"{stem}.py", f"{stem}/__init__.py"):
            try:
                text = self._read(path)
                if text is None:
                    continue
                tree = parsed(text.removeprefix(BOM))
            except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
                return  # not readable, not UTF-8, not Python: nothing is known of it
            self.enter(name, path, tree, text)
            return

    def _top(self, module: Module, name: str, hops: int) -> Reference | None:
        statements = module.bound.get(name)
        if statements is None or hops == 0:
            return None
        statement = statements[-1]
        if isinstance(statement, ast.Import):
            for alias in statement.names:
                if (alias.asname or alias.name.split(".")[0]) == name:
                    return Reference(alias.name if alias.asname else name, "")
        if isinstance(statement, ast.ImportFrom):
            home = origin(module, statement)
            original = next(alias.name for alias in statement.names if (alias.asname or alias.name) == name)
            return self._inside(home, original, hops - 1)
        return Reference(module.name, name, statement)

    def _inside(self, origin: str, name: str, hops: int) -> Reference | None:
        if origin in WORD_MODULES:
            return Reference(WORDS, name)
        target = self.find(origin)
        if target is not None and name in target.bound:
            return self._top(target, name, hops)
        if self.find(f"{origin}.{name}") is not None:
            return Reference(f"{origin}.{name}", "")
        return Reference(origin, name)

    def _member(self, found: Reference, part: str) -> Reference | None:
        if not found.name:  # a module
            return self._inside(found.module, part, limits.import_hops_max)
        if found.node is None:
            return Reference(found.module, f"{found.name}.{part}")
        return None


def _top_level(tree: ast.Module) -> list[ast.stmt]:
    """The statements of a file's top level, those under `if TYPE_CHECKING:` among them."""
    found: list[ast.stmt] = []
    for statement in tree.body:
        match statement:
            case ast.If(test=ast.Name(id="TYPE_CHECKING") | ast.Attribute(attr="TYPE_CHECKING"), body=body):
                found += body
            case _:
                found.append(statement)
    return found


def _binds(statement: ast.stmt) -> list[str]:
    match statement:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return [name]
        case ast.Import(names=names):
            return [alias.asname or alias.name.split(".")[0] for alias in names]
        case ast.ImportFrom(names=names):
            return [alias.asname or alias.name for alias in names if alias.name != "*"]
        case ast.Assign(targets=targets):
            return [name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)]
        case ast.AnnAssign(target=ast.Name(id=name)) | ast.AugAssign(target=ast.Name(id=name)):
            return [name]
    return []


def origin(module: Module, statement: ast.ImportFrom) -> str:
    """The module that a `from` import reads from, relative ones in full."""
    if not statement.level:
        return statement.module or ""
    package = module.name.split(".")
    depth = statement.level - 1 if module.source.path.endswith("__init__.py") else statement.level
    base = package[: len(package) - depth]
    return ".".join([*base, *([statement.module] if statement.module else [])])
