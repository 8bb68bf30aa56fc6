"""What depends on the machine's language or time zone is refused in @pure functions, and in choreographies."""

from __future__ import annotations

import pytest

from tests.language.programs import text

HEAD = """\
import calendar
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo
from accompanist import At, Role, choreography, pure, query

class Desk(Role):
    @query
    def ask(self, text: str) -> str: ...

@pure
def read(day: date, at: datetime, n: float) -> str:
"""
TAIL = """
@choreography
def name(desk: Desk, day: At[date, "desk"], at: At[datetime, "desk"], n: At[float, "desk"]) -> At[str, "desk"]:
    return desk.ask(read(day, at, n))
"""


def said(line: str) -> list[str]:
    return [one.code for one in text(f"{HEAD}    {line}\n{TAIL}").diagnostics]


DEPENDS = """
return f"{day:%A %B}"
return f"{day:%d.%b}"
return f"{at:%c}"
return day.strftime("%-p")
return datetime.strftime(at, "%x")
return day.strftime(str(n))
return str(datetime.strptime(str(n), "%d %B"))
return format(day, "%X")
return "{:%a}".format(day)
return f"{n:n}"
return f"{day:%d.%m.%Y}"
return day.strftime("%F")
return format(day, "%G")
return f"{day:%-d.}"
return calendar.month_name[1]
return str(at.timestamp())
return str(at.astimezone(UTC))
x = at; return str(x.astimezone(ZoneInfo("Europe/Berlin")))
return str(at.replace(tzinfo=None).timestamp())
""".strip().splitlines()
SAME = """
return f"{day:%d.%m.} {day.year:04} {at:%H:%M:%S} {n:.1%} {n:>10} {n:%} {n:-%}"
return day.strftime("%d.%m. %%a %%Y")
return str(datetime.strptime("01.02.2030", "%d.%m.%Y"))
return "{:%d.%m.} {}".format(day, n) + format(day, "%H")
return str(at.replace(tzinfo=UTC).timestamp())
x = datetime.fromtimestamp(n, UTC); return str(x.astimezone(ZoneInfo("Europe/Berlin")))
return str(calendar.monthrange(2030, 1))
return f"{str(n)!s:n>10}"
""".strip().splitlines()


@pytest.mark.parametrize("line", DEPENDS)
def test_what_depends_on_the_machine_is_refused(line: str) -> None:
    assert said(line) == ["ACC135"]


@pytest.mark.parametrize("line", SAME)
def test_what_is_the_same_everywhere_is_not(line: str) -> None:
    assert said(line) == []


def test_a_choreography_says_it_in_the_same_words() -> None:
    for expression in ("f'{day:%A}'", "day.strftime('%A')"):
        source = f"{HEAD}    return f'{{day:%A}}'\n{TAIL}"
        source = source.replace("read(day, at, n)", f"read(day, at, n) + {expression}")
        found = [(one.code, one.text) for one in text(source).diagnostics]
        assert found == [("ACC135", "how day is written by a format depends on the machine")] * 2


def test_the_parts_are_written_out_where_they_are_known() -> None:
    (found,) = text(f"{HEAD}    return f'{{at:%d.%m.%Y %H:%M}}'\n{TAIL}").diagnostics
    assert str(found.hint) == 'f"{at.day:02}.{at.month:02}.{at.year:04} {at.hour:02}:{at.minute:02}"'
    assert said('return f"{at.day:02}.{at.month:02}.{at.year:04} {at.hour:02}:{at.minute:02}"') == []
