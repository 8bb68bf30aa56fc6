"""The fake's version of `log.story`: everything it holds of one session."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar
from uuid import UUID

from accompanist import limits
from accompanist.log.memory_tables import Tables
from accompanist.log.story import (
    Story,
    StoryCursor,
    StoryMessage,
    StoryResult,
    message_name,
    message_place,
    result_name,
)
from accompanist.runtime.messages import Message
from accompanist.runtime.ports import Delivery

Found = TypeVar("Found", StoryMessage, StoryResult)


def story(tables: Tables, session: UUID, seen: StoryCursor) -> Story | None:
    """What the SQL statement STORY returns."""
    inbox = (
        _told(message, "inbox", at, service, Delivery.STORED)
        for message, service, at in tables.inbox.values()
        if message.session == session
    )
    outbox = (
        _told(row.message, "outbox", row.tried_at, row.service, row.answer)
        for row in tables.outbox.values()
        if row.message.session == session
    )
    answered = (
        StoryResult(
            role=row.role,
            site=row.site,
            kind=row.kind,
            operation=row.operation,
            outcome=row.outcome,
            value=row.value,
            at=at,
        )
        for row, at in tables.results.values()
        if row.session == session
    )
    listed = limits.list_rows_max // 5
    told = [*_page(inbox, message_place, seen.inbox), *_page(outbox, message_name, seen.outbox)]
    rows = sorted((key, row) for key, row in tables.sessions.items() if key[0] == session and key[1] > seen.role)
    found = Story(
        session=session,
        rows=tuple(row for _, row in rows),
        messages=tuple(told),
        results=tuple(_page(answered, result_name, seen.results)),
        stubs=tuple((key[1], outcome) for key, (outcome, _) in sorted(tables.stubs.items()) if key[0] == session),
        audits=tuple(audit for audit in tables.audits if audit.session == session)[-listed:],
        timers=tuple(tables.timers_set(session))[:listed],
    )
    return found.known(seen)


def _page(found: Iterable[Found], name: Callable[[Found], tuple[str, ...]], after: tuple[str, ...]) -> list[Found]:
    later = sorted((one for one in found if name(one) > after), key=name)
    page, weight = [], 0
    for one in later[: limits.list_rows_max]:
        if weight >= limits.message_bytes_max:
            break
        page.append(one)
        weight += len(one.payload if isinstance(one, StoryMessage) else one.value) + limits.row_around_bytes
    return sorted(page, key=lambda one: one.at)


def _told(message: Message, place: str, at: float, service: str, answer: Delivery) -> StoryMessage:
    return StoryMessage(
        site=message.site,
        kind=message.kind.value,
        sender=message.sender,
        receiver=message.receiver,
        payload=message.payload,
        place=place,
        at=at,
        service=service,
        answer=answer.value,
    )
