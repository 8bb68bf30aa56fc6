"""What Python's parser takes and its compiler refuses is no choreography either: nobody could import the file."""

from __future__ import annotations

import builtins
import sys
import warnings
from typing import Any

import pytest

from accompanist.language.compile import compile_file
from accompanist.language.text import python
from accompanist.language.text.diagnostic import render
from tests.language.programs import text

PROGRAM = """\
from dataclasses import dataclass
from accompanist import At, Role, choreography, com, pure, query

@dataclass(frozen=True{of_class})
class Order:
    cents: int

class Desk(Role):
    @query{of_role}
    def ask(self, order: Order) -> int: ...

@pure
def more(x: int{of_pure}) -> int:
    {pure}
    return x
{top}
@choreography
def name(desk: Desk, order: At[Order, "desk"]) -> At[int, "desk"]:
    {line}
    return desk.ask(order)
"""
NOTHING = dict.fromkeys(("of_class", "of_role", "of_pure", "pure", "top", "line"), "")
BLOCKS = "\n".join("    " * (n + 1) + f"while x > {n}:" for n in range(25)).lstrip() + "\n" + "    " * 26 + "break"


def program(**parts: str) -> str:
    return PROGRAM.format(**NOTHING | parts)


@pytest.mark.parametrize(
    ("where", "what", "line", "said"),
    [
        ("of_role", '(name="x", name="y")', 9, "keyword argument repeated: name"),
        ("of_role", "(attempts=2, attempts=3)", 9, "keyword argument repeated: attempts"),
        ("of_class", ", frozen=True", 4, "keyword argument repeated: frozen"),
        ("line", "order = Order(cents=1, cents=2)", 19, "keyword argument repeated: cents"),
        ("line", "n = sorted([1], reverse=True, reverse=False)", 19, "keyword argument repeated: reverse"),
        ("line", "n = more(x=1, x=2)", 19, "keyword argument repeated: x"),
        ("line", "n = sorted([1], key=lambda x, x: x)", 19, "duplicate argument 'x' in function definition"),
        ("line", "__debug__ = order", 19, "cannot assign to __debug__"),
        (
            "line",
            "match order:\n        case Order(cents=n) as n: pass",
            20,
            "multiple assignments to name 'n' in pattern",
        ),
        ("of_pure", ", x: int", 13, "duplicate argument 'x' in function definition"),
        ("pure", "global x", 14, "name 'x' is parameter and global"),
        ("pure", "break", 14, "'break' outside loop"),
        ("pure", BLOCKS, 34 + (sys.version_info >= (3, 13)), "too many statically nested blocks"),
        ("top", "return 1", 16, "'return' outside function"),
        ("top", "nonlocal x", 16, "nonlocal declaration not allowed at module level"),
        ("top", "x = *(1,)", 16, "can't use starred expression here"),
        (
            "top",
            "from __future__ import annotations",
            16,
            "from __future__ imports must occur at the beginning of the file",
        ),
        ("top", "xs = [x async for x in y]", 16, "asynchronous comprehension outside of an asynchronous function"),
    ],
)
def test_it_is_refused_in_python_s_words_where_python_sees_it(where: str, what: str, line: int, said: str) -> None:
    assert text(program()).ok
    (found,) = text(program(**{where: what})).diagnostics
    assert (found.code, found.line, found.text) == ("ACC101", line, said), render(found)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("desk.ask(order=order, order=order)", "ACC115"),
        ("com(order, to=desk, to=desk)", "ACC114"),
        ("await desk.ask(order)", "ACC128"),
        ("nonlocal order", "ACC126"),
        ("*n, *m = (1, 2)", "ACC129"),
        ("match order:\n        case n: pass\n        case Order(): pass", "ACC121"),
    ],
)
def test_what_has_an_answer_of_its_own_is_not_said_again(line: str, code: str) -> None:
    assert [found.code for found in text(program(line=line)).diagnostics] == [code]


def test_other_errors_are_said_beside_it() -> None:
    found = text(program(of_role="(attempts=2, attempts=3)", line="n = nowhere")).diagnostics
    assert [(one.code, one.line) for one in found] == [("ACC101", 9), ("ACC110", 19)]


def test_columns_are_characters() -> None:
    (found,) = text(program(line='n = dict(é="é", b=1, b=2)')).diagnostics
    assert (found.span.column, found.span.end_column) == (25, 28)
    assert render(found).splitlines()[4].endswith("|" + " " * 26 + "^^^")


def test_a_file_that_is_imported_is_refused_at_its_own_place() -> None:
    roles = program(of_role='(name="x", name="y")').partition("@pure")[0]
    main = program().replace("from accompanist", "from roles import Desk, Order\nfrom accompanist", 1)
    files = {"/p/roles.py": roles, "/p/main.py": main.partition("@dataclass")[0] + main[main.index("@pure") :]}
    (found,) = compile_file("/p/main.py", root="/p", read=files.get).diagnostics
    assert (found.code, found.file, found.line) == ("ACC101", "/p/roles.py", 9)
    assert found.source == '    @query(name="x", name="y")'


def test_python_s_warnings_are_not_said() -> None:
    """Reason: they go to standard error, of `--json` too; and where warnings are errors, they would refuse a file."""
    for action in ("error", "always"):
        with warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter(action)  # type: ignore[arg-type]
            assert text(program(top='SAME = 1 is 1, (), "\\d"')).ok
        assert heard == []


@pytest.mark.parametrize("problem", [RecursionError(), MemoryError()])
def test_what_is_too_deep_for_the_compiler_is_too_large(problem: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def compiles(*given: Any, **named: Any) -> Any:
        if given[1] == "<choreography>":
            raise problem
        return builtins.compile(*given, **named)

    monkeypatch.setattr(python, "compile", compiles, raising=False)
    (found,) = text(program()).diagnostics
    assert (found.code, found.line) == ("ACC103", 1)
