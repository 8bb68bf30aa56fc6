"""What pages, docstrings and comments cite, and whether it is there.

A module may also be cited as its docstrings do, `package.module` below `accompanist`, with or without a name in it.
A path from the root is a citation where it begins with a tree of the repository and, in a page, stands in backticks. It
may name what is in the file: `path::name`, of a test its function, else a class, function or name of the module (with
a dot, of the class), of SQL a function or table. A link is relative to its page; its anchor is a heading there, as the
usual renderers name it.
"""

from __future__ import annotations

import ast
import fnmatch
import io
import re
import subprocess
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path, PurePosixPath
from typing import NamedTuple

TREES = ("accompanist", "docs", "migrations", "ops", "tests", "workers")
TOP = ("README.md", "CONTRIBUTING.md", "SECURITY.md")
ELSEWHERE = ("ops/THREATS.md", "accompanist/model/THEORY.md")
UNWRITTEN = ("tests/house/test_pages.py", "tests/house/citing.py", "ops/pages/__main__.py")
"""They tell of citations by examples that do not exist."""
READERS = {"workers/orders/refill.py": "the file that README has its reader write"}
"""Paths that are cited and need not exist, with the reason."""

SPAN = re.compile(r"`([^`]+)`")
FENCED = re.compile(r"^( *)(```|~~~).*?^\1\2 *$", re.MULTILINE | re.DOTALL)
INDENTED = re.compile(r"(?<=\n\n)(?: {4,}.*\n|\n)+")
LINK = re.compile(r"(!?)\[(?:[^\[\]]|\[[^\]]*\])*\]\(([^()\s]+)\)")
PATH = rf"(?:{'|'.join(TREES)})/[\w./*-]*"
WHOLE = re.compile(rf"({PATH}|{'|'.join(re.escape(name) for name in TOP)})(?:::([\w.:]+)(?:\[.*\])?)?(?:#([\w-]+))?")
LOOSE = re.compile(rf"(?<![\w/.$<-])({PATH})(?:::([\w.:]+))?(?:#([\w-]+))?")
DOTTED = re.compile(r"`(?:accompanist\.)?(\w+)\.(\w+)(?:\.[\w.]+)?(?:\(\))?`")
HEADING = re.compile(r"^#{1,6} +(.+?) *#*$", re.MULTILINE)
MADE_SQL = re.compile(r"\b(?:FUNCTION|PROCEDURE|TABLE|VIEW|INDEX)\s+(?:IF NOT EXISTS\s+)?(\w+)", re.IGNORECASE)
DESIGN = re.compile(r"\bdesign(?:\.md)?[,:]?\s+(?:--\s*|#\s*)?\d")


class Tree(NamedTuple):
    """What is tracked below a root, by its path from there."""

    root: Path
    names: frozenset[str]

    @classmethod
    def of(cls, root: Path) -> Tree:
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, check=True)
        return cls(root, frozenset(name for name in listed.stdout.decode().split("\0") if (root / name).is_file()))

    def text(self, name: str) -> str:
        return (self.root / name).read_text()

    def has(self, path: str) -> bool:
        """Whether there is such a file, directory, or anything of that pattern."""
        path = path.rstrip("/")
        if "*" in path:
            return any(fnmatch.fnmatch(name, path) for name in self.names)
        return path in self.names or any(name.startswith(f"{path}/") for name in self.names)


def pages(tree: Tree) -> list[str]:
    every = {name for name in tree.names if name.startswith("docs/") and name.endswith(".md")}
    return sorted(every | (tree.names & {*TOP, *ELSEWHERE}))


def sources(tree: Tree) -> list[str]:
    """Python and SQL whose comments may be changed: a revision that was released is what it was."""
    return sorted(
        name
        for name in tree.names
        if name.startswith(TREES)
        and (name.endswith(".py") or (name.endswith(".sql") and not name.startswith("migrations/versions/")))
        and name not in UNWRITTEN
    )


def texts(tree: Tree) -> list[str]:
    """All that may cite a document."""
    kinds = (".py", ".sql", ".md", ".toml")
    return sorted(name for name in tree.names if name.endswith(kinds) and name not in UNWRITTEN)


def cites_the_design(text: str) -> bool:
    """Whether it names a section of the document that docs/ replaces."""
    return DESIGN.search(text) is not None


def in_page(tree: Tree, page: str) -> list[str]:
    return in_text(tree, page, tree.text(page))


