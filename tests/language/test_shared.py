"""What is advised of a shared value that can be changed: followed to the letter, it can be shared."""

from __future__ import annotations

from pathlib import Path

from accompanist.language.compile import compile_file
from tests.language.programs import HERE, ROOT, compiled, read


def test_the_fields_that_can_be_changed_are_named_and_what_is_advised_is_accepted() -> None:
    path: Path = HERE / "must_fail" / "shared_fields.py"
    hint = str(compiled("must_fail", "shared_fields").diagnostics[-1].hint)
    assert hint.split("; ") == [
        "rows: tuple[str, ...] in class Waybill",
        "prices: tuple[tuple[str, tuple[int, ...]], ...] in class Waybill",
        "frozen=True in the brackets of class Stamp",
    ]
    text = path.read_text()
    for old, new in (
        ("rows: list[str]", "rows: tuple[str, ...]"),
        ("prices: dict[str, list[int]]", "prices: tuple[tuple[str, tuple[int, ...]], ...]"),
        ("(msgspec.Struct)", "(msgspec.Struct, frozen=True)"),
        ("At[dict[str, int],", "At[tuple[tuple[str, int], ...],"),
        ("At[tuple[list[int], ...],", "At[tuple[tuple[int, ...], ...],"),
    ):
        assert old in text
        text = text.replace(old, new)
    result = compile_file(str(path), root=str(ROOT), read=lambda one: text if one == str(path) else read(one))
    assert result.ok, result.diagnostics
