"""What can be changed in a shared value is named, with the class that declares it."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from accompanist import At, Role, choreography, query, share


class Stamp(msgspec.Struct):
    text: str


@dataclass(frozen=True)
class Waybill:
    number: str
    rows: list[str]
    prices: dict[str, list[int]]
    stamp: Stamp


@dataclass(frozen=True)
class Papers:
    waybill: Waybill


class Desk(Role):
    @query
    def weigh(self, papers: Papers) -> int: ...


@choreography
def shared_fields(
    desk: Desk,
    other: Desk,
    papers: At[Papers, "desk"],
    counts: At[dict[str, int], "desk"],
    many: At[tuple[list[int], ...], "desk"],
) -> At[int, "other"]:
    a = share(counts, to=[other])  #! ACC142 a dict can be changed in place
    b = share(many, to=[other])  #! ACC142 a list can be changed in place
    known = share(papers, to=[other])  #! ACC142 Waybill.rows holds a list, which can be changed in place
    desk.weigh(known)
    return other.weigh(known) + len(a) + len(b)
