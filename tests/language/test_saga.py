"""The commit point, and which sites do not certainly come before it."""

from __future__ import annotations

from accompanist.language.checks.saga.commit import inserted
from accompanist.language.ir import Invoke, walk
from accompanist.language.program.operations import points
from tests.language.programs import must_pass, text

HEAD = """\
from accompanist import At, Role, attempt, choreography, com, query, share, transaction

class R(Role):
    @query
    def ask(self, n: int) -> int: ...
    @transaction
    def do(self, n: int) -> int: ...
    @do.compensation
    def undo(self, n: int) -> None: ...
    @transaction
    def pivot(self, n: int) -> int: ...
    @transaction(retriable=True)
    def tell(self, n: int) -> int: ...

@choreography
def name(a: R, b: R, c: R, n: At[int, "a"]) -> None:
    com(n, to=c)
"""


def codes(*lines: str) -> list[str]:
    return [found.code for found in text(HEAD + "".join(f"    {line}\n" for line in lines)).diagnostics]


def test_the_commit_role() -> None:
    assert must_pass("order_saga")[0].commit_role == "stock"
    assert must_pass("pivot_per_path")[0].commit_role == "store"
    assert must_pass("query_only")[0].commit_role is None
    assert must_pass("untold_roles")[0].commit_role is None


def test_sites_after_the_commit_point() -> None:
    choreography, _ = must_pass("retriable_after_pivot")
    after = {role: projection.sites_after_commit for role, projection in choreography.projections.items()}
    lines = {role: {choreography.site_lines[site] for site in points(sites)} for role, sites in after.items()}
    assert lines["bank"] == set()
    assert lines["post"] == {17}
    assert lines["stock"] == {17}


def test_a_point_beside_the_pivot_does_not_come_before_it() -> None:
    result = text(HEAD + "    x = com(n, to=b)\n    a.pivot(n)\n    b.tell(x)\n")
    assert [found.code for found in result.diagnostics] == ["ACC153"]
    result = text(HEAD + "    x = com(n, to=b)\n    a.pivot(n)\n")
    (choreography,) = result.choreographies
    assert choreography.projections["b"].sites_after_commit == {"2"}
    assert choreography.projections["a"].sites_after_commit == frozenset()


def test_a_turn_beside_the_pivot_does_not_come_before_it() -> None:
    """What the last turn of a loop does is told to nobody, though an earlier one does the same before what may fail."""
    lines = ["x = com(n, to=b)", "for t in range(n):", "    if n > 3:", "        com(b.do(x), to=a)", "    else:"]
    lines += ["        com(n, to=b)", "    attempt(b.ask(x))", "a.pivot(n)"]
    (choreography,) = text(HEAD + "".join(f"    {line}\n" for line in lines)).choreographies
    after = choreography.projections["b"].sites_after_commit
    asked, done = "3[].6", "3[].3"
    assert (choreography.site_lines[asked], choreography.site_lines[done]) == (24, 21)
    assert asked in after and done not in after


def test_a_selection_beside_the_pivot_does_not_come_before_it() -> None:
    """Neither where it is heard nor where it is sent; it does where the pivot's role hears of it. What is computed
    behind it is beside the pivot all the same."""
    lines = ["x = com(n, to=b)", "y = com(x, to=c)", "if x > 3:", "    attempt(c.ask(y))", "{heard}", "a.pivot(n)"]
    sides, chosen = {"4=then", "4=else"}, {"4=then>", "4=else>"}
    for heard, b, c in (
        ("com(n, to=b)", {"2", "3", "3>", "6"} | sides | chosen, {"1", "3", "5"} | sides),
        ("com(com(n, to=c), to=a)", chosen, {"7>"}),
    ):
        result = text(HEAD + "".join(f"    {line}\n" for line in lines).format(heard=heard))
        assert not result.diagnostics
        after = {role: one.sites_after_commit for role, one in result.choreographies[0].projections.items()}
        assert (after["b"], after["c"]) == (b, c)


def test_a_selection_that_rides_comes_where_its_message_does() -> None:
    """Its branch begins before the pivot, and on the other side nothing is committed."""
    lines = ["if n > 3:", "    s = a.pivot(n)", "    com(s, to=b)", "else:", "    com(n, to=b)"]
    result = text(HEAD + "".join(f"    {line}\n" for line in lines))
    assert not result.diagnostics
    after = {role: one.sites_after_commit for role, one in result.choreographies[0].projections.items()}
    assert (after["a"], after["b"]) == ({"2=then", "2=then>", "4", "4>"}, {"2=then", "4"})


def test_a_message_is_what_makes_it_known() -> None:
    assert codes("x = b.do(com(n, to=b))", "a.pivot(n)") == ["ACC150"]
    assert codes("x = b.do(com(n, to=b))", "com(x, to=a)", "a.pivot(n)") == []
    assert codes("x = b.do(com(n, to=b))", "y = com(x, to=c)", "com(y, to=a)", "a.pivot(n)") == []
    assert codes("x = b.do(com(n, to=b))", "com(n, to=c)", "a.pivot(n)") == ["ACC150"]


