"""A choreography that `check` takes and that is undone every time it is run."""

from __future__ import annotations

from accompanist import At, Role, choreography, com, query


class Shelf(Role):
    @query
    def first(self, of: tuple[str, ...]) -> str: ...


class Clerk(Role):
    @query
    def file(self, name: str) -> str: ...


@choreography
def filed(shelf: Shelf, clerk: Clerk, names: At[tuple[str, ...], "shelf"]) -> At[str, "clerk"]:
    return clerk.file(com(names[len(names)], to=clerk))
