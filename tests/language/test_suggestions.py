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
