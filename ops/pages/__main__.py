"""Makes the generated parts of the pages: `python -m ops.pages`. With `--check` it only prints which parts differ.

A part stands between two lines:

    <!-- made: NAME -->
    <!-- end: NAME -->

A part without a marker, a marker without a part, and a marker without its end are errors.
"""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import ops.pages

ROOT = Path(__file__).parents[2]
DOCS = "docs"
PART = re.compile(
    r"^(?P<begin><!-- made: (?P<name>\S+) -->\n)(?P<text>.*?)(?P<end>^<!-- end: (?P=name) -->$)",
    re.MULTILINE | re.DOTALL,
)
MARKER = re.compile(r"^<!-- (?:made|end): (\S+) -->$", re.MULTILINE)
Maker = Callable[[], dict[str, str]]


class Unmade(Exception):
    """Pages and makers do not fit together."""


def made(kind: str) -> dict[str, str]:
    """What all modules of this package make of a kind: `parts` or `files`."""
    told: dict[str, str] = {}
    for module in pkgutil.iter_modules(ops.pages.__path__):
        if module.name.startswith("_"):
            continue
        maker: Maker | None = getattr(importlib.import_module(f"ops.pages.{module.name}"), kind, None)
        for name, text in maker().items() if maker is not None else ():
            if name in told:
                raise Unmade(f"two modules make {name}; one of them is {module.name}")
            told[name] = text
    return told


def pages(root: Path) -> Iterator[Path]:
    yield from sorted((root / DOCS).rglob("*.md"))


def replaced(page: str, text: str, parts: dict[str, str], used: set[str]) -> str:
    """The page with its parts as they are made now; `used` grows by their names. Raises Unmade."""

    def part(match: re.Match[str]) -> str:
        name = match["name"]
        if name not in parts:
            raise Unmade(f"{page}: nobody makes {name}")
        used.add(name)
        return f"{match['begin']}\n{parts[name].strip()}\n\n{match['end']}"

    result = PART.sub(part, text)
    markers = len(MARKER.findall(text))
    if markers != 2 * len(PART.findall(text)):
        raise Unmade(f"{page}: a part is not ended, or ends without having begun")
    return result


def remade(root: Path, parts: dict[str, str], files: dict[str, str]) -> dict[Path, str]:
    """What each page and file should be. Raises Unmade."""
    used: set[str] = set()
    should = {page: replaced(str(page.relative_to(root)), page.read_text(), parts, used) for page in pages(root)}
    if unused := parts.keys() - used:
        raise Unmade(f"no page has a place for {', '.join(sorted(unused))}")
    return should | {root / name: text for name, text in files.items()}


def differing(should: dict[Path, str]) -> list[Path]:
    return [path for path, text in should.items() if not path.is_file() or path.read_text() != text]


def main(arguments: list[str] | None = None, root: Path = ROOT) -> int:
    parser = argparse.ArgumentParser(prog="python -m ops.pages", description="Make the parts of docs/ that are made.")
    parser.add_argument("--check", action="store_true", help="write nothing; say which differ, and exit with 1")
    asked = parser.parse_args(arguments)
    try:
        should = remade(root, made("parts"), made("files"))
    except Unmade as problem:
        print(problem, file=sys.stderr)
        return 1
    differ = differing(should)
    for path in differ:
        print(path.relative_to(root))
        if not asked.check:
            path.write_text(should[path])
    return 1 if asked.check and differ else 0


if __name__ == "__main__":
    sys.exit(main())
