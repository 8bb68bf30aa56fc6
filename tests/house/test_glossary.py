"""The glossary is a list that can be searched: one entry a word, in order, each with the place of its definition."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
ENTRY = re.compile(r"^- \*\*(?P<word>[^*]+)\*\*: (?P<text>.*?)`(?P<place>[^`]+)`$", re.MULTILINE | re.DOTALL)


def entries() -> list[re.Match[str]]:
    listed = (ROOT / "docs" / "glossary.md").read_text().partition("\n- ")
    pieces = re.split(r"\n(?=- )", listed[1].lstrip("\n") + listed[2].rstrip())
    found = [ENTRY.fullmatch(piece) for piece in pieces]
    assert all(found), [piece for piece, match in zip(pieces, found, strict=True) if match is None]
    return [match for match in found if match is not None]


def test_words_stand_in_order_and_once() -> None:
    words = [entry["word"].casefold() for entry in entries()]
    assert words == sorted(set(words))


def test_each_says_where_it_is_defined() -> None:
    missing = [entry["word"] for entry in entries() if not (ROOT / entry["place"]).is_file()]
    assert not missing, missing
