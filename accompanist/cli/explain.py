"""`accompanist explain CODE`: explains an error and what to do, with a wrong program and a right one.

The programs are the files `CODE_wrong.py` and `CODE_right.py`. A test compiles each pair: the wrong one is refused with
exactly that code, and the right one is accepted. They are shipped in the package; in a checkout they are among the
tests.

A code that no program can show has a runbook instead: what to check, what to do, and how to see that it worked, one
step per line. Runbooks are in `runbooks/*.md`, with a heading for each code.
"""

from __future__ import annotations

import difflib
import importlib
import pkgutil
import re
from itertools import groupby
from pathlib import Path
from textwrap import fill, indent
from typing import Any

import accompanist
from accompanist import extras
from accompanist.cli.output import show, table
from accompanist.errors import CATALOGUE, AuthorError, catalogue

UNKNOWN_CODE = catalogue(
    "ACC804",
    "unknown error code",
    "A code is ACC and three digits. This program has none with that number; it may come from another release.",
    "Run `accompanist explain` for the list of codes.",
)

FAMILIES = {
    "ACC10": "choreographies: the file",
    "ACC11": "choreographies: places",
    "ACC12": "choreographies: what is not in the language",
    "ACC13": "choreographies: values, the same on every run",
    "ACC14": "choreographies: types and parts",
    "ACC15": "choreographies: sagas",
    "ACC16": "choreographies: declarations",
    "ACC17": "choreographies: secrets, what could be left out, iterators and identity",
    "ACC18": "choreographies: loading",
    "ACC19": "choreographies: running them as ordinary Python",
    "ACC2": "sessions",
    "ACC3": "values on the wire",
    "ACC4": "the log",
    "ACC5": "workers, and the way to them",
    "ACC6": "configuration",
    "ACC7": "sidecars",
    "ACC8": "the command line",
}
"""The family of a code, by its first digits."""


def explain(code: str, as_json: bool) -> None:
    """Print one explanation, or all titles by family. Raises AuthorError."""
    load_catalogue()
    if not code:
        titles = {known: CATALOGUE[known].title for known in sorted(CATALOGUE)}
        show(titles, as_json, _contents(titles))
        return
    code = f"ACC{code}" if code.isdigit() else code.upper()
    if code not in CATALOGUE:
        near = difflib.get_close_matches(code, CATALOGUE, n=1)
        raise AuthorError(UNKNOWN_CODE, f"there is no {code}", f"did you mean {near[0]}?" if near else "")
    page = _page(code)
    show(page, as_json, _text(page))


def family(code: str) -> str:
    """The family of a code."""
    return next((told for start, told in FAMILIES.items() if code.startswith(start)), "others")


def examples(code: str) -> tuple[str, str] | None:
    """The wrong and the right program of a code, if it has them."""
    package = Path(accompanist.__file__).parent
    for place in (package / "language" / "examples", package.parent / "tests" / "language" / "explain"):
        wrong, right = sorted(place.glob(f"{code}_wrong.*")), sorted(place.glob(f"{code}_right.*"))
        if wrong and right:
            return wrong[0].read_text(encoding="utf-8"), right[0].read_text(encoding="utf-8")
    return None


def runbook(code: str) -> list[str]:
    """The steps of a code's runbook; none if it has no runbook."""
    for file in sorted((Path(__file__).parent / "runbooks").glob("*.md")):
        for part in file.read_text(encoding="utf-8").split("\n## ")[1:]:
            head, _, text = part.partition("\n")
            if head.strip() == code:
                steps = re.split(r"^\d+\. ", text, flags=re.MULTILINE)[1:]
                return [" ".join(step.split()) for step in steps]
    return []


def load_catalogue() -> None:
    """Import all modules, because each code is registered where it is raised. Modules that need an extra which is not
    installed are left out, and the plugin for mypy, which only mypy imports: none of them registers a code."""
    for module in pkgutil.walk_packages(accompanist.__path__, "accompanist."):
        if module.name.endswith("__main__") or module.name == "accompanist.mypy":
            continue
        try:
            importlib.import_module(module.name)
        except ModuleNotFoundError as absent:
            if not extras.is_optional(absent.name):
                raise


def _page(code: str) -> dict[str, Any]:
    told = CATALOGUE[code]
    page = {"code": code, "family": family(code), "title": told.title, "why": told.why, "remedy": told.remedy}
    shown = examples(code)
    if shown is None:
        return page | {"runbook": runbook(code)}
    wrong, right = shown
    return page | {"wrong": wrong, "said": _said(wrong), "right": right}


def _said(wrong: str) -> str:
    """The report of the check on the wrong program, computed now."""
    from accompanist.language.compile import compile_file
    from accompanist.language.shown.superfluous import warnings
    from accompanist.language.text.diagnostic import render
    from accompanist.language.text.source import Source

    file = "wrong.py"
    result = compile_file(file, root=".", read=lambda path: wrong if path == file else None)
    found = [*result.diagnostics]
    found += [one for choreography in result.choreographies for one in warnings(choreography, Source.of(file, wrong))]
    return "\n\n".join(render(one) for one in found)


def _text(page: dict[str, Any]) -> str:
    parts = [f"{page['code']} {page['title']}", page["why"], f"What to do: {page['remedy']}"]
    if "wrong" in page:
        parts += ["Wrong:", indent(page["wrong"].rstrip(), "    "), "`accompanist check` says:"]
        parts += [indent(page["said"], "    "), "Right:", indent(page["right"].rstrip(), "    ")]
    steps = [
        fill(step, 100, initial_indent=f"    {number}. ", subsequent_indent="       ", break_on_hyphens=False)
        for number, step in enumerate(page.get("runbook", ()), 1)
    ]
    parts += ["Step by step:", "\n".join(steps)] if steps else []
    return "\n\n".join(parts)


def _contents(titles: dict[str, str]) -> str:
    groups = groupby(titles.items(), key=lambda item: family(item[0]))
    shown = [f"{name}\n{indent(table(*_rows(list(rows))), '  ')}" for name, rows in groups]
    return "\n\n".join([*shown, "`accompanist explain CODE` says why it happens and what to do."])


def _rows(rows: list[tuple[str, str]]) -> tuple[tuple[str, str], list[tuple[str, str]]]:
    return rows[0], rows[1:]
