"""The normal form: each call once, in the order of evaluation; what follows an early end stands in the branches."""

from __future__ import annotations

from accompanist.language.ir import Abort, If, Invoke, Let, Move, Return, Statement, ends, walk
from tests.language.programs import must_pass, text

HEAD = """\
from accompanist import At, Role, choreography, com, share, transaction

class R(Role):
    @transaction
    def do(self, n: int) -> int: ...
    @do.compensation
    def undo(self, n: int) -> None: ...

@choreography
def name(a: R, b: R, n: At[int, "a"]) -> At[int, "a"]:
"""


def normal(*lines: str) -> tuple[Statement, ...]:
    result = text(HEAD + "".join(f"    {line}\n" for line in lines))
    assert result.ok, [found.text for found in result.diagnostics]
    return result.choreographies[0].normal


def shapes(block: tuple[Statement, ...]) -> list[str]:
    return [f"{type(point).__name__}{getattr(point, 'site', '')}" for point in block]


def test_operands_come_before_what_they_are_for() -> None:
    body = normal("return a.do(com(b.do(com(n, to=b)), to=a) + a.do(n))")
    assert shapes(body) == ["Move1", "Invoke2", "Move3", "Invoke4", "Invoke5", "Return"]


def test_a_call_takes_the_name_it_is_assigned_to() -> None:
    body = normal("x = a.do(n)", "y = x", "com(y, to=b)", "return a.do(y)")
    assert [point.target for point in body if isinstance(point, (Invoke, Move))] == ["x", None, "_3"]
    assert shapes(body) == ["Invoke1", "Let", "Move2", "Invoke3", "Return"]


def test_a_shared_call_is_one_call() -> None:
    body = normal("x = share(a.do(n), to=[b])", "return x")
    assert shapes(body) == ["Invoke1", "Move2", "Return"]


def test_unpacking_is_nested() -> None:
    body = normal("(x, y), z = (n, n), n", "com(n, to=b)", "return x + y + z")
    lets = [point for point in body if isinstance(point, Let)]
    assert [(point.targets, point.unpacked) for point in lets] == [(("_1", "z"), True), (("x", "y"), True)]


def test_what_follows_an_early_return_stands_in_the_other_branch() -> None:
    body = normal("com(n, to=b)", "if n > 1:", "    return n", "x = a.do(n)", "return x")
    assert shapes(body) == ["Move1", "If2"]
    (branch,) = (point for point in body if isinstance(point, If))
    assert shapes(branch.then) == ["Return"]
    assert shapes(branch.orelse) == ["Invoke3", "Return"]


def test_what_follows_an_abort_is_gone() -> None:
    body = normal("com(n, to=b)", "if n > 1:", "    a.abort('x')", "    a.do(n)", "return n")
    assert not any(isinstance(point, Invoke) for point in walk(body))
    assert sum(isinstance(point, Abort) for point in walk(body)) == 1


def test_copies_keep_their_sites() -> None:
    choreography, _ = must_pass("early_return_inside")
    calls = [point for point in walk(choreography.normal) if isinstance(point, Invoke) and point.offer.name == "hold"]
    assert len(calls) == 2
    assert {point.site for point in calls} == {"4"}


def test_every_path_ends_once() -> None:
    choreography, _ = must_pass("nested_if")
    assert ends(choreography.normal)
    assert sum(isinstance(point, Return) for point in walk(choreography.normal)) == 1
