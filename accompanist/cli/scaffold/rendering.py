"""The texts of a new project: a template's, with the project's names in the place of the placeholders.

A template is a project that can be run: `project_name`, with the services `alpha`, which starts the saga, and `beta`.
What is of `beta` is there for each further service of the new project:

    a file under `beta/`                                 once for each
    a paragraph, not of Python, with no word of `alpha`  as a whole, once for each
    else a line that names `beta`                        once for each

A file `dot-NAME` is written as `.NAME`, and `NAME.in` as `NAME`: under these names no tool would take the template for
what it is configured by.

Nothing here reads or writes files. Not promised: that a text with other placeholders is understood.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from accompanist.cli.scaffold.naming import class_of

_PLACEHOLDERS = re.compile(r"project_name|alpha|Alpha|ALPHA|beta|Beta|7102")
_FIRST_PORT = 7101


def project(template: Mapping[str, str], name: str, services: Sequence[str]) -> dict[str, str]:
    """The files of a new project, by their paths; `template` has those of a template."""
    made: dict[str, str] = {}
    first, *others = services
    for path, text in template.items():
        place = re.sub(r"(^|/)dot-", r"\1.", path).removesuffix(".in")
        for index, service in enumerate(others, 1) if "/beta/" in path else [(1, others[0])]:
            names = _names(name, first, service, index)
            if "/beta/" in path:
                body = _filled(text, names)
            else:
                body = _repeated(text, name, services, whole=not path.endswith(".py"))
            made[_filled(place, names)] = _imports_sorted(body) if path.endswith(".py") else body
    return made


def laid_over(template: Mapping[str, str], more: Mapping[str, str]) -> dict[str, str]:
    """A template with the files of another; `NAME.more` goes on from the end of `NAME`."""
    made = dict(template)
    for path, text in more.items():
        place = path.removesuffix(".more")
        made[place] = made[place] + text if place != path else text
    return made


def _names(name: str, first: str, other: str, index: int) -> dict[str, str]:
    return {
        "project_name": name,
        "alpha": first,
        "Alpha": class_of(first),
        "ALPHA": first.upper(),
        "beta": other,
        "Beta": class_of(other),
        "7102": str(_FIRST_PORT + index),
    }


def _filled(text: str, names: Mapping[str, str]) -> str:
    return _PLACEHOLDERS.sub(lambda found: names[found[0]], text)


def _repeated(text: str, name: str, services: Sequence[str], *, whole: bool) -> str:
    first, *others = services
    each = [_names(name, first, other, index) for index, other in enumerate(others, 1)]
    paragraphs: list[str] = []
    for paragraph in text.split("\n\n"):
        if whole and "beta" in paragraph and "alpha" not in paragraph:
            paragraphs += [_filled(paragraph.strip("\n"), names) for names in each]
            paragraphs[-1] += "\n" * (len(paragraph) - len(paragraph.rstrip("\n")))
        else:
            paragraphs.append("\n".join(_lines(paragraph, each)))
    return "\n\n".join(paragraphs)


def _lines(paragraph: str, each: Sequence[Mapping[str, str]]) -> Iterator[str]:
    for line in paragraph.split("\n"):
        if "beta" in line.lower():
            yield from (_filled(line, names) for names in each)
        else:
            yield _filled(line, each[0])


def _imports_sorted(text: str) -> str:
    """The same with each run of `from … import …` lines sorted by module, as linters want it."""
    lines = text.split("\n")
    begin = 0
    while begin < len(lines):
        end = begin
        while end < len(lines) and lines[end].startswith("from "):
            end += 1
        lines[begin:end] = sorted(lines[begin:end], key=lambda line: line.split()[1])
        begin = max(end, begin + 1)
    return "\n".join(lines)
