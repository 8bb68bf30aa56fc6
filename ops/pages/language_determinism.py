"""The parts of docs/language/determinism.md: what is refused so that all roles compute the same values, and which forms
can be analysed exactly."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator

from accompanist.language.checks.determinism import impure
from accompanist.language.checks.raising import total_methods
from accompanist.language.reading import library, methods
from accompanist.language.vocabulary import BUILTINS
from ops.pages.language import compiled, listed, pair, quoted, table, wrapped

RULES = ("ACC135", "ACC136", "ACC137", "ACC138", "ACC176", "ACC177", "ACC130", "ACC134")
HEAD = """\
from dataclasses import dataclass
from decimal import Decimal

from accompanist import At, Role, choreography, pure, transaction


class Shop(Role):
    @transaction
    def ship(self, text: str) -> str: ...

    @transaction(retriable=True)
    def tell(self, said: str) -> str: ...

"""
BODY = """
@choreography
def sell(
    shop: Shop,
    text: At[str, "shop"],
    lines: At[list[int], "shop"],
    n: At[int, "shop"],
    prices: At[dict[str, int], "shop"],
    price: At[Decimal, "shop"],
    maybe: At[int | None, "shop"],
) -> At[str, "shop"]:
    shop.ship(text)
    found = %s
    return shop.tell(f"{found}")
"""
EXPRESSIONS = (
    ("lines[0]", "lines[0] if lines else 0"),
    ("lines[n]", "lines[n] if 0 <= n < len(lines) else 0"),
    ("prices[text]", "prices.get(text, 0)"),
    ("100 // n", "100 // n if n != 0 else 0"),
    ("int(text)", "int(text) if text.isdecimal() and len(text) < 19 else 0"),
    ("max(lines)", "max(lines, default=0)"),
    ("maybe + 1", "maybe + 1 if maybe is not None else 0"),
    ("price * 2", "price * 2 if 0 <= price <= 1000 else price"),
    ('text.index("x")', 'text.find("x")'),
    ('"x" * n', '"x" * n if 0 <= n < 1000 else ""'),
    ("2**n", "2 * n"),
    ("[1 // one for one in lines]", "[1 // one for one in lines if one != 0]"),
)
"""What may raise, and the same so that it cannot."""
FUNCTIONS = (
    ("first item", "lines: list[int]", "return lines[0]"),
    ("first item, asked for", "lines: list[int]", "if not lines:\n    return 0\nreturn lines[0]"),
    ("caught", "text: str", "try:\n    return int(text)\nexcept ValueError:\n    return 0"),
    ("caught too narrowly", "lines: list[int]", "try:\n    return lines[0]\nexcept KeyError:\n    return 0"),
    ("a loop", "lines: list[int]", "total = 0\nfor one in lines:\n    total += one\nreturn total"),
    ("raise", "n: int", 'if n < 0:\n    raise ValueError("n")\nreturn n'),
    ("assert", "n: int", "assert n > 0\nreturn n"),
    ("calls itself", "n: int", "return 0 if n <= 0 else asked(n - 1)"),
)
GIVEN = "names: frozenset[str], other: frozenset[str], amounts: frozenset[Decimal]"
SETS = (
    "len(names)",
    '"a" in names',
    'min(names, default="")',
    "sorted(names)",
    "sorted(names, key=len)",
    "sorted(len(one) for one in names)",
    "sorted(one.quantize(Decimal(1)) for one in amounts)",
    "sorted(one + 1 for one in amounts)",
    "sorted(amounts)",
    "names == other",
    "len(names | other)",
    "sum(len(one) for one in names)",
    "any(one for one in names)",
    "any(int(one) for one in names)",
    "tuple(names)",
    "[one for one in names]",
    "next(iter(names))",
    'f"{names}"',
    '",".join(names)',
)


def parts() -> dict[str, str]:
    """The parts of the page."""
    return {
        "determinism-rules": "\n\n".join(pair(code) for code in RULES),
        "determinism-impure": listed(_impure()),
        "determinism-library": _library(),
        "determinism-sets": table(("expression", "check says"), _sets()),
        "determinism-raises": _raises(),
        "determinism-functions": _functions(),
        "determinism-methods": wrapped(_names(total_methods.TOTAL)),
    }


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))


def _impure() -> Iterator[str]:
    found: dict[str, list[str]] = {}
    for name, why in impure._IMPURE_MODULES.items():
        found.setdefault(why, []).append(f"`{name}`")
    for (module, name), why in impure._IMPURE_NAMES.items():
        found.setdefault(why, []).append(f"`{name}`" if module == "builtins" else f"`{module}.{name}`")
    yield from (f"{why}: {', '.join(names)}" for why, names in sorted(found.items()))


def _library() -> str:
    functions = (f"{module}.{name}" for module, name in library.FUNCTIONS)
    constants = (f"{module}.{name}" for module, name in library.CONSTANTS)
    return listed(
        [
            f"Builtins: {_names(BUILTINS)}.",
            f"Functions of Python's library: {_names(functions)}.",
            f"Constants of it: {_names(constants)}.",
            *(f"Methods of `{owner}`: {_names(found)}." for (_, owner), found in methods._OF.items()),
        ]
    )


def _sets() -> Iterator[tuple[str, str]]:
    for expression in SETS:
        body = f"@pure\ndef asked({GIVEN}) -> object:\n    return {expression}\n"
        said = {one.code for one in compiled(HEAD + "\n" + body + _asks("asked_of(text)", OF)).diagnostics}
        assert said <= {"ACC138"}, (expression, said)
        yield quoted(expression), "ACC138" if said else "accepted"


OF = """
@pure
def asked_of(text: str) -> int:
    asked(frozenset(text.split()), frozenset(), frozenset())
    return 0

"""


def _asks(expression: str, before: str = "") -> str:
    text = before + BODY % expression
    return text.replace("    shop.ship(text)\n", "") if before else text


def _raises() -> str:
    made = []
    for wrong, right in EXPRESSIONS:
        found, *_ = compiled(HEAD + BODY % wrong).diagnostics  # what is made of it may raise, too
        assert found.code == "ACC159", found
        why = found.text.partition(" may raise (")[2].partition("), and ")[0]
        accepted = compiled(HEAD + BODY % right)
        assert accepted.ok, [one.text for one in accepted.diagnostics]
        made.append(f"`{wrong}`: {why}. Accepted: `{right}`.")
    return listed(made)


def _functions() -> str:
    made = []
    for name, given, body in FUNCTIONS:
        parameter = given.partition(":")[0]
        value = {"lines": "lines", "text": "text", "n": "n"}[parameter]
        function = f"\n@pure\ndef asked({given}) -> int:\n{textwrap.indent(body, '    ')}\n\n"
        found = compiled(HEAD + function + BODY % f"asked({value})").diagnostics
        assert {one.code for one in found} <= {"ACC159"}, (name, found)
        said = found[0].text.partition(", and comes after")[0] if found else "accepted"
        program = "\n".join(["  ```python", textwrap.indent(function.strip(), "  "), "  ```"])
        made.append(wrapped(f"- {name}: {said}.", "  ") + f"\n\n{program}")
    return "\n\n".join(made)