def test_a_selection_makes_it_known_too() -> None:
    assert (
        codes(
            "x = b.do(com(n, to=b))",
            "y = com(com(n, to=c), to=b)",
            "if x + y > 3:",
            "    com(1 + y, to=c)",
            "    c.pivot(5)",
            "else:",
            "    com(2 + y, to=c)",
        )
        == []
    )


def test_a_failure_on_one_side_counts_after_the_join() -> None:
    assert codes(
        "m = com(n, to=b)", "if n > 3:", "    b.do(m)", "    com(n, to=b)", "else:", "    com(n, to=b)", "a.pivot(n)"
    ) == ["ACC150"]


def test_an_abort_not_taken_has_to_be_known() -> None:
    # c would ship while a aborts: nothing tells c that a did not
    assert codes("com(n, to=b)", "if n > 3:", "    a.abort('x')", "c.pivot(5)") == ["ACC150"]
    assert codes("com(n, to=b)", "if n > 3:", "    a.abort('x')", "com(n, to=c)", "c.pivot(5)") == []


def test_an_abort_in_a_loop_is_known_to_those_who_follow_its_turns() -> None:
    # a knows how often the loop turns, and does not go through it: it would ship while b aborts
    shared, turns, aborts = ["x = com(n, to=b)", "m = share(n, to=[b])"], "for t in range(m % 3):", "    b.abort('x')"
    assert codes(*shared, turns, aborts, "a.pivot(n)") == ["ACC150"]
    assert codes(*shared, turns, aborts, "com(x, to=a)", "a.pivot(n)") == []
    assert codes(*shared, turns, "    a.ask(t)", aborts, "a.pivot(n)") == []


RECURSIVE = """\
@choreography
def again(x: R, y: R, k: At[int, "x"]) -> None:
    m = share(k, to=[y])
    if m > 0:
        again(x, y, m - 1)
    if m > 3:
        y.abort("x")
{told}

"""


def test_an_abort_at_the_end_of_what_calls_itself_is_known_to_nobody_else() -> None:
    # a knows the guard, has nothing to do in either side, and goes on behind the call
    head, tail = HEAD.split("@choreography\ndef name")

    def refused(told: str) -> list[str]:
        called = RECURSIVE.format(told=told)
        source = f"{head}{called}@choreography\ndef name{tail}    again(a, b, n)\n    a.pivot(n)\n"
        return [found.code for found in text(source).diagnostics]

    assert refused("") == ["ACC150"]
    assert refused("    com(com(k, to=y), to=x)") == []


def test_who_computed_such_an_expression_elsewhere_knows_nothing_of_this_one() -> None:
    lines = ["m = share(n, to=[b])", "a.do(9 // m)", "m = share(n - 1, to=[b])"]
    assert codes("com(n, to=b)", *lines, "attempt(b.ask(9 // m))", "a.pivot(n)") == ["ACC159"]
    assert codes("x = com(n, to=b)", *lines, "attempt(b.ask(9 // m))", "com(x, to=a)", "a.pivot(n)") == []
    # both compute it, and use it: one knows of the other
    both = ["x = com(n, to=b)", "m = share(n, to=[b])", "k = 9 // m", "attempt(a.ask(k))", "attempt(b.ask(k))"]
    assert codes(*both, "a.pivot(n)") == []


def test_attempted_calls_do_not_fail_a_saga() -> None:
    assert codes("com(n, to=b)", "a.pivot(n)", "a.ask(n)") == ["ACC151"]
    assert codes("com(n, to=b)", "a.pivot(n)", "attempt(a.ask(n))") == []
    assert codes("com(n, to=b)", "a.pivot(n)", "attempt(a.do(n))", "a.tell(n)") == []


def test_a_maybe_pivot_counts() -> None:
    assert codes("com(n, to=b)", "if n > 3:", "    a.pivot(n)", "a.do(n)") == ["ACC151"]
    assert codes("com(n, to=b)", "if n > 3:", "    a.pivot(n)", "a.pivot(n)") == ["ACC152"]
    assert codes("com(n, to=b)", "if n > 3:", "    a.pivot(n)", "    return", "a.pivot(n)") == []


def test_what_may_have_been_committed_permits_nothing() -> None:
    """It was on one of two ways only: what cannot be undone may not follow, and neither may what declines."""
    assert codes("com(n, to=b)", "if n > 3:", "    a.pivot(n)", "a.tell(n)") == ["ACC153"]
    assert codes("com(n, to=b)", "if n > 3:", "    a.pivot(n)", "else:", "    a.pivot(n)", "a.tell(n)") == []


def records(*lines: str) -> list[tuple[str, int]]:
    """Who commits by a record that was put in, and before which line of these."""
    head = HEAD + "    com(n, to=b)\n"
    result = text(head + "".join(f"    {line}\n" for line in lines))
    assert result.ok, [found.text for found in result.diagnostics]
    calls = [point for point in walk(result.choreographies[0].normal) if isinstance(point, Invoke)]
    return [(call.role, call.span.line - head.count("\n")) for call in calls if inserted(call)]


