"""Advice compiles: what `check` says after `write:` is put into the program as it stands, and `check` runs again.

The error is gone then, and no other one has come up at its place. That holds for each piece of advice by itself, and
for a program that follows all of them, again and again, until there is none left.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from accompanist.cli.explain import examples
from accompanist.language.compile import Compiled, compile_file
from accompanist.language.text import advice as advice_of
from accompanist.language.text.diagnostic import Diagnostic, Edit, render
from tests.language.programs import HERE, MUST_FAIL, ROOT, compiled, read

PAGES = sorted(path.stem.removesuffix("_wrong") for path in (HERE / "explain").glob("ACC1*_wrong.py"))
FILES = [*(f"must_fail/{name}" for name in MUST_FAIL), *(f"explain/{code}_wrong" for code in PAGES)]


def edited(source: str, edits: Iterable[Edit]) -> str:
    """A text with some of its places changed; the last ones first, so that the others stay where they are."""
    lines = source.split("\n")
    for span, text in sorted(edits, key=lambda edit: edit[0], reverse=True):
        assert 1 <= span.line <= span.end_line <= len(lines)
        head = lines[span.line - 1][: span.column]
        tail = lines[span.end_line - 1][span.end_column :]
        lines[span.line - 1 : span.end_line] = (head + text + tail).split("\n")
    return "\n".join(lines)


def checked(path: Path, source: str) -> Compiled:
    return compile_file(str(path), root=str(ROOT), read=lambda one: source if one == str(path) else read(one))


def moved(line: int, edits: tuple[Edit, ...]) -> int:
    """The number of a line after the edits above it."""
    grown = sum(text.count("\n") - (span.end_line - span.line) for span, text in edits if span.line < line)
    return line + grown + sum(text.count("\n") for span, text in edits if span.line == line and not span.column)


def here(found: Iterable[Diagnostic], lines: range) -> list[tuple[str, str]]:
    return [(one.code, re.sub(r"line \d+", "line", one.text)) for one in found if one.line in lines]


def counted(result: Compiled, one: Diagnostic) -> int:
    return len([other for other in result.diagnostics if (other.code, other.text) == (one.code, one.text)])


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_what_to_write_compiles_where_it_is_written(name: str) -> None:
    path = HERE / f"{name}.py"
    source = path.read_text()
    before = checked(path, source)
    for one in before.diagnostics:
        if not one.edits:
            continue
        assert {span.file for span, _ in one.edits} == {str(path)}
        after = checked(path, edited(source, one.edits))
        last = moved(one.line, one.edits)
        above = sum(text.count("\n") for span, text in one.edits if span.line == one.line and not span.column)
        within = sum(text.count("\n") for span, text in one.edits if span.line == one.line and span.column)
        place = range(last - above, last + 1 + within)
        known = here((other for other in before.diagnostics if other is not one), range(1, len(source.split("\n"))))
        left = here(after.diagnostics, place)
        assert [found for found in left if found not in known] == [], f"{render(one)}\n\n" + "\n\n".join(
            render(other) for other in after.diagnostics
        )
        assert counted(after, one) < counted(before, one), render(one)


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_whoever_follows_all_advice_comes_to_an_end(name: str) -> None:
    path = HERE / f"{name}.py"
    source = path.read_text()
    first = len(checked(path, source).diagnostics)
    for _ in range(first + 12):
        advised = [one for one in checked(path, source).diagnostics if one.edits]
        if not advised:
            return
        source = edited(source, advised[0].edits)
    pytest.fail("\n\n".join(render(one) for one in checked(path, source).diagnostics))


def test_advice_of_both_kinds_is_told_apart() -> None:
    (elsewhere,) = compiled("must_fail", "bookseller_date").diagnostics
    assert "= write: com(date, to=stock)" in render(elsewhere)
    (words,) = compiled("must_fail", "idle_greeter").diagnostics
    assert "= instead: leave the parameter out" in render(words)


@pytest.mark.slow
def test_much_of_the_advice_is_a_piece_of_program() -> None:
    found = [one for name in MUST_FAIL for one in compiled("must_fail", name).diagnostics]
    assert len([one for one in found if one.edits]) >= 90, "words are only for what cannot be written for the author"


@pytest.mark.slow
def test_no_words_pose_as_a_program() -> None:
    for name in MUST_FAIL:
        for one in compiled("must_fail", name).diagnostics:
            assert all("…" not in text for _, text in one.edits), render(one)


def test_every_page_of_explain_shows_its_code() -> None:
    assert all(examples(code) is not None for code in PAGES)


def advice(name: str) -> dict[int, str]:
    return {one.line: str(one.hint) for one in compiled("must_fail", name).diagnostics}


def test_a_constant_is_answered_with_something_that_travels_and_tells_nothing() -> None:
    assert advice("constant_sent") == {
        14: "com(stock.now(), to=bank)",
        16: "com(stock.now(), to=bank)",
        23: "com(stock.now(), to=bank) on a line of its own before line 23",
        28: "com(stock.now(), to=bank)",
    }


def test_a_value_that_was_moved_already_is_used_under_the_name_of_what_arrived() -> None:
    assert advice("moved_and_not_used") == {
        12: "cents_at_bank = com(cents, to=bank) in line 11, and cents_at_bank here",
        18: "there",
        20: "both",
        27: "com(cents, to=bank)",
        34: "com(cents, to=bank)",
        41: "com(cents, to=bank)",
    }


def test_values_that_only_stand_in_one_line_are_not_moved_and_secrets_never() -> None:
    assert advice("two_in_one_line") == {
        14: "held = stock.hold(order)\nrate = bank.rate(there)",
        15: "com(there, to=stock) in place of there",
        16: "a @pure function whose parameter is typed Secret[…], and whose result may be told",
    }


HIDDEN = """
from accompanist import At, Outcome, Role, attempt, choreography, com, query


