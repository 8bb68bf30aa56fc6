"""What a client starts has one result."""

from __future__ import annotations

from accompanist import At, choreography, com
from tests.language.must_fail.shop import Bank


@choreography
def started(a: Bank, b: Bank, n: At[int, "a"]) -> tuple[At[int, "a"], At[int, "b"]]:  #! ACC169 started gives results at several roles, so it can only be called
    return a.rate(n), b.rate(com(n, to=b))
