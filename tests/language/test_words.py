"""The words in an ordinary Python run: they say that they are not executed. Importing them is light."""

from __future__ import annotations

import math
import subprocess
import sys
from dataclasses import dataclass
from decimal import Decimal

import pytest

from accompanist import Outcome, Role, attempt, choreography, com, pure, query, share, transaction
from accompanist.errors import AuthorError
from accompanist.language.words import attempted


@dataclass(frozen=True)
class Priced:
    price: Decimal


class Desk(Role):
    @transaction
    def write(self, number: int) -> int: ...

    @write.compensation
    def erase(self, number: int) -> None: ...

    @transaction(retriable=True)
    def tell(self, number: int) -> int: ...

    @query
    def ask(self, number: int) -> int: ...


@choreography
def program(desk: Desk, number: int) -> int:
    return desk.write(number)


def test_calling_any_of_them_raises() -> None:
    desk = Desk()
    for call in (
        lambda: program(desk, 1),
        lambda: desk.write(1),
        lambda: desk.tell(1),
        lambda: desk.abort("no"),
        lambda: desk.commit(),
        lambda: com(1, to=desk),
        lambda: share(1, to=[desk]),
        lambda: attempt(1),
    ):
        with pytest.raises(AuthorError) as caught:
            call()
        assert caught.value.code == "ACC190"
        assert caught.value.hint


def test_what_is_real() -> None:
    assert pure(len)("abc") == 3
    assert Outcome(True, 5) == Outcome(True, 5, "")
    with pytest.raises(AttributeError):
        Outcome(True, 5).ok = False  # type: ignore[misc]
    assert program.__name__ == "program"


def test_importing_accompanist_is_light() -> None:
    code = "import sys, accompanist; print(sorted({name.split('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"asyncio", "asyncpg", "aiohttp", "msgspec", "orjson", "opentelemetry"} & set(eval(done.stdout))


def test_a_type_checker_refuses_wrong_data_and_wrong_compensations(tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.mktemp("types") / "wrong.py"
    file.write_text(
        "from accompanist import At, Role, attempt, choreography, com, transaction\n"
        "class Desk(Role):\n"
        "    @transaction\n"
        "    def write(self, number: int) -> int: ...\n"
        "    @write.compensation\n"  # 5
        "    def erase(self, number: str) -> None: ...\n"
        "@choreography\n"
        "def program(desk: Desk, text: At[str, 'desk']) -> At[int, 'desk']:\n"
        "    desk.write(text)\n"  # 9
        "    desk.write(com(1, to=desk))\n"
        "    return attempt(desk.write(1)).reason\n"  # 11
    )
    command = [sys.executable, "-m", "mypy", "--strict", "--disable-error-code=empty-body", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    wrong = [int(line.split(":")[1]) for line in done.stdout.splitlines() if ": error:" in line]
    assert wrong == [5, 9, 11], done.stdout


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        -math.inf,
        Decimal("NaN"),
        [1.0, float("inf")],
        {"a": (Decimal("Infinity"),)},
        {float("nan")},
        2**64,
        chr(0xD800),
        Priced(Decimal("NaN")),
    ],
)
def test_what_cannot_be_sent_is_no_value_of_an_attempt(value: object) -> None:
    assert attempted(lambda: value) == Outcome(False, None, "EncodeError")


@pytest.mark.parametrize("value", [1.5, True, Decimal("1.50"), "é", {1, 2}, [None], Priced(Decimal(1)), 2**64 - 1])
def test_what_can_be_sent_is_one(value: object) -> None:
    assert attempted(lambda: value) == Outcome(True, value)