class Desk(Role):
    @query
    def ask(self, number: int) -> int: ...


@choreography
def hidden(desk: Desk, other: Desk, number: At[int, "desk"], xs: At[tuple[int, ...], "desk"]) -> At[int, "desk"]:
    com(number, to=other)
    {line}
    return number
"""
SHOWN = {
    "n = desk.ask(1) if number > 3 else desk.ask(2)": "if number > 3:|    n = desk.ask(1)|else:|    n = desk.ask(2)",
    "m = number > 3 and desk.ask(5) > 4": "m = number > 3|if m:|    m = desk.ask(5) > 4",
    "m: bool = number > 3 or number < 1 or desk.ask(5) > 4": (
        "m: bool = number > 3 or number < 1|if not m:|    m = desk.ask(5) > 4"
    ),
    "m = (number > 3 or number < 1) and desk.ask(5) > 4": (
        "m = (number > 3 or number < 1)|if m:|    m = desk.ask(5) > 4"
    ),
    "return number > 3 and desk.ask(5)": "found = number > 3|if found:|    found = desk.ask(5)|return found",
    "n = [desk.ask(1) for x in xs]": "n = []|for x in xs:|    n = [*n, desk.ask(1)]",
    "n: list[int] = [desk.ask(x) for x in xs if x > 3 if desk.ask(x) > 2]  # each": (
        "n: list[int] = []|for x in xs:|    if x > 3:|        if desk.ask(x) > 2:|            n = [*n, desk.ask(x)]"
    ),
    "return [x + desk.ask(y) for x in xs for y in (x, 1)]": (
        "found = []|for x in xs:|    for y in (x, 1):|        found = [*found, x + desk.ask(y)]|return found"
    ),
    "return desk.ask(1) if number > 3 else number": "if number > 3:|    return desk.ask(1)|else:|    return number",
}


@pytest.mark.parametrize("line", SHOWN)
def test_what_is_done_sometimes_is_advised_into_a_branch(line: str) -> None:
    found = [one for one in of_text(HIDDEN.format(line=line)).diagnostics if one.code == "ACC133"]
    assert found and {str(one.hint).replace("\n", "|") for one in found} == {SHOWN[line]}
    after = of_text(edited(HIDDEN.format(line=line), found[0].edits))
    assert not [one for one in after.diagnostics if one.code == "ACC133"]


@pytest.mark.parametrize(
    "line",
    [
        "n = (desk.ask(1) if number > 3 else 0) + desk.ask(2)",
        "m = 1 < number < desk.ask(2)",
        "n = [x and desk.ask(1) for x in xs]",
        "n = 1; k = [desk.ask(x) for x in xs if x > n]",
        "k = [desk.ask(number) for number in xs]",
        "k = sum([desk.ask(x) for x in xs])",
        "n = number > 3 and desk.ask(5) > 4; k = 1",
        "while number > 3 and desk.ask(5) > 4: desk.ask(1)",
        "if number > 3 and desk.ask(5) > 4: desk.ask(1)",
    ],
)
def test_no_line_before_is_advised_for_what_would_then_happen_in_any_case(line: str) -> None:
    found = [one for one in of_text(HIDDEN.format(line=line)).diagnostics if one.code == "ACC133"]
    assert found and not any(one.edits for one in found), [render(one) for one in found]


def of_text(source: str) -> Compiled:
    path = HERE / "must_fail" / "given.py"
    return compile_file(str(path), root=str(ROOT), read=lambda one: source if one == str(path) else read(one))


def test_a_file_of_many_mistakes_is_read_once_for_all_their_advice() -> None:
    """Reason: advice is looked for at each mistake, and a file may have as many as lines."""
    source = (HERE / "explain" / "ACC113_wrong.py").read_text()
    many = source.replace("    return", "    x = number > 1 and desk.ask(number)\n" * 50 + "    return", 1)
    advice_of._tree.cache_clear()
    assert len(checked(HERE / "nowhere.py", many).diagnostics) > 50
    assert advice_of._tree.cache_info().misses == 1


def test_operands_of_other_roles_are_moved_to_where_the_value_is_wanted() -> None:
    source = """\
