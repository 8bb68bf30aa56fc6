"""What is wrong with a file as a whole: not there, not Python, too large; and how imports are followed."""

from __future__ import annotations

import pytest

from accompanist import limits
from accompanist.language.compile import Compiled, compile_file
from ops import curve
from tests.language.programs import text

HEAD = """\
from dataclasses import dataclass
from accompanist import At, Role, choreography, com, query

class Desk(Role):
    @query
    def ask(self, number: int) -> int: ...

@choreography
def name(desk: Desk, number: At[int, "desk"]) -> int:
"""


def codes(result: Compiled) -> list[str]:
    return [found.code for found in result.diagnostics]


def project(**files: str) -> Compiled:
    """Compile `main` of a project whose files are given by module name, `__` for a dot."""
    there = {f"/p/{name.replace('__', '/')}.py": content for name, content in files.items()}
    return compile_file("/p/main.py", root="/p", read=there.get)


def test_a_file_that_is_not_there() -> None:
    assert codes(compile_file("/p/x.py", root="/p", read=lambda path: None)) == ["ACC100"]


def test_a_file_outside_the_root() -> None:
    assert codes(compile_file("/q/x.py", root="/p", read=lambda path: HEAD)) == ["ACC100"]


@pytest.mark.parametrize("line", ["from enum import Enum", "import enum", "import json, enum"])
def test_a_file_that_hides_a_module_of_python_which_it_imports(line: str) -> None:
    program = f"{line}\n{HEAD}    return desk.ask(nowhere)\n"
    (found,) = compile_file("/p/enum.py", root="/p", read=lambda path: program).diagnostics
    assert (found.code, found.line) == ("ACC100", 1)
    assert "this file is called enum.py and hides Python's enum" in found.text and "rename it" in found.hint
    for path in ("/p/loans/enum.py", "/p/json5.py", "/p/queue.py"):
        assert codes(compile_file(path, root="/p", read=lambda path: program)) == ["ACC110"]


