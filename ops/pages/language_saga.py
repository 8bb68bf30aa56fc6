"""The parts of docs/language/saga.md: what may fail, the rules with a wrong and a right program, where the compiler
inserts a commit, early lines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from accompanist.language.compile import compile_file
from accompanist.language.refusal import may_decline, may_fail
from accompanist.language.shown.report import ReportOptions, check_report
from ops.pages.language import compiled, fenced, pair, read, table

RULES = ("ACC150", "ACC151", "ACC152", "ACC153", "ACC154", "ACC155", "ACC158", "ACC159", "ACC156")
PUT_IN = "tests/language/must_pass/commit_put_in.py"
EARLY = """\
from accompanist import At, Role, choreography, com, transaction


class Shop(Role):
    @transaction
    def hold(self, number: int) -> int: ...

    @hold.compensation
    def free(self, number: int) -> None: ...


class Bank(Role):
    @transaction  # the pivot
    def pay(self, share: int) -> int: ...


@choreography
def split(shop: Shop, bank: Bank, parts: At[int, "shop"]) -> At[int, "bank"]:
    share = com(parts, to=bank)
    for turn in range(2):
        share = com(6 // (parts - turn), to=bank)
    return bank.pay(share)
"""


def parts() -> dict[str, str]:
    """The parts of the page."""
    return {
        "saga-fails": table(("call", "may decline", "a decline undoes the saga"), _fails()),
        "saga-rules": "\n\n".join(pair(code) for code in RULES),
        "saga-put-in": _put_in(),
        "saga-early": _early(),
    }


@dataclass(frozen=True)
class _Operation:
    kind: str
    retriable: bool = False
    drawn: bool = False


CALLS = (
    ("`@query`", _Operation("query"), False),
    ("`attempt(…)` of a `@query`", _Operation("query"), True),
    ("`@transaction`", _Operation("transaction"), False),
    ("`attempt(…)` of a `@transaction` with a compensation", _Operation("transaction"), True),
    ("`@transaction(retriable=True)`", _Operation("transaction", retriable=True), False),
    ("`role.now()`, `role.uuid()`, `role.commit()` and the like", _Operation("query", drawn=True), False),
)


def _fails() -> Iterator[tuple[str, str, str]]:
    for text, asked, attempted in CALLS:
        yield text, _yes(may_decline(asked)), _yes(may_fail(asked, attempted))


def _yes(told: bool) -> str:
    return "yes" if told else "no"


def _put_in() -> str:
    text = read(PUT_IN) or ""
    source = text[text.index("@choreography") : text.index("\n\nWORKERS")].rstrip()
    made = compile_file(PUT_IN, root=".", read=read)
    assert made.ok
    return "\n\n".join([fenced(source, "python"), fenced(check_report(made, (), ReportOptions(explain=True))[0])])


def _early() -> str:
    made = compiled(EARLY)
    assert made.ok, made.diagnostics
    (choreography,) = made.choreographies
    lines = EARLY.splitlines()
    first = lines.index("@choreography")
    starts = str(choreography.initiator)
    early = choreography.projections[starts].early_lines
    assert early, "the example has an early line"
    shown = [line + (f"  # early at {starts}" if number in early else "") for number, line in enumerate(lines, 1)]
    return fenced("\n".join(shown[first:]), "python")
