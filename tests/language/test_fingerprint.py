"""What changes a fingerprint, and what does not."""

from __future__ import annotations

import ast

import pytest

from accompanist.language.text import canonical
from tests.language.programs import text

BASE = """\
from dataclasses import dataclass
from accompanist import At, Role, choreography, com, pure, query

FACTOR = 2

@dataclass(frozen=True)
class Size:
    number: int

@dataclass(frozen=True)
class Box:
    size: Size

class Desk(Role):
    @query
    def ask(self, box: Box) -> int: ...

class Clerk(Role):
    @query
    def note(self, number: int) -> int: ...

@pure
def helped(number: int) -> int:
    return inner(number) + 1

@pure
def inner(number: int) -> int:
    return number * FACTOR

@choreography
def name(desk: Desk, clerk: Clerk, number: At[int, "desk"]) -> At[int, "clerk"]:
    asked = desk.ask(Box(Size(helped(number))))
    return clerk.note(com(asked, to=clerk))
"""


def fingerprints(source: str) -> tuple[str, str, str]:
    result = text(source)
    assert result.ok, [found.text for found in result.diagnostics]
    (one,) = result.choreographies
    return one.fingerprint, one.projections["desk"].digest, one.projections["clerk"].digest


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("return inner(number) + 1", "return inner(number) + 2"),
        ("return number * FACTOR", "return FACTOR * number"),
        ("FACTOR = 2", "FACTOR = 3"),
        ("class Size:\n    number: int", "class Size:\n    number: int = 0"),
        ("class Box:\n    size: Size", "class Box:\n    size: Size\n    more: int = 0"),
        ("Size(helped(number))", "Size(helped(number + 1))"),
    ],
)
def test_what_counts_at_the_desk_only(old: str, new: str) -> None:
    assert old in BASE
    whole, desk, clerk = fingerprints(BASE)
    changed = fingerprints(BASE.replace(old, new))
    assert changed[0] != whole
    assert changed[1] != desk
    assert changed[2] == clerk


def test_a_changed_reply_counts_at_its_receiver_too() -> None:
    _, desk, clerk = fingerprints(BASE)
    other = BASE.replace("box: Box) -> int", "box: Box) -> str").replace(
        "note(self, number: int)", "note(self, number: str)"
    )
    changed = fingerprints(other)
    assert changed[1] != desk
    assert changed[2] != clerk


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("FACTOR = 2\n", "FACTOR = 2  # a remark\n\n\n"),
        ("    return inner(number) + 1", '    """A docstring."""\n    return (\n        inner(number) + 1)'),
        ("class Size:\n", 'class Size:\n    """What it is."""\n\n'),
        ("    asked = ", "    # first\n    asked = "),
        ("query\n\nFACTOR", "query\n\nUNUSED = 5\nFACTOR"),
    ],
)
def test_what_does_not_count(old: str, new: str) -> None:
    assert old in BASE
    assert fingerprints(BASE.replace(old, new)) == fingerprints(BASE)


def test_a_dict_that_a_function_reads_counts() -> None:
    """Where it lies in the file does not."""
    read = BASE.replace("FACTOR = 2", "FACTORS = {'a': 2}").replace("* FACTOR", "* FACTORS['a']")
    assert fingerprints(read) != fingerprints(read.replace("{'a': 2}", "{'a': 3}"))
    assert fingerprints(read) != fingerprints(read.replace("{'a': 2}", "{'a': 2, 'b': 3}"))
    assert fingerprints(read) == fingerprints(read.replace("{'a': 2}", "{  # two\n    'a': 2\n}"))


def test_it_is_the_same_in_every_run() -> None:
    assert fingerprints(BASE) == fingerprints(BASE)
    assert len(fingerprints(BASE)[0]) == 32


def test_the_text_of_a_tree_is_the_same_under_every_python() -> None:
    tree = ast.parse("def f(x: int = -1) -> str:\n    'doc'\n    return f\"{x!r:>{4}} {d['a']}\" + (lambda: None)()")
    assert canonical.text(tree) == (
        "Module(body=[FunctionDef(name='f',args=arguments(args=[arg(arg='x',annotation=Name(id='int',),),],"
        "defaults=[UnaryOp(op=USub(),operand=Constant(1),),],),body=[Return(value=BinOp(left=JoinedStr(["
        "FormattedValue(value=Name(id='x',),conversion=114,format_spec=JoinedStr([Constant('>'),"
        "FormattedValue(value=Constant(4),conversion=-1,),]),),Constant(' '),FormattedValue(value=Subscript("
        "value=Name(id='d',),slice=Constant('a'),),conversion=-1,),]),op=Add(),right=Call(func=Lambda("
        "args=arguments(),body=Constant(None),),),),),],returns=Name(id='str',),),],)"
    )


def test_how_an_operation_is_asked_for_does_not_count() -> None:
    """It changes nothing that a session does, and a session under way is asked by what is deployed."""
    patient = BASE.replace("    @query\n    def ask", "    @query(attempts=3, timeout_s=0.5)\n    def ask")
    assert patient != BASE
    assert fingerprints(patient) == fingerprints(BASE)
    tries = text(patient).choreographies[0].projections["desk"].operations["ask"].tries
    assert (tries.attempts_max, tries.timeout_ms, tries.cap_ms) == (3, 500, None)
