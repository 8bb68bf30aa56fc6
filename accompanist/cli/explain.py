"""`accompanist explain CODE`: why an error happens and what to do about it."""

from __future__ import annotations

import difflib
import importlib
import pkgutil

import accompanist
from accompanist.cli.output import show, table
from accompanist.errors import CATALOGUE, AuthorError, catalogue

UNKNOWN_CODE = catalogue(
    "ACC804",
    "unknown error code",
    "Codes are ACC and three digits, and each is explained in the catalogue of the program that reported it.",
    "Run `accompanist explain` for the list; a code may come from another version.",
)


def explain(code: str, as_json: bool) -> None:
    """Print one explanation, or all titles. Raises AuthorError."""
    load_catalogue()
    if not code:
        titles = {known: CATALOGUE[known].title for known in sorted(CATALOGUE)}
        show(titles, as_json, table(("code", "title"), list(titles.items())))
        return
    code = code.upper()
    if code not in CATALOGUE:
        near = difflib.get_close_matches(code, CATALOGUE, n=1)
        raise AuthorError(UNKNOWN_CODE, f"there is no {code}", f"did you mean {near[0]}?" if near else "")
    told = CATALOGUE[code]
    text = f"{code} {told.title}\n\n{told.why}\n\nWhat to do: {told.remedy}"
    show({"code": code, **told._asdict()}, as_json, text)


def load_catalogue() -> None:
    """A code registers itself where it is raised, so all modules have to be there."""
    for module in pkgutil.walk_packages(accompanist.__path__, "accompanist."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
