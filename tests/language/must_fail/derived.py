"""Classes that derive from themselves, and roles that derive from roles."""

from __future__ import annotations

from accompanist import At, Role, choreography, query


class First(Second):  #! ACC168 First derives from itself: First derives from Second derives from First
    @query
    def ask(self, number: int) -> int: ...


class Second(First):
    @query
    def more(self, number: int) -> int: ...


@choreography
def derived(first: First, number: At[int, "first"]) -> At[int, "first"]:
    return first.ask(number)