def in_text(tree: Tree, page: str, text: str) -> list[str]:
    """What a page cites that does not exist."""
    prose = INDENTED.sub("\n", FENCED.sub("", text))
    found = []
    for span in SPAN.findall(prose):
        match = WHOLE.fullmatch(" ".join(span.split()))
        if match is not None:
            found += _missing(tree, page, match[1], match[2], match[3])
    for _, target in LINK.findall(prose):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        there = _beside(page, path) if path else page
        if there == page and anchor:
            if anchor not in anchors(text):
                found.append(f"{page}: no heading for #{anchor}")
        else:
            found += _missing(tree, page, there, None, anchor or None)
    return found


def in_source(tree: Tree, file: str) -> list[str]:
    return (in_python if file.endswith(".py") else in_sql)(tree, file, tree.text(file))


def in_python(tree: Tree, file: str, text: str) -> list[str]:
    """What docstrings and comments of a module cite that does not exist."""
    comments = [
        token.string for token in tokenize.generate_tokens(io.StringIO(text).readline) if token.type == tokenize.COMMENT
    ]
    said = [*docstrings(ast.parse(text)), *comments]
    return _loose(tree, file, said) + _dotted(tree, file, said)


def in_sql(tree: Tree, file: str, text: str) -> list[str]:
    return _loose(tree, file, re.findall(r"--.*", text))


def docstrings(module: ast.Module) -> Iterator[str]:
    """Strings that stand alone: of modules, classes, functions and attributes."""
    for node in ast.walk(module):
        if (
            isinstance(node, ast.Expr)
            and isinstance(node.value, ast.Constant)
            and isinstance(said := node.value.value, str)
        ):
            yield said


def _loose(tree: Tree, file: str, said: list[str]) -> list[str]:
    return [
        problem
        for one in said
        for match in LOOSE.finditer(one)
        for problem in _missing(tree, file, match[1].rstrip(".-"), match[2] and match[2].rstrip(".:"), match[3])
    ]


def _dotted(tree: Tree, file: str, said: list[str]) -> list[str]:
    """Modules that are cited by their names. What is no package of ours is something else: a method, an event."""
    found = []
    for one in said:
        for package, module in DOTTED.findall(one):
            place = f"accompanist/{package}"
            if (
                not tree.has(f"{place}/__init__.py")
                or tree.has(f"{place}/{module}.py")
                or tree.has(f"{place}/{module}")
            ):
                continue
            if module not in tree.text(f"{place}/__init__.py") and f'"{package}.{module}"' not in _points(tree):
                found.append(f"{file}: there is no module {package}.{module}")
    return found


def _points(tree: Tree) -> str:
    """Where the crash points are named, which are written alike."""
    place = "accompanist/crashpoints.py"
    return tree.text(place) if tree.has(place) else ""


def _missing(tree: Tree, citer: str, path: str, name: str | None, anchor: str | None) -> list[str]:
    if path in READERS:
        return []
    if not tree.has(path):
        return [f"{citer}: there is no {path}"]
    if name and name not in named(tree.root / path):
        return [f"{citer}: {path} has no {name}"]
    if anchor and path.endswith(".md") and anchor not in anchors(tree.text(path)):
        return [f"{citer}: {path} has no heading for #{anchor}"]
    return []


@cache
def named(file: Path) -> frozenset[str]:
    """The names that a file defines."""
    if file.suffix == ".sql":
        return frozenset(MADE_SQL.findall(file.read_text()))
    if file.suffix != ".py":
        return frozenset()
    return frozenset(_defined(ast.parse(file.read_text()).body, ""))


def _defined(body: list[ast.stmt], within: str) -> Iterator[str]:
    for node in body:
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield within + name
            case ast.ClassDef(name=name, body=inner):
                yield within + name
                yield from _defined(inner, f"{within}{name}.")
                yield from (one.replace(".", "::") for one in _defined(inner, f"{within}{name}."))
            case ast.Assign(targets=targets):
                yield from (within + one.id for one in targets if isinstance(one, ast.Name))
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield within + name


def anchors(text: str) -> set[str]:
    """The anchors of a page's headings; of several alike, the later ones have a number."""
    seen: dict[str, int] = {}
    result = set()
    for heading in HEADING.findall(FENCED.sub("", text)):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        slug = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        result.add(slug if slug not in seen else f"{slug}-{seen[slug]}")
        seen[slug] = seen.get(slug, 0) + 1
    return result


def _beside(page: str, path: str) -> str:
    """The path from the root of what a page's link names."""
    parts: list[str] = []
    for part in (PurePosixPath(page).parent / path).parts:
        if part == "..":
            if not parts:
                return f"../{path}"
            parts.pop()
        else:
            parts.append(part)
    return "/".join(parts)
