"""A list or a dict at the top of a module is a constant for @pure functions where no line may change it."""

from __future__ import annotations

import pytest

from accompanist.language.compile import compile_file
from tests.language.programs import text

HEAD = """\
import copy
from decimal import Decimal
from accompanist import At, Role, choreography, pure, query, transaction

RATES = {"short": Decimal("2.50"), "day": Decimal("14.00")}
DAYS = ["mo", "tu"]
PLANS = {"a": ["x"], "b": ["y", "z"]}
MIXED = (["x"], "y")
OTHER = RATES

class Desk(Role):
    @query
    def ask(self, text: str) -> str: ...

    @transaction(retriable=True)
    def tell(self, text: str) -> None: ...

"""
TAIL = """
@choreography
def name(desk: Desk, kind: At[str, "desk"]) -> At[str, "desk"]:
    return desk.ask(read(kind))
"""


def said(*lines: str, top: str = "", head: str = HEAD) -> list[tuple[str, str]]:
    body = "".join(f"    {line}\n" for line in lines)
    result = text(f"{head}{top}\n@pure\ndef read(kind: str) -> str:\n{body}{TAIL}")
    return [(one.code, one.text) for one in result.diagnostics]


READS = """
str(RATES[kind])
str(RATES.get(kind)) + str(RATES.get(kind, 1))
str([(k, v) for k, v in RATES.items()] + sorted(RATES.values()))
str(kind in RATES) + str(len(RATES)) + str(kind not in DAYS)
str(sorted(RATES)) + max(RATES, key=RATES.get) + str(sum(RATES.values()))
str([*DAYS, *RATES]) + str({**RATES, "x": 1}) + str(DAYS + ["we"])
", ".join(DAYS) + DAYS[0] + str(DAYS[1:]) + str(DAYS.index("mo"))
str(dict(RATES)) + str(list(DAYS)) + str(copy.deepcopy(PLANS))
PLANS[kind][0] + str(len(PLANS[kind])) + ",".join(PLANS[kind]) + str(sorted(PLANS))
str([one for one in PLANS["a"]]) + str([k for k in PLANS]) + str(PLANS.get(kind)[0]) + MIXED[1] + MIXED[0][0]
str("yes" if RATES else "no") + f"{DAYS}" + str(not DAYS)
str([DAYS for DAYS in ("a", "b")])
""".strip().splitlines()


@pytest.mark.parametrize("expression", READS)
def test_what_is_only_read_is_a_constant(expression: str) -> None:
    assert said(f"return {expression}", head=HEAD.replace("OTHER = RATES\n", "")) == []


CHANGES = """
RATES| x = RATES
RATES| return str(max(RATES, {}))
RATES| RATES["x"] = Decimal(1)
RATES| del RATES["short"]
RATES| RATES.update(x=Decimal(1))
RATES| RATES.pop("short", None)
RATES| kept = [RATES]
RATES| show(RATES)
RATES| show(rates=RATES)
RATES| show((lambda: RATES)())
RATES| show = RATES.setdefault
DAYS| DAYS.append("we")
DAYS| DAYS[0] = "su"
DAYS| return sum([], DAYS)
DAYS| global DAYS
DAYS| x = DAYS or ["we"]
DAYS| def inner(x=DAYS): return x
PLANS| PLANS["a"].append("x")
PLANS| return PLANS["a"]
PLANS| return PLANS.get("a")
PLANS| x = [y for y in PLANS.values()]
PLANS| x = dict(PLANS)
PLANS| x = copy.copy(PLANS)
PLANS| x = {**PLANS}
MIXED| MIXED[0].append("x")
MIXED| x, y = MIXED
""".strip().splitlines()


@pytest.mark.parametrize("change", CHANGES)
def test_what_some_line_may_change_is_none(change: str) -> None:
    name, _, line = change.partition("| ")
    top = f"def other(show):\n    {line}\n"
    ((code, found),) = said(f"return str({name}[0])", top=top, head=HEAD.replace("OTHER = RATES\n", ""))
    assert (code, found) == ("ACC137", f"{name} may be changed by what line 18 does with it")


def test_another_name_of_it_is_none() -> None:
    assert [code for code, _ in said("return str(OTHER['short'])")] == ["ACC137"]
    assert [code for code, _ in said("return str(RATES['short'])")] == ["ACC137"]


BEHIND = "    desk.commit()\n    desk.tell(read(kind))\n    return kind"
CHANGED_ELSEWHERE = """
from prices import RATES|RATES["x"] = 1
from prices import RATES as R|R["x"] = 1
import prices|prices.RATES["x"] = 1
import prices as p|p.RATES.clear()
from prices import *|RATES.clear()
import json|def f():\\n    from prices import RATES\\n    RATES.clear()
import json|def f():\\n    import prices\\n    prices.RATES.clear()
""".strip().splitlines()


@pytest.mark.parametrize("lines", [*CHANGED_ELSEWHERE, "from prices import RATES|print(RATES['x'])"])
def test_other_files_are_asked_too(lines: str) -> None:
    files = {
        "/p/prices.py": "RATES = {'x': 'y'}\n",
        "/p/other.py": lines.replace("|", "\n").replace("\\n", "\n") + "\nA = 1\n",
        "/p/file.py": HEAD.split("RATES")[0]
        + "from other import A\nfrom prices import RATES\n"
        + HEAD[HEAD.index("class Desk") :]
        + "@pure\ndef read(kind: str) -> str:\n    return RATES[kind] + str(A)\n"
        + TAIL,
    }
    found = {one.code for one in compile_file("/p/file.py", root="/p", read=files.get).diagnostics}
    assert found == (set() if "print" in lines else {"ACC137"})


@pytest.mark.parametrize(
    ("line", "raises"),
    [
        ("return str(RATES[kind])", True),
        ("return str(RATES['short'])", False),
        ("return str(RATES['none'])", True),
        ("return str(RATES[kind]) if kind in RATES else ''", False),
        ("return str(RATES.get(kind))", False),
        ("return ''.join(str(RATES[k]) for k in RATES)", False),
        ("return DAYS[1]", False),
        ("return DAYS[2]", True),
        ("return PLANS['b'][0]", True),
        ("return PLANS['b'][2]", True),
    ],
)
def test_its_keys_and_its_length_are_known_behind_the_commit_point(line: str, raises: bool) -> None:
    source = f"{HEAD.replace('OTHER = RATES', '')}\n@pure\ndef read(kind: str) -> str:\n    {line}\n{TAIL}"
    source = source.replace("    return desk.ask(read(kind))", BEHIND)
    assert [one.code for one in text(source).diagnostics] == ["ACC159"] * raises
