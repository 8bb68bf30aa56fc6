"""A name that is nearly right is answered with the right one: roles, operations, names, places."""

from __future__ import annotations

import pytest

from tests.language.programs import text

HEAD = """\
from accompanist import At, Role, choreography, com, query

class Desk(Role):
    @query
    def ask(self, number: int) -> int: ...

LARGE = 7

@choreography
def name(desk: Desk, clerk: Desk, number: At[int, "desk"]) -> At[int, "desk"]:
"""


@pytest.mark.parametrize(
    ("line", "code", "hint"),
    [
        ("return dsek.ask(number)", "ACC111", "desk.ask(…)"),
        ("return desk.aks(number)", "ACC111", "desk.ask(…)"),
        ("return desk.sleeep(3)", "ACC111", "desk.sleep(…)"),
        ("return desk.abrot('too late')", "ACC111", "desk.abort(…)"),
        ("return com(number, to=clrek)", "ACC111", "clerk"),
        ("return desk.ask(nmber)", "ACC110", "number"),
        ("return desk.ask(LAREG)", "ACC110", "LARGE"),
        ("return desk.ask(lenn((1, number)))", "ACC110", "len"),
        ("return zzz.ask(number)", "ACC111", "one of desk, clerk"),
        ("return desk.ask(zzz)", "ACC110", "assign it before, define it in this file, or import it"),
    ],
)
def test_the_right_name_is_suggested(line: str, code: str, hint: str) -> None:
    (found,) = text(f"{HEAD}    {line}\n").diagnostics
    assert (found.code, found.hint) == (code, hint)


def test_the_role_of_a_loop_has_no_name_of_its_own_to_write() -> None:
    (found,) = text(f"{HEAD}    for one in (desk, clerk):\n        here = one\n    return number\n").diagnostics
    assert (found.code, found.hint) == ("ACC117", "call one of its operations: one.OPERATION(…)")


def test_a_misspelt_place_too() -> None:
    (found,) = text(HEAD.replace('At[int, "desk"])', 'At[int, "desc"])') + "    return number\n").diagnostics
    assert (found.code, found.hint) == ("ACC111", '"desk"')


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("z = Decimal('1')", "from decimal import Decimal"),
        ("z = share(number, to=[clerk])", "from accompanist import share"),
        ("z: UUID = number", "from uuid import UUID"),
    ],
)
def test_what_everybody_knows_is_answered_with_its_import(line: str, wanted: str) -> None:
    (found,) = text(f"{HEAD}    {line}\n    return number\n").diagnostics
    assert (found.code[:4], found.hint) == ("ACC1", wanted)


def test_a_local_name_has_a_type_and_no_place() -> None:
    (found,) = text(f'{HEAD}    z: At[int, "desk"] = number\n    return z\n').diagnostics
    assert (found.code, found.hint) == ("ACC140", "int")


@pytest.mark.parametrize(
    ("line", "code", "said", "hint"),
    [
        ("return Kind.SMAL.value", "ACC110", "Kind has no member SMAL", "Kind.SMALL"),
        ("return Kind.HUGE.value", "ACC110", "Kind has no member HUGE", "one of Kind.SMALL, Kind.LARGE"),
        ("return later", "ACC110", "later is not assigned before this line", "later = … before this line"),
        (
            "if number > 3:\n        later = 1\n    return later",
            "ACC110",
            "later is not assigned on every path that leads here; the branch of line 22 assigns it on one side only",
            "later = … before the branch of line 22, or on its other side, too",
        ),
        ("return desk.event(kind, int)", "ACC165", "what kind holds shows only in a run", 'desk.event("kind", int)'),
        ("return desk.event('2 b', int)", "ACC165", '"2 b" is none: letters', 'desk.event("event_2_b", int)'),
        ("return desk.event(name='a', type=int)", "ACC165", "without their names", 'desk.event("a", int)'),
        ("return number + len(SEEN)", "ACC137", "it is a set, and a set can be changed", "SEEN = frozenset({1, 2})"),
        ("return number + COUNT", "ACC137", "it is assigned in lines 15 and 16", "assign COUNT once"),
        (
            "return attempt(desk.sell(number)).value",
            "ACC155",
            "desk.sell cannot be undone",
            "a compensation for desk.sell",
        ),
    ],
)
def test_what_is_wrong_is_said_in_the_names_of_the_author(line: str, code: str, said: str, hint: str) -> None:
    head = HEAD.replace(
        "LARGE = 7", "class Kind(Enum):\n    SMALL = 1\n    LARGE = 2\n\nSEEN = {1, 2}\nCOUNT = 1\nCOUNT = 2"
    )
    head = head.replace("query\n\n", "attempt, query, transaction\nfrom enum import Enum\n\n")
    head = head.replace("\nclass Kind", "    @transaction\n    def sell(self, number: int) -> int: ...\n\nclass Kind")
    later = "" if line != "return later" else "    later = 1\n"
    source = f"{head}    kind = 'a'\n    com(number, to=clerk)\n    {line}\n{later}"
    (found,) = [one for one in text(source).diagnostics if one.code == code]
    assert said in found.text
    assert hint in str(found.hint)
