"""Answers that are to fit into one: a session's story, and lists of sessions, in pages.

A page has as much as fits, and something in any case. `next` says where it ended, and is what the next question names
as `after`; it is null where nothing is left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import orjson

from accompanist import limits
from accompanist.log.story import Seen, Story, message_name, message_place, result_name
from accompanist.runtime.ports import SessionSummary

_room = limits.message_bytes_max - limits.answer_around_bytes


class Page:
    """Encodes what fits."""

    def __init__(self, plain: Callable[[Any], Any], used: int = 0) -> None:
        self._plain = plain
        self._left = _room - used
        self._empty = True
        self.full = False

    def take(self, things: Iterable[Any]) -> list[Any]:
        """As many of these as there is room for, encoded."""
        taken: list[Any] = []
        for thing in things:
            data = orjson.dumps(self._plain(thing), default=self._plain)
            self.full = self.full or (len(data) + 1 > self._left and not self._empty)
            if self.full:
                break
            self._empty = False
            self._left -= len(data) + 1
            taken.append(orjson.Fragment(data))
        return taken


def story(shown: Story, seen: Seen, more: dict[str, Any], plain: Callable[[Any], Any]) -> bytes:
    """A page of a session's story; `more` is said on the first one, and so is what is short."""
    first = seen == Seen()
    short = {name: plain(getattr(shown, name)) for name in ("stubs", "audits", "timers")} if first else {}
    head = {"session": str(shown.session)} | short | (more if first else {})
    page = Page(plain, len(orjson.dumps(head, default=plain)))
    inbox = sorted((one for one in shown.messages if one.place == "inbox"), key=message_place)
    outbox = sorted((one for one in shown.messages if one.place == "outbox"), key=message_name)
    results = sorted(shown.results, key=result_name)
    rows = page.take(shown.rows)
    told, kept, answered = page.take(inbox), page.take(outbox), page.take(results)
    ended = Seen(
        role=shown.rows[len(rows) - 1].role if rows else seen.role,
        inbox=_last(inbox, told, message_place, seen.inbox),
        outbox=_last(outbox, kept, message_name, seen.outbox),
        results=_last(results, answered, result_name, seen.results),
    )
    # what the log itself cut off is found by asking once more
    more_left = page.full or (ended != seen and _long(shown))
    said = {"rows": rows, "messages": [*told, *kept], "results": answered, "next": plain(ended) if more_left else None}
    return orjson.dumps(head | said, default=plain)


def _long(shown: Story) -> bool:
    """Whether the log may have more than it showed at once."""
    sizes = [len(one.payload) for one in shown.messages], [len(one.value) for one in shown.results]
    weights = [sum(size + limits.row_around_bytes for size in some) for some in sizes]
    return max(map(len, sizes)) >= limits.list_rows_max or max(weights) >= limits.message_bytes_max


def _last(things: Sequence[Any], taken: Sequence[Any], name: Callable[[Any], Any], before: Any) -> Any:
    return name(things[len(taken) - 1]) if taken else before


def lines(found: Sequence[SessionSummary], limit: int, plain: Callable[[Any], Any]) -> bytes:
    """A page of `session.list`."""
    page = Page(plain)
    taken = page.take(found)
    cut = page.full or len(found) >= limit
    return orjson.dumps({"sessions": taken, "next": plain(found[len(taken) - 1].cursor) if cut and taken else None})