@pytest.mark.parametrize("problem", [PermissionError("no"), UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad")])
def test_a_file_that_cannot_be_read(problem: Exception) -> None:
    def read(path: str) -> str | None:
        raise problem

    assert codes(compile_file("/p/x.py", root="/p", read=read)) == ["ACC100"]


@pytest.mark.parametrize("problem", [PermissionError("no"), UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad")])
def test_an_import_that_cannot_be_read_is_not_known(problem: Exception) -> None:
    def read(path: str) -> str | None:
        if path == "/p/file.py":
            return HEAD.replace("\n", "\nfrom other import LIMIT\n", 1) + "    return desk.ask(number + LIMIT)\n"
        if path == "/p/other.py":
            raise problem
        return None

    assert codes(compile_file("/p/file.py", root="/p", read=read)) == ["ACC131"]


def test_a_syntax_error_is_shown_where_python_sees_it() -> None:
    (found,) = text(HEAD + "    return desk.ask(\n").diagnostics
    assert (found.code, found.line) == ("ACC101", 10)
    assert codes(text("x = '\0'")) == ["ACC101"]


def test_a_file_without_a_choreography() -> None:
    assert codes(text("x = 1\n")) == ["ACC102"]


def test_a_file_that_is_too_large() -> None:
    assert codes(text("#" * limits.source_bytes_max + "\n" + HEAD + "    return desk.ask(number)\n")) == ["ACC103"]


@pytest.mark.parametrize(
    "body",
    [
        "    return desk.ask(" + "+ ".join(["number"] * 200) + ")\n",
        "    return desk.ask(" + "(" * 150 + "number" + ",)" * 150 + ")\n",
        "    return desk.ask(" + "-" * 5_000 + "number)\n",
        "    return desk.ask(" + "(" * 5_000 + "number" + ")" * 5_000 + ")\n",
    ],
    ids=["sum", "tuples", "signs", "parentheses"],
)
def test_expressions_that_are_nested_too_deep(body: str) -> None:
    (found,) = text(HEAD + body).diagnostics
    assert found.code in ("ACC101", "ACC103")


def test_branches_that_are_nested_too_deep() -> None:
    guards = "".join(f"    if number == {n}:\n        return {n}\n" for n in range(limits.branch_depth_max + 1))
    (found,) = text(HEAD + guards + "    return desk.ask(number)\n").diagnostics
    assert found.code == "ACC103"
    assert f"deeper than {limits.branch_depth_max}" in found.text


def test_many_guards_within_the_bound_compile() -> None:
    guards = "".join(f"    if number == {n}:\n        return {n}\n" for n in range(limits.branch_depth_max - 1))
    assert codes(text(HEAD + guards + "    return desk.ask(number)\n")) == []


def test_the_other_choreographies_of_a_file_are_checked_too() -> None:
    other = "\n@choreography\ndef other(desk: Desk, number: At[int, 'desk']) -> int:\n    return numbr\n"
    assert codes(text(HEAD + "    return nmber\n" + other)) == ["ACC110", "ACC110"]


def test_imports_are_followed_inside_the_root() -> None:
    main = """\
        from __future__ import annotations
        import accompanist as acc
        from accompanist import At
        from .parts import roles as r
        from parts.again import LIMIT, Size as S

        @acc.choreography
        def name(desk: r.Desk, size: At[S, "desk"]) -> At[int, "desk"]:
            if size.number > LIMIT:
                return desk.ask(size)
            return 0
        """
    result = project(
        main="\n".join(line.removeprefix("        ") for line in main.splitlines()),
        parts____init__="",
        parts__roles="from accompanist import Role, query\nfrom parts.messages import Size\n"
        "class Desk(Role):\n    @query\n    def ask(self, size: 'Size') -> int: ...\n",
        parts__messages="from dataclasses import dataclass\n@dataclass\nclass Size:\n    number: int\n",
        parts__again="from parts.messages import Size\nLIMIT = 60 * 60\n",
    )
    assert codes(result) == []
    (choreography,) = result.choreographies
    assert choreography.names["Size"] == ("parts.messages", "Size")
    assert "LIMIT = 60 * 60" in choreography.projections["desk"].source


def test_two_classes_of_one_name_have_two_aliases() -> None:
    size = "from dataclasses import dataclass\n@dataclass\nclass Size:\n    number: int\n"
    result = project(
        main="""\
from accompanist import At, Role, choreography, com, query
import a, b
class Desk(Role):
    @query
    def ask(self, size: a.Size) -> b.Size: ...
@choreography
def name(desk: Desk, other: Desk, size: At[a.Size, "desk"]) -> At[b.Size, "desk"]:
    return com(other.ask(com(size, to=other)), to=desk)
""",
        a=size,
        b=size,
    )
    assert codes(result) == []
    assert sorted(result.choreographies[0].names.values()) == [("a", "Size"), ("b", "Size")]
    sources = [projection.source for projection in result.choreographies[0].projections.values()]
    assert any("import Size as a_Size" in source for source in sources)


def test_an_import_that_goes_round_in_circles_ends() -> None:
    result = project(
        main="from a import Desk\nfrom accompanist import At, choreography\n"
        "@choreography\ndef name(desk: Desk, n: At[int, 'desk']) -> None:\n    desk.ask(n)\n",
        a="from b import Desk\n",
        b="from a import Desk\n",
    )
    assert "ACC119" in codes(result) or "ACC140" in codes(result)


def test_nothing_of_the_file_is_executed() -> None:
    assert codes(text("raise SystemExit(1)\n" + HEAD + "    return desk.ask(number)\n")) == []


@pytest.mark.slow
def test_the_curve_is_near_linear_and_its_ends_are_refused_at_once() -> None:
    """Reason: a program ten times as long may not take fifty times as long; `make bench` shows the whole curve."""
    short, long = (curve.measured(curve.long, lines, rounds=3) for lines in (60, 600))
    assert short["said"] == long["said"] == "compiled"
    assert long["us_per_line"] < 3 * short["us_per_line"]
    assert curve.measured(curve.long, 10_000, rounds=1)["said"] == "refused: ACC103"
    assert [found.code for found in curve.compiled(curve.wide(200)).diagnostics] == ["ACC103"]


def test_two_parameters_of_one_name() -> None:
    (found,) = text(HEAD.replace("number: At", "desk: Desk, number: At") + "    return desk.ask(number)\n").diagnostics
    assert (found.code, found.text) == ("ACC101", "two parameters are called desk")
