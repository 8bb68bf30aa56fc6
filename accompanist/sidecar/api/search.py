"""Session search for clients: the attributes of a start, and the filters of `session.list`.

An attribute is a short name and a short text that a client chooses to find the session by, e.g. customer = gold. It is
part of the session's header, so every role of the saga has it. It is never taken from a payload, and does not appear in
logs, spans or metrics. A start that is repeated under its key keeps the first one's attributes.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from accompanist import limits
from accompanist.runtime.headers import ATTRIBUTE_NAME, ATTRIBUTE_TEXT
from accompanist.runtime.ports import Cursor, Phase, SessionFilter

Name = Annotated[str, msgspec.Meta(max_length=limits.name_chars_max)]
_KEPT = r"\A[^\x00]*\Z"  # Postgres keeps U+0000 in no text
Words = Annotated[str, msgspec.Meta(pattern=_KEPT, max_length=limits.reason_chars_max)]
Site = Annotated[str, msgspec.Meta(pattern=_KEPT, max_length=limits.site_bytes_max)]
Seconds = Annotated[float, msgspec.Meta(ge=0)]
AttributeName = Annotated[str, msgspec.Meta(pattern=ATTRIBUTE_NAME, max_length=limits.attribute_name_chars_max)]
AttributeText = Annotated[str, msgspec.Meta(pattern=ATTRIBUTE_TEXT, max_length=limits.attribute_text_chars_max)]
Attributes = Annotated[dict[AttributeName, AttributeText], msgspec.Meta(max_length=limits.attributes_max)]


class List(msgspec.Struct, forbid_unknown_fields=True):
    """The parameters of `session.list`: a session is listed if it fits every field that is given
    (`ports.SessionFilter`). `after`: the last line of the page before, as its started_at, session and role."""

    role: Name | None = None
    choreography: Name | None = None
    state: Phase | None = None
    outcome: Literal["settled", "ended"] | None = None
    open: bool | None = None
    parked: bool | None = None
    retrying: bool | None = None
    waiting: Words | None = None
    older_s: Seconds | None = None
    idle_s: Seconds | None = None
    attributes: Attributes | None = None
    after: Cursor | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=limits.list_rows_max)] = 100

    @property
    def search(self) -> SessionFilter:
        return SessionFilter(
            role=self.role,
            choreography=self.choreography,
            phase=self.state,
            outcome=self.outcome,
            open=self.open,
            parked=self.parked,
            retrying=self.retrying,
            waiting=self.waiting,
            older_s=self.older_s,
            idle_s=self.idle_s,
            attributes=self.attributes or None,
        )
