"""Two versions of a choreography: what is said of each role, and what counts as breaking sessions in flight."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from accompanist.language.compile import compile_file
from accompanist.language.shown.diff import ComparedVersion, Diff, RoleDiff, diff
from accompanist.language.shown.diff_report import diff_report
from accompanist.language.shown.ground import Ground
from tests.language.programs import MUST_PASS, ROOT, compiled, read

MAIN = """\
from accompanist import At, choreography, com
from parts import Bank, Order, Stock, fee

@choreography
def sell(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> At[str, "stock"]:
    held = stock.hold(order)
    receipt = bank.charge(com(fee(order.cents), to=bank))
    return stock.ship(held, com(receipt, to=stock))
"""
PARTS = """\
from dataclasses import dataclass
from accompanist import Role, pure, query, transaction

@dataclass(frozen=True)
class Order:
    cents: int
    customer: str

@pure
def fee(cents: int) -> int:
    return cents + 1

class Stock(Role):
    @transaction
    def hold(self, order: Order) -> str: ...
    @hold.compensation
    def free(self, order: Order) -> None: ...
    @transaction
    def ship(self, held: str, receipt: str) -> str: ...
    @query
    def look(self, held: str) -> str: ...

class Bank(Role):
    @transaction
    def charge(self, cents: int) -> str: ...
    @charge.compensation
    def refund(self, cents: int) -> None: ...
"""


def version(main: str = MAIN, parts: str = PARTS) -> ComparedVersion:
    files = {"/p/main.py": main, "/p/parts.py": parts}
    result = compile_file("/p/main.py", root="/p", read=files.get)
    assert result.ok, [found.text for found in result.diagnostics]
    return ComparedVersion(result.choreographies, Ground.of("/p", files.get))


def compared(main: str = MAIN, parts: str = PARTS) -> Diff:
    return diff(version(), version(main, parts))


def roles(found: Diff) -> dict[str, RoleDiff]:
    (one,) = found.choreographies
    return {role.role: role for role in one.roles}


def changed(parts_old: str, parts_new: str) -> dict[str, RoleDiff]:
    assert parts_old in PARTS
    return roles(compared(parts=PARTS.replace(parts_old, parts_new)))


def test_comments_and_formatting_change_nothing() -> None:
    found = compared(MAIN.replace("    held =", "    # hold it\n    held =").replace("(order)", "( order )"))
    assert [one.state for one in found.choreographies] == ["same"]
    text, data, code = diff_report(found)
    assert (text[:15], data["broken"], code) == ("sell: the same,", False, 0)


def test_a_step_more_keeps_sessions_on_the_old_projection() -> None:
    found = compared(
        MAIN.replace("    receipt", "    seen = stock.look(held)\n    receipt", 1).replace("ship(held", "ship(seen")
    )
    stock = roles(found)["stock"]
    assert stock.verdict == "kept" and not stock.breaks
    said = [(one.kind, (one.old or one.new).text.split("(")[0]) for one in stock.changes if one.old or one.new]
    assert ("added", "calls look") in said and ("changed", "calls ship") in said
    assert ("renumbered", "sends fee") in said
    assert stock.workers == ()
    assert not found.broken


def test_a_role_with_the_same_program_goes_on() -> None:
    found = roles(compared(MAIN.replace("ship(held", "ship(held + '!'")))
    assert {role: one.verdict for role, one in found.items()} == {"stock": "kept", "bank": "same"}
    assert found["bank"] == RoleDiff("bank", "same")


def test_a_message_that_lost_a_field_breaks_those_who_hold_it() -> None:
    found = changed("    customer: str\n", "")
    assert found["stock"].breaks == ("Order has lost its field customer",)
    assert found["bank"].verdict == "same"
    assert changed("customer: str", "customer: int")["stock"].breaks == ("Order.customer was str and is int",)
    assert changed("customer: str", "customer: str\n    more: int = 0")["stock"].breaks == (
        "Order has a new field more",
    )


def test_a_pure_function_that_changed_breaks_nobody_because_the_old_one_is_kept() -> None:
    found = changed("cents + 1", "cents + 2")
    assert {role: one.verdict for role, one in found.items()} == {"stock": "kept", "bank": "same"}


def test_a_definition_that_is_gone_breaks_only_where_the_worker_has_to_know_it() -> None:
    main = MAIN.replace("fee(order.cents)", "order.cents").replace(", fee", "")
    gone = PARTS.replace("@pure\ndef fee(cents: int) -> int:\n    return cents + 1\n", "")
    assert roles(compared(main, gone))["stock"].verdict == "kept"
    other = PARTS.replace("Order", "Purchase")
    found = roles(compared(MAIN.replace("Order", "Purchase"), other))
    assert "Order is gone from parts" in found["stock"].breaks
    assert roles(compared(main))["stock"].verdict == "kept"


def test_an_operation_that_changed_breaks_its_role() -> None:
    parts = PARTS.replace("def charge(self, cents: int)", "def charge(self, cents: int, note: str)")
    parts = parts.replace("def refund(self, cents: int)", "def refund(self, cents: int, note: str)")
    main, both = MAIN.replace("to=bank))", 'to=bank), "new")'), ("charge", "refund")
    bank = roles(compared(main, parts))["bank"]
    assert bank.breaks == tuple(f"the role's operation {name} takes or gives something else" for name in both)
    assert bank.workers == tuple(f"{name} takes or gives something else" for name in both)


def test_an_operation_that_is_gone_breaks_its_role() -> None:
    parts = PARTS.replace("charge", "debit")
    bank = roles(compared(MAIN.replace("charge", "debit"), parts))["bank"]
    assert "the role's operation charge is not offered any more" in bank.breaks
    assert bank.workers == ("debit is not offered",)


def test_what_cannot_be_undone_any_more_breaks() -> None:
    parts = PARTS.replace("    @hold.compensation\n    def free(self, order: Order) -> None: ...\n", "")
    parts = parts.replace("    @transaction\n    def hold", "    @query\n    def hold")
    assert any("free" in why for why in roles(compared(parts=parts))["stock"].breaks)


def test_a_choreography_that_is_gone_can_be_finished() -> None:
    other = MAIN.replace("def sell", "def trade")
    found = compared(other)
    assert [(one.name, one.state) for one in found.choreographies] == [("sell", "removed"), ("trade", "added")]
    assert {one.verdict for one in found.choreographies[0].roles} == {"kept"}
    assert not found.broken


def test_a_new_role_breaks_nobody() -> None:
    main = MAIN.replace("bank: Bank, order", "bank: Bank, second: Bank, order")
    main = main.replace("    return", "    com(second.charge(com(order.cents, to=second)), to=stock)\n    return")
    found = roles(compared(main))
    assert {role: one.verdict for role, one in found.items()} == {"stock": "kept", "bank": "kept", "second": "new"}


def test_the_report_names_what_breaks_and_is_json_too() -> None:
    text, data, code = diff_report(compared(parts=PARTS.replace("    customer: str\n", "")))
    assert code == 1
    assert "    ! Order has lost its field customer" in text.splitlines()
    assert json.loads(json.dumps(data))["choreographies"][0]["roles"][0]["verdict"] == "broken"


@pytest.mark.slow
@pytest.mark.parametrize("name", MUST_PASS)
def test_no_pair_of_programs_is_too_different(name: str) -> None:
    """Whatever stands in the language can be laid beside something else, and beside itself."""
    ground = Ground.of(str(ROOT), read)
    mine = ComparedVersion(compiled("must_pass", name).choreographies, ground)
    other = ComparedVersion(compiled("must_pass", "order_saga").choreographies, ground)
    renamed = ComparedVersion([replace(one, name=mine.choreographies[0].name) for one in other.choreographies], ground)
    assert {one.state for one in diff(mine, mine).choreographies} == {"same"}
    for found in (diff(mine, other), diff(mine, renamed), diff(renamed, mine)):
        assert diff_report(found)[0]
        assert not found.broken, "nothing of the project has changed"
