"""Advice on where a saga commits is complete: who writes all of it at once is not sent on to the next refusal."""

from __future__ import annotations

from accompanist.language.compile import Compiled, compile_file
from tests.language.programs import HERE, ROOT, read

HEAD = """\
from accompanist import At, Role, choreography, com, pure, transaction


class Desk(Role):
    @transaction
    def do(self, number: int) -> int: ...
    @do.compensation
    def undo(self, number: int) -> None: ...
    @transaction
    def pay(self, number: int) -> int: ...
    @transaction{retriable}
    def leave(self, number: int) -> int: ...
    @transaction(retriable=True)
    def tell(self, number: int) -> None: ...


@choreography
def name(a: Desk, b: Desk, n: At[int, "a"]) -> None:
"""


def checked(body: str, retriable: str = "") -> Compiled:
    return compiled(HEAD, body, retriable)


def compiled(head: str, body: str, retriable: str = "") -> Compiled:
    source = head.format(retriable=retriable) + "".join(f"    {line}\n" for line in body.split("|"))
    path = str(HERE / "nowhere.py")
    return compile_file(path, root=str(ROOT), read=lambda one: source if one == path else read(one))


def test_a_record_of_another_role_comes_with_the_messages_that_it_needs() -> None:
    (found,) = checked("if n > 3:|    a.do(n)|    a.tell(n)|else:|    b.pay(com(n, to=b))").diagnostics
    said = "com(a.now(), to=b), b.commit() and com(b.now(), to=a) on lines of their own before line 21"
    assert str(found.hint) == f"a compensation for a.tell, or {said}"
    lines = "com(a.now(), to=b)|    b.commit()|    com(b.now(), to=a)"
    assert checked(f"if n > 3:|    a.do(n)|    {lines}|    a.tell(n)|else:|    b.pay(com(n, to=b))").ok


def test_what_would_be_asked_again_everywhere_is_said_with_a_record_for_each_path() -> None:
    body = "if n > 3:|    a.leave(n)|else:|    b.do(com(n, to=b))|    b.leave(com(n, to=b))"
    (found,) = checked(body).diagnostics
    assert (found.code, str(found.hint)) == (
        "ACC154",
        "a compensation for b.leave; or @transaction(retriable=True) for it if leave never declines: it is asked again "
        "then until it is done, in line 20 too; and a.commit() on a line of its own before line 20, and com(b.now(), "
        "to=a), a.commit() and com(a.now(), to=b) on lines of their own before line 23",
    )
    lines = "com(b.now(), to=a)|    a.commit()|    com(a.now(), to=b)"
    body = f"if n > 3:|    a.commit()|    a.leave(n)|else:|    b.do(com(n, to=b))|    {lines}|    b.leave(com(n, to=b))"
    assert checked(body, "(retriable=True)").ok


def test_what_may_raise_elsewhere_is_told_by_a_message_first_and_with_its_cause() -> None:
    (found,) = checked("m = 100 // com(n, to=b)|a.pay(n)|b.do(m)").diagnostics[:1]
    assert found.code == "ACC159" and "may raise (com(n, to=b) may be zero), and a does not know" in found.text
    assert str(found.hint).startswith("com(b.now(), to=a) on a line of its own before line 20; or, for line 19, ")
    assert checked("m = 100 // com(n, to=b)|com(b.now(), to=a)|a.pay(n)|b.tell(com(n, to=b))").ok


def test_a_branch_that_has_no_record_is_named_with_the_messages_that_it_needs() -> None:
    body = "if n > 3:|    a.pay(n)|else:|    b.do(com(n, to=b))|a.tell(n)"
    (found,) = checked(body).diagnostics
    said = "com(b.now(), to=a) and a.commit() behind line 22, in the branch that has none"
    assert str(found.hint) == f"a compensation for a.tell, or {said}"
    assert checked(
        "if n > 3:|    a.pay(n)|else:|    b.do(com(n, to=b))|    com(b.now(), to=a)|    a.commit()|a.tell(n)"
    ).ok


def test_a_branch_that_has_no_record_may_have_to_be_written() -> None:
    body = "m = com(n, to=b)|b.do(m)|if n > 3:|    com(b.now(), to=a)|    a.pay(n)|b.tell(m)"
    (found,) = [one for one in checked(body).diagnostics if "not every path" in one.text]
    said = "com(b.now(), to=a), a.commit() and com(a.now(), to=b) in an else of line 21, which has none"
    assert str(found.hint) == f"a compensation for b.tell, or {said}"
    lines = "    com(b.now(), to=a)|    a.commit()|    com(a.now(), to=b)"
    both = (
        f"m = com(n, to=b)|b.do(m)|if n > 3:|    com(b.now(), to=a)|    a.pay(n)|    com(a.now(), to=b)|else:|{lines}"
    )
    assert checked(f"{both}|b.tell(m)").ok


def test_a_branch_without_a_record_that_does_nothing_is_not_taken_for_an_else() -> None:
    tell = "m = com(n, to=b)|a.tell(n)|b.tell(m)"
    said = "a compensation for a.tell, or a.commit() in"
    (found,) = checked(f"if n > 3:|    pass|else:|    a.pay(n)|{tell}").diagnostics
    assert str(found.hint) == f"{said} the branch of line 19, which has none"
    assert checked(f"if n > 3:|    a.commit()|else:|    a.pay(n)|{tell}").ok
    (found,) = checked(f"match n:|    case 3:|        a.pay(n)|{tell}").diagnostics
    assert str(found.hint) == f"{said} a case _ behind the case of line 20, which has none"
    assert checked(f"match n:|    case 3:|        a.pay(n)|    case _:|        a.commit()|{tell}").ok


def test_the_saga_is_checked_beside_what_is_wrong_in_a_function_or_shared() -> None:
    wrong = HEAD.replace(
        "@choreography", "@pure\ndef two(n: int) -> int:\n    print(n)\n    return n\n\n\n@choreography"
    )
    found = [one.code for one in compiled(wrong, "a.pay(two(n))|b.do(com(n, to=b))").diagnostics]
    assert found == ["ACC135", "ACC151"]
