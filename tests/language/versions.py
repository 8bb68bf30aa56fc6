"""What a choreography may call, computed by several versions of Python: each has to give the same, or raise the same.

`python -m tests.language.versions PYTHON …` computes with this interpreter and with those that are named, and says
where one differs. `python -m tests.language.versions --write` keeps what this one gives, by a digest for each function,
method and operator: the test compares each version with them.

Not compared: letters that only the newest Unicode knows, and what only a @pure function may call, but for the methods
that never raise there.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product

from accompanist.language.checks.raising.total_methods import TOTAL
from accompanist.language.reading import library, methods
from accompanist.language.vocabulary import BUILTINS
from tests.language.programs import HERE

FILE = HERE / "versions.json"
_WHOLE = ["0", "1", "-1", "7", "255", "10**19", "-2**63", "2**1024", "True"]
_FLOATS = ["0.0", "-0.0", "0.1", "-2.5", "1e16", "1e308", "5e-324", "float('inf')", "float('nan')", "2.675", "0.5"]
_TEXTS = ["''", "'a'", "'Straße ²x'", "' 1_0 '", "'-12.5e3'", "'a,b,,c'", "'\\u0130\\n\\tz'", "'2024-02-29'", "'nan'"]
_DATES = ["'2024-02-29T23:59:60'", "'2024-W09-4'", "'20240229T2400'", "'12:30:00.5+01:00'", "'24:00'", "'12:30Z'"]
_BYTES = ["b''", "b'ab'", "b'\\xff\\xc3\\x9f'"]
_LISTS = ["[]", "[3, 1, 2]", "['b', 'a']", "(1, 2.5)", "()", "{'a': 1}", "[(1, 'a'), (2, 'b')]", "['a', 1]", "range(5)"]
_SETS = ["{1}", "frozenset({2})", "set()"]
_MOMENTS = ["date(2024, 2, 29)", "date.max", "datetime(2024, 3, 31, 2, 30, 1, 5)", "datetime.min", "time(23, 59, 1, 7)"]
_MOMENTS += ["datetime(2024, 1, 1, tzinfo=UTC)", "timedelta(days=-1, microseconds=3)", "timedelta.max", "UTC"]
_DECIMALS = ["Decimal('1.10')", "Decimal('-0')", "Decimal('1e400')", "Decimal('NaN')", "Decimal('2.5')", "Decimal(7)"]
_OTHERS = ["None", "UUID(int=5)", "Level.HIGH", "Tone.LOW", "Plain.ONE"]
SAMPLES = [*_WHOLE, *_FLOATS, *_TEXTS, *_DATES, *_BYTES, *_LISTS, *_SETS, *_MOMENTS, *_DECIMALS, *_OTHERS]
_BETWEEN = ("+", "-", "*", "/", "//", "%", "**", "<<", ">>", "&", "|", "^", "==", "!=", "<", "<=", "in")
_BEFORE = ("-", "+", "~", "not ")
_SPECS = ("", "d", ".2f", "e", "g", "n", "x", ",", "_", "%", ">8", "08.3f", "z.1f", "c", "+", "#x", ",.2f", "%Y-%m")
_NAMED = (
    *("sep", "maxsplit", "keepends", "tabsize", "encoding", "errors", "bytes_per_sep", "timespec", "fold", "rounding"),
    *("exp", "year", "day", "hour", "tzinfo", "start", "ndigits", "default", "key", "base", "strict", "to"),
    *("rel_tol", "abs_tol", "k", "mod", "iterable", "number", "chars", "width", "fillchar", "old"),
)
_GROWS = (
    *("**", "<<", "*", "factorial", "comb", "perm", "range", "pow", "just", "center", "zfill", "expandtabs", "round"),
    *("bytes(", "list(", "tuple(", "set(", "sum(", "sorted(", "to_bytes", "1e400", "fromkeys"),
)
_KNOWN_TO_DIFFER = (".is_integer", ".splitlines", "chr")
"""Of whole numbers it is there from 3.12 on. From 3.12 on anything may say whether ends of lines are kept. And a number
of more than 64 bits is another error from 3.13 on. What is no truth may say whether an order is reversed, from 3.12 on:
such names are not given."""
_MANY = 400
_CRASHES = re.compile(r"pow\(.*, .*, .*Decimal")
"""Python 3.13.0 ends where numbers of other kinds are taken to a power modulo a Decimal."""
_COMPUTE = """
import json, math, string, sys
import datetime as _datetime, decimal
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from uuid import UUID
class Level(IntEnum):
    HIGH = 2
class Tone(StrEnum):
    LOW = "low"
class Plain(Enum):
    ONE = "one"
def shown(made):
    if type(made).__name__ in ("set", "frozenset"):
        return f"{type(made).__name__} {sorted(made, key=repr)!r}"
    if hasattr(made, "__next__") or type(made).__name__.startswith("dict_"):
        return repr(list(made))
    return repr(made).partition(" at 0x")[0]
def computed(text):
    try:
        return shown(eval(text))
    except Exception as problem:
        return type(problem).__name__