from accompanist import At, Role, choreography, com, query

class Desk(Role):
    @query
    def ask(self, number: int) -> int: ...

@choreography
def name(desk: Desk, clerk: Desk, chief: Desk, number: At[int, "desk"]) -> At[int, "desk"]:
    one = clerk.ask(com(number, to=clerk))
    two = chief.ask(com(number, to=chief))
    return one + two
"""
    path = HERE / "nowhere.py"
    (found,) = checked(path, source).diagnostics
    assert found.hint == "com(one, to=desk) in place of one and com(two, to=desk) in place of two"
    assert checked(path, edited(source, found.edits)).ok


def test_a_star_import_of_the_words_is_answered_with_their_names() -> None:
    source = (HERE / "explain" / "ACC113_right.py").read_text()
    starred = re.sub(r"^from accompanist import .*$", "from accompanist import *", source, flags=re.M)
    path = HERE / "nowhere.py"
    (found,) = checked(path, starred).diagnostics
    assert "import *` is not followed" in found.text
    assert checked(path, edited(starred, found.edits)).ok


def test_a_logger_is_left_out_like_print() -> None:
    source = (HERE / "explain" / "ACC113_right.py").read_text()
    body = source.replace("    return", '    log.info("here")\n    return', 1)
    path = HERE / "nowhere.py"
    (found,) = checked(path, f"import logging\n\nlog = logging.getLogger(__name__)\n{body}").diagnostics
    assert (found.code, found.text) == ("ACC135", "log writes, and again in every replay")


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ("append(4)", "many = [*many, 4]"),
        ("extend((4, 5))", "many = [*many, *(4, 5)]"),
        ("insert(0, 4)", "many = [4, *many]"),
        ("pop(0)", "many = many[1:]"),
        ("pop()", "many = many[:-1]"),
        ("sort()", "many = sorted(many)"),
        ("reverse()", "many = many[::-1]"),
    ],
)
def test_a_list_that_would_change_gets_another_value(change: str, wanted: str) -> None:
    path, source = HERE / "nowhere.py", (HERE / "explain" / "ACC113_right.py").read_text()
    body = source.replace("    return", f"    many = [1, 2]\n    many.{change}\n    return", 1)
    (found,) = checked(path, body).diagnostics
    assert (found.code, found.hint) == ("ACC130", wanted)
    assert checked(path, edited(body, found.edits)).ok
    values: dict[str, list[int]] = {"here": [3, 1, 2], "there": [3, 1, 2]}
    exec(f"here.{change}", {}, values)  # what Python would have done in place
    exec(wanted.replace("many", "there"), {}, values)
    assert values["here"] == values["there"]


def test_what_begins_empty_is_named_where_its_type_is_missed() -> None:
    source = """\
