"""A text that an earlier release accepted is made again although this one refuses it: open sessions end on it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Set

import pytest

from accompanist.language.compile import Compiled, compile_file
from accompanist.language.program.program import Choreography
from accompanist.language.text.judged import JUDGED
from accompanist.language.versions.texts import again
from tests.language.programs import MUST_FAIL, ROOT, path_of, read

HEAD = """\
from accompanist import At, Role, choreography, com, pure, query, transaction


class Shop(Role):
    @query
    def prices(self, n: int) -> list[float]: ...
    @transaction
    def reserve(self, n: float) -> int: ...
    @reserve.compensation
    def release(self, n: float) -> None: ...
    @transaction
    def ship(self, n: int) -> int: ...


@pure
def added(prices: list[float]) -> float:
    return sum(prices)


@choreography
def kept(a: Shop, b: Shop, n: At[int, "a"]) -> At[int, "b"]:
"""
SUM = f"{HEAD}    return b.reserve(com(added(a.prices(n)), to=b))\n"
SUMMED = "c1103a618edc42dabe3445b53763a062"
"""The fingerprint that the release gave it which accepted sums of floats."""
SUMMED_THERE = "5927898f318c3511ff1e94dae56bf39f"
"""Likewise, where the sum stands in the choreography."""
REFUSED = {
    "ACC159": "    m = com(n, to=b)\n    b.ship(m)\n    return 100 // m\n",
    "ACC151": "    b.ship(com(n, to=b))\n    return b.reserve(1.5)\n",
    "ACC150": "    m = com(n, to=b)\n    a.reserve(1.5)\n    return b.ship(m)\n",
}


def compiled(text: str, passed: frozenset[str] = frozenset()) -> tuple[list[str], tuple[Choreography, ...]]:
    made = compile_file("root/kept.py", root="root", read={"root/kept.py": text}.get, passed=passed)
    return [one.code for one in made.diagnostics], made.choreographies


def test_what_an_earlier_release_accepted_is_the_same_program() -> None:
    assert compiled(SUM) == (["ACC135"], ())
    found = again("kept.py", {"kept.py": SUM}, SUMMED)
    assert isinstance(found, Choreography) and (found.name, found.fingerprint) == ("kept", SUMMED)


def test_a_sum_in_the_choreography_itself_is_the_same_program_too() -> None:
    text = HEAD + "    prices = a.prices(n)\n    return b.reserve(com(sum(prices), to=b))\n"
    assert compiled(text) == (["ACC135"], ())
    assert isinstance(again("kept.py", {"kept.py": text}, SUMMED_THERE), Choreography)


def test_a_call_that_older_pythons_refuse_is_written_as_it_was() -> None:
    text = HEAD + '    name = f"{n}".replace("1", "2", count=1)\n    return b.reserve(com(float(len(name)), to=b))\n'
    assert compiled(text) == (["ACC135"], ())
    (made,) = compiled(text, JUDGED)[1]
    assert any("count=1" in str(one) for one in made.projections.values())


def test_another_program_is_not_taken_for_it() -> None:
    other = SUM.replace("sum(prices)", "sum(prices) + 1")
    assert again("kept.py", {"kept.py": other}, SUMMED) == compiled_text(other)


def compiled_text(text: str) -> str:
    """What this release says of it first."""
    made = compile_file("root/kept.py", root="root", read={"root/kept.py": text}.get)
    return made.diagnostics[0].text


@pytest.mark.parametrize("code", sorted(REFUSED))
def test_judgements_leave_a_program_as_it_is(code: str) -> None:
    text = HEAD.replace("sum(prices)", "prices[0]") + REFUSED[code]
    codes, none = compiled(text)
    assert code in codes and set(codes) <= JUDGED and not none
    _, (made,) = compiled(text, JUDGED)
    found = again("kept.py", {"kept.py": text}, made.fingerprint)
    assert isinstance(found, Choreography) and found.projections == made.projections


def test_what_no_program_can_be_made_of_is_refused_as_ever() -> None:
    text = SUM.replace("com(added(a.prices(n)), to=b)", "added(a.prices(n))")
    assert isinstance(again("kept.py", {"kept.py": text}, SUMMED), str)


def alone(name: str) -> Iterator[tuple[str, str]]:
    """Each choreography of a program that must fail, with a text that has no other ones than those that it calls."""
    tree = ast.parse(path_of("must_fail", name).read_text())
    functions = [one for one in tree.body if isinstance(one, ast.FunctionDef)]
    all_of_them = [one for one in functions if any("choreography" in ast.unparse(by) for by in one.decorator_list)]
    for one in all_of_them:
        named = {part.id for part in ast.walk(one) if isinstance(part, ast.Name)}
        kept = [part for part in tree.body if part not in all_of_them or part is one or part.name in named]
        yield one.name, ast.unparse(ast.Module(kept, []))


def in_place_of(path: str, text: str, passed: Set[str] = frozenset()) -> Compiled:
    """A file compiled as if it had this text."""
    return compile_file(path, root=str(ROOT), read=lambda one: text if one == path else read(one), passed=passed)


@pytest.mark.slow
def test_whatever_is_only_judged_makes_a_program() -> None:
    """Else a finding has taken away the type, or the text, of what it judges, and open sessions would be stranded."""
    judged: list[str] = []
    stranded: list[str] = []
    for file in MUST_FAIL:
        path = str(path_of("must_fail", file))
        for name, text in alone(file):
            found = {one.code for one in in_place_of(path, text).diagnostics}
            if found and found <= JUDGED:
                judged.append(name)
                made = in_place_of(path, text, JUDGED).choreographies
                stranded += [f"{file}: {name}"] * (name not in {one.name for one in made})
    assert not stranded
    assert len(judged) >= 30