json.dump([computed(one) for one in json.load(sys.stdin)], sys.stdout)
"""


def chosen(options: Sequence[str], *of: object) -> str:
    """One of several, the same on each version: what `random` gives is promised by none."""
    digest = hashlib.sha256(repr(of).encode()).digest()
    return options[int.from_bytes(digest[:8], "big") % len(options)]


def expressions() -> Iterator[tuple[str, str]]:
    """What is compared: the name of a function, a method or an operator, and an expression of it."""
    for name in sorted(BUILTINS - {"isinstance", *_KNOWN_TO_DIFFER}):
        yield from ((name, one) for one in _calls(name, name))
    for module, name in sorted(library.FUNCTIONS):
        called = f"{module}.{name}" if module == "math" else name  # `date.fromisoformat`
        yield from ((f"{module}.{name}", one) for one in _calls(called, f"{module}.{name}"))
    for module, name in sorted(library.CONSTANTS):
        yield f"{module}.{name}", f"{'_datetime' if module == 'datetime' else module}.{name}"
    known_ones = {one for known in methods._OF.values() for one in known} | {"get", "items", "keys", "values"}
    names = sorted((known_ones | TOTAL).difference(one.strip(".") for one in _KNOWN_TO_DIFFER))
    for owner, method in product(SAMPLES, names):
        yield from ((f".{method}", f"({owner}).{method}({one})") for one in _given(f"{owner}.{method}", 6))
    for left, right in product(SAMPLES, SAMPLES):
        sign = chosen(_BETWEEN, left, right)
        for operator in {sign, "+", "*"} - ({"*"} if "**" in left + right else set()):
            yield operator, f"({left}) {operator} ({right})"
    for one in SAMPLES:
        yield from ((sign.strip(), f"{sign}({one})") for sign in _BEFORE)
        yield from (("format", f"format({one}, {spec!r})") for spec in _SPECS)
        yield from (("%", f"{f'%{spec}'!r} % ({one},)") for spec in ("d", "s", "r", ".3f", "5.1e", "x", "c", "g"))


def _calls(called: str, name: str) -> Iterator[str]:
    made = [f"{called}({one})" for one in SAMPLES] + [f"{called}({one})" for one in _given(name, _MANY)]
    yield from (one for one in dict.fromkeys(made) if not (name == "sum" and _may_add_floats(one)))


def _given(name: str, times: int) -> Iterator[str]:
    """Arguments: none to three, one of them by its name in a third of the times."""
    for turn in range(times):
        count = turn % 4
        parts = [chosen(SAMPLES, name, turn, at) for at in range(count)]
        if turn % 3 == 1:
            parts.append(f"{chosen(_NAMED, name, turn)}={chosen(SAMPLES, name, turn, 'named')}")
        yield ", ".join(parts)


def _may_add_floats(text: str) -> bool:
    """`check` refuses a sum of floats."""
    return any(one in text for one in (*_FLOATS, "2.5"))


def heavy(text: str) -> bool:
    """What takes too long or too much memory to be computed: much of something that is multiplied."""
    numbers = ("10**19", "2**1024", "-2**63", "255")
    for one in numbers:
        text = text.replace(one, "#")
    return "#" in text and any(one in text for one in _GROWS)


def computed(texts: Iterable[str], python: str) -> list[str]:
    """What an interpreter gives for some expressions: the text of a value, or the name of an error."""
    given = json.dumps(list(texts))
    ran = subprocess.run([python, "-I", "-c", _COMPUTE], input=given, capture_output=True, text=True, check=True)
    found: list[str] = json.loads(ran.stdout)
    return found


def light() -> list[tuple[str, str]]:
    return [(name, text) for name, text in dict.fromkeys(expressions()) if not (heavy(text) or _CRASHES.match(text))]


def digests(pairs: list[tuple[str, str]], found: list[str]) -> Mapping[str, str]:
    """A digest for each function, method and operator."""
    kept: dict[str, list[str]] = defaultdict(list)
    for (name, text), gave in zip(pairs, found, strict=True):
        kept[name].append(f"{text} -> {gave}")
    return {name: hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16] for name, lines in sorted(kept.items())}


def differing(pairs: list[tuple[str, str]], pythons: list[str]) -> Iterator[str]:
    """Each expression of which not all interpreters give the same."""
    found = [computed((text for _, text in pairs), python) for python in pythons]
    for (name, text), *gave in zip(pairs, *found, strict=True):
        if len(set(gave)) > 1:
            yield f"{name}: {text} gives {', '.join(one[:60] for one in gave)}"


def main() -> int:
    parser = argparse.ArgumentParser(description="Compare what versions of Python compute.")
    parser.add_argument("pythons", nargs="*", help="interpreters beside this one")
    parser.add_argument("--write", action="store_true", help="keep what this one gives")
    asked, pairs = parser.parse_args(), light()
    if asked.write:
        found = digests(pairs, computed((text for _, text in pairs), sys.executable))
        FILE.write_text(json.dumps(found, indent=1) + "\n")
    differ = list(differing(pairs, [sys.executable, *asked.pythons])) if asked.pythons else []
    sys.stdout.write("\n".join([*differ, f"{len(pairs)} expressions, {len(differ)} differ", ""]))
    return 1 if differ else 0


if __name__ == "__main__":
    raise SystemExit(main())
