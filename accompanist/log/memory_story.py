"""Everything that the fake's tables hold of one session: what the SQL of `log.story` reads."""

from __future__ import annotations

from uuid import UUID

from accompanist.log.story import Answered, Story, Told
from accompanist.log.tables import Tables
from accompanist.runtime.messages import Message
from accompanist.runtime.ports import Delivery


def story(tables: Tables, session: UUID) -> Story | None:
    """What the SQL statement of this name reads."""
    told = [
        _told(message, "inbox", at, service, Delivery.STORED)
        for message, service, at in tables.inbox.values()
        if message.session == session
    ]
    told += [
        _told(row.message, "outbox", row.tried_at, row.service, row.answer)
        for row in tables.outbox.values()
        if row.message.session == session
    ]
    answered = [
        Answered(
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
    ]
    found = Story(
        session=session,
        rows=tuple(row for key, row in sorted(tables.sessions.items()) if key[0] == session),
        messages=tuple(told),
        results=tuple(answered),
        stubs=tuple((key[1], outcome) for key, (outcome, _) in sorted(tables.stubs.items()) if key[0] == session),
        audits=tuple(audit for audit in tables.audits if audit.session == session),
        timers=tuple(tables.timers_set(session)),
    )
    return found if found.rows or found.messages or found.stubs or found.audits else None


def _told(message: Message, place: str, at: float, service: str, answer: Delivery) -> Told:
    return Told(
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
