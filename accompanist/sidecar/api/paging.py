"""Pages of long answers: a session's story, and lists of sessions.

A page has as much as fits into one answer, and at least one item. `next` says where it ended; the next request passes
it as `after`. It is null on the last page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import orjson

from accompanist import limits
from accompanist.log.story import Story, StoryCursor, message_name, message_place, result_name
from accompanist.runtime.ports import SessionSummary

_room = limits.message_bytes_max - limits.answer_around_bytes


class Page:
    """Encodes as many items as fit into an answer."""

    def __init__(self, plain: Callable[[Any], Any], used: int = 0) -> None:
        self._plain = plain
        self._left = _room - used
        self._empty = True
        self.full = False

    def take(self, things: Iterable[Any]) -> list[Any]:
        """Encode as many of these as there is room for."""
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


def story(shown: Story, seen: StoryCursor, more: dict[str, Any], plain: Callable[[Any], Any]) -> bytes:
    """A page of a session's story. The first page also has `more` and the short lists."""
    first = seen == StoryCursor()
    short = {name: plain(getattr(shown, name)) for name in ("stubs", "audits", "timers")} if first else {}
    head = {"session": str(shown.session)} | short | (more if first else {})
    page = Page(plain, len(orjson.dumps(head, default=plain)))
    inbox = sorted((one for one in shown.messages if one.place == "inbox"), key=message_place)
    outbox = sorted((one for one in shown.messages if one.place == "outbox"), key=message_name)
    results = sorted(shown.results, key=result_name)
    rows = page.take(shown.rows)
    told, kept, answered = page.take(inbox), page.take(outbox), page.take(results)
    ended = StoryCursor(
        role=shown.rows[len(rows) - 1].role if rows else seen.role,
        inbox=_last(inbox, told, message_place, seen.inbox),
        outbox=_last(outbox, kept, message_name, seen.outbox),
        results=_last(results, answered, result_name, seen.results),
    )
    # if the log itself cut the story off, one more request finds the rest
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