def test_a_record_is_put_in_as_late_as_it_may() -> None:
    assert records("x = a.do(n)", "a.tell(x)", "a.tell(x)") == [("a", 2)]
    assert records("x = com(a.do(n), to=b)", "y = b.do(x)", "b.tell(y)") == [("b", 3)]


def test_a_record_is_put_in_on_each_path_that_needs_one() -> None:
    assert records("if a.do(n) > 1:", "    a.tell(n)", "elif n > 3:", "    a.do(n)", "else:", "    a.tell(n)") == [
        ("a", 2),
        ("a", 6),
    ]


def test_a_record_is_put_in_before_what_two_roles_do_apart() -> None:
    assert records("x = a.do(n)", "b.tell(com(x, to=b))", "c.tell(com(x, to=c))") == [("a", 2)]
    assert records("b.tell(com(n, to=b))", "c.tell(com(n, to=c))") == [("a", 1)]


def test_no_record_is_put_in_where_it_is_not_needed() -> None:
    assert records("a.do(n)") == []
    assert records("a.pivot(n)", "a.tell(n)") == []
    assert records("a.do(n)", "a.commit()", "a.tell(n)") == []


def test_what_is_against_a_record_is_said() -> None:
    (found,) = text(HEAD + "    x = b.do(com(n, to=b))\n    a.tell(n)\n").diagnostics
    assert found.code == "ACC153"
    assert "a does not know whether b.do of line 18 went well" in found.text
    assert found.hint == "com(b.now(), to=a) on a line of its own before line 19"


def test_what_is_against_a_record_is_said_once() -> None:
    """What two lines are refused for alike is one reason; also where a role does not know of several things."""
    apart = "    x = com(n, to=b)\n    b.do(x)\n    a.tell(n)\n    b.tell(x)\n    b.tell(x)\n"
    inside = apart.replace("b.tell(x)\n    b.tell(x)", "if n > 0:\n        b.do(x)\n    else:\n        b.do(x)")
    for lines in (apart, inside):
        for found in text(HEAD + lines).diagnostics:
            reasons = found.text.partition("put in is refused: ")[2].split("; ")
            assert len(reasons) == len(set(reasons)) > 1, found.text


def test_what_was_put_in_is_part_of_the_fingerprint() -> None:
    said, silent = (
        text(f"{HEAD}    com(n, to=b)\n    a.do(n)\n{line}    a.tell(n)\n") for line in ("    a.commit()\n", "")
    )
    (one,), (other,) = said.choreographies, silent.choreographies
    assert one.commit_role == other.commit_role == "a"
    assert "role.commit" in other.projections["a"].operations
    assert one.fingerprint != other.fingerprint


SIDES = ["if n == 1:", "    f = 50", "elif n == 2:", "    f = 100", "else:", "    a.abort('no')"]
"""What follows stands behind each of the sides that go on, and so do its aborts."""


def test_an_abort_that_follows_a_branch_is_no_news_on_either_of_its_sides() -> None:
    follows = ["q = com(n, to=b)", *SIDES, "if b.ask(q) == 0:", "    b.abort('nothing')"]
    tells = ["com(b.now(), to=c)", "com(n * f, to=c)"]
    assert codes(*follows, *tells, "c.pivot(1)") == []
    assert codes(*follows, *reversed(tells), "c.pivot(1)") == []


def test_the_abort_that_is_named_is_the_one_of_which_nothing_is_known() -> None:
    follows = ["q = com(n, to=b)", *SIDES, "if b.ask(q) == 0:", "    b.abort('nothing')"]
    result = text(HEAD + "".join(f"    {line}\n" for line in [*follows, "com(b.now(), to=c)", "c.pivot(1)"]))
    assert [one.text for one in result.diagnostics] == [
        "c.pivot cannot be undone, but c does not know whether a.abort of line 24 happened"
    ]
    result = text(HEAD + "".join(f"    {line}\n" for line in [*follows, "com(n * f, to=c)", "c.pivot(1)"]))
    assert [one.text for one in result.diagnostics] == [
        "c.pivot cannot be undone, but c does not know whether b.abort of line 26 happened",
        "c.pivot cannot be undone, but c does not know whether b.ask of line 25 went well",
    ]


def test_a_move_that_sends_nothing_is_named_where_a_message_lacks() -> None:
    lines = ["found = a.ask(n)", "tries = 1", "b.ask(com(n, to=b))", "if found == 3:", "    a.abort('no')"]
    lines += ["known = com(tries, to=c)", "c.pivot(known)"]
    found = text(HEAD + "".join(f"    {line}\n" for line in lines)).diagnostics
    assert found and all("com(tries, to=c) of line 23 sends nothing" in one.text for one in found), found


def test_a_constant_behind_a_name_does_not_travel_either() -> None:
    assert codes("tries = 1", "both = tries + 1", "com(both, to=b)", "b.ask(com(n, to=b))") == ["ACC172"]
    assert codes("tries = a.ask(n)", "com(tries, to=b)", "b.ask(com(n, to=b))") == []
