"""What raises whatever its values are is refused, also in front of the commit point."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from accompanist import At, Role, choreography, pure, query, transaction


@dataclass(frozen=True)
class Wait:
    span: timedelta
    cents: Decimal
    most: int | None


class Lab(Role):
    @query
    def wait(self, number: int) -> Wait: ...
    @query
    def named(self, name: str) -> str: ...
    @transaction
    def put(self, text: str) -> None: ...


@pure
def zone(seconds: float) -> str:
    return str(datetime.fromtimestamp(seconds, None))  #! ACC135 reads the machine's time zone


@choreography
def raises_each_time(lab: Lab, number: At[int, "lab"]) -> At[float, "lab"]:
    wait = lab.wait(number)
    lab.sleep(wait.span)  #! ACC184 seconds is of type float, and wait.span is of type timedelta
    lab.sleep(wait.cents)  #! ACC184 seconds is of type float, and wait.cents is of type Decimal
    told = lab.timeout(lab.event("told", int), timedelta(days=1))  #! ACC184 is of type timedelta
    late = lab.timeout(lab.event("late", int), math.inf)  #! ACC184 a timer runs 315360000 seconds at most
    lab.sleep("30")  #! ACC184 seconds is of type float, and "30" is of type str
    lab.sleep(number > 3)  #! ACC184 seconds is of type float, and number > 3 is of type bool
    lab.sleep(wait.span.total_seconds())
    lab.sleep(wait.most if wait.most is not None else 5)
    name = lab.named(number)  #! ACC184 name is of type str, and number is of type int
    share: float = wait.span  #! ACC184 is of type float, and wait.span is of type timedelta
    now = lab.now()
    local = datetime.fromtimestamp(now)  #! ACC135 takes the machine's time zone if none is given
    when = datetime.fromtimestamp(now, UTC)
    day = f"{now:%d.%m.%Y}"  #! ACC184 no value of type float takes the format %d.%m.%Y
    whole = f"{now:d}"  #! ACC184 no value of type float takes the format d
    text = f"{name:.2f}"  #! ACC184 no value of type str takes the format .2f
    span = f"{wait.span:>9}"  #! ACC184 no value of type timedelta takes the format >9
    digits = "%d" % name  #! ACC184 the format '%d' takes no values of type str
    pair = "%d of %d" % number  #! ACC184 the format '%d of %d' takes no values of type int
    right = f"{when.day:02}{now:.2f}{name:>5}{number!s:>5}" + "%d of %s" % (number, name)
    last = None
    while number > len(name):
        lab.put(f"{last:>5}" if last is not None else "x")
        lab.put(last if last is not None else "x")
        last = lab.named("x")
    lab.sleep(None)  #! ACC184 seconds is of type float, and None is of type None
    lab.put(day + whole + text + span + digits + pair + right + zone(now) + str(told.ok and late.ok) + str(local))
    return name  #! ACC184 the result is of type float, and name is of type str