from accompanist import At, Role, choreography, com, query

class Desk(Role):
    @query
    def ask(self, number: int) -> int: ...

@choreography
def name(desk: Desk, clerk: Desk, number: At[int, "desk"]) -> At[int, "clerk"]:
    seen = []
    seen = [*seen, number]
    return clerk.ask(com(sum(seen), to=clerk))
"""
    path = HERE / "nowhere.py"
    (found,) = checked(path, source).diagnostics
    assert "because line 9 does not say what seen will hold" in found.text
    assert found.hint == "seen: list[int] = [] in line 9"
    assert checked(path, edited(source, found.edits)).ok


@pytest.mark.parametrize(
    ("lines", "hint"),
    [
        ("seen = []|for one in many:|    seen = [*seen, one]|com(seen, to=clerk)", "seen: list[int] = []"),
        ("seen = []|for one in many:|    seen = seen + [str(one)]|z = seen[0].upper()", "seen: list[str] = []"),
        ("seen = []|seen = [1, *seen, None]|z = seen[0].upper()|com(seen, to=clerk)", "seen: list[int | None] = []"),
        ("seen = []|seen = [*seen, *many]|more = seen|com(more, to=clerk)", "seen: list[int] = []"),
        ("seen = {}|seen = {**seen, 'a': Kind.A}|com(seen, to=clerk)", "seen: dict[str, Kind] = {}"),
        ("seen = []|com(seen, to=clerk)", "seen: list[…] = [], with the type of its items"),
        ("seen = {}|com(seen, to=clerk)", "seen: dict[…, …] = {}, with the types of its keys and values"),
    ],
)
def test_what_begins_empty_is_told_with_the_type_of_what_is_put_in(lines: str, hint: str) -> None:
    head = HIDDEN.partition("@choreography")[0] + "from enum import Enum\n\nclass Kind(Enum):\n    A = 'a'\n\n"
    signature = 'def seen_(desk: Desk, clerk: Desk, many: At[list[int], "desk"]) -> At[int, "desk"]:'
    body = "".join(f"    {line}\n" for line in [*lines.split("|"), "com(many, to=clerk)", "return 1"])
    source = f"{head}@choreography\n{signature}\n{body}"
    found = [one for one in of_text(source).diagnostics if one.code in ("ACC134", "ACC140")]
    assert [str(one.hint).partition(hint)[2][:4] for one in found] in ([" in "], [", in"]), [
        render(one) for one in found
    ]
    if found[0].edits:
        left = [one for one in of_text(edited(source, found[0].edits)).diagnostics if one.code in ("ACC134", "ACC140")]
        assert [one.code for one in left] == (["ACC134"] if "None" in hint else []), [render(one) for one in left]


def test_a_line_before_is_indented_as_the_line_is() -> None:
    source = (HERE / "explain" / "ACC156_wrong.py").read_text().replace("    ", "\t")
    path = HERE / "nowhere.py"
    (found,) = checked(path, source).diagnostics
    assert found.code == "ACC156"
    assert checked(path, edited(source, found.edits)).ok


def test_all_that_a_commit_which_was_put_in_would_have_to_know_is_said_at_once() -> None:
    source = """\
from accompanist import At, Role, choreography, com, query, transaction

class Desk(Role):
    @transaction
    def do(self, number: int) -> int: ...
    @do.compensation
    def undo(self, number: int) -> None: ...
    @query
    def ask(self, number: int) -> int: ...
    @transaction(retriable=True)
    def tell(self, number: int) -> None: ...

@choreography
def name(a: Desk, b: Desk, c: Desk, d: Desk, n: At[int, "a"]) -> None:
    b.do(com(n, to=b))
    c.ask(com(n, to=c))
    d.do(com(n, to=d))
    a.tell(n)
"""
    path = HERE / "nowhere.py"
    (found,) = checked(path, source).diagnostics
    unknown = "whether b.do of line 15 went well, whether c.ask of line 16 went well, whether d.do of line 17 went well"
    assert found.text.endswith(f"a does not know {unknown}")
    assert found.hint == "; ".join(f"com({one}.now(), to=a) on a line of its own before line 18" for one in "bcd")
    assert checked(path, edited(source, found.edits)).ok
