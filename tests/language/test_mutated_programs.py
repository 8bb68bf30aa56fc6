"""Broken programs, made from good and bad ones by chance: each is answered with diagnostics."""

from __future__ import annotations

import random
import re
import warnings

import pytest

from accompanist.language.compile import compile_file
from accompanist.language.shown.report import check_report
from tests.language.programs import HERE, ROOT, read

TEXTS = [
    text
    for folder in ("must_pass", "must_fail")
    for path in sorted((HERE / folder).glob("*.py"))
    if (text := path.read_text()).strip()
]
TOKENS = sorted({token for text in TEXTS for token in re.findall(r"\w+|[^\w\s]", text)})
PATH = str(HERE / "must_pass" / "mutated.py")


def other_tokens(chance: random.Random, text: str) -> str:
    parts = re.findall(r"\w+|[^\w\s]|\s+", text)
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(parts))
        if not parts[at].isspace():
            parts[at] = chance.choice([*TOKENS, ""])
    return "".join(parts)


def other_lines(chance: random.Random, text: str) -> str:
    lines, foreign = text.splitlines(), chance.choice(TEXTS).splitlines()
    for _ in range(chance.randint(1, 3)):
        at, to = chance.randrange(len(lines)), chance.randrange(len(lines))
        match chance.choice(["leave out", "put in", "swap"]):
            case "leave out" if len(lines) > 1:
                del lines[at]
            case "put in":
                lines.insert(at, chance.choice(foreign))
            case _:
                lines[at], lines[to] = lines[to], lines[at]
    return "\n".join(lines)


class Folder:
    """The project with one file replaced."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __call__(self, path: str) -> str | None:
        return self._text if path == PATH else read(path)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(25))
def test_it_answers(seed: int) -> None:
    chance = random.Random(seed)
    refused = 0
    for _ in range(40):
        mutate = chance.choice([other_tokens, other_lines])
        text = mutate(chance, chance.choice(TEXTS))
        with warnings.catch_warnings(action="ignore"):  # Python's own remarks on strange literals
            result = compile_file(PATH, root=str(ROOT), read=Folder(text))
        check_report(result)
        refused += not result.ok
        for found in result.diagnostics:
            assert found.file != PATH or 1 <= found.line <= text.count("\n") + 1
    assert refused > 10
