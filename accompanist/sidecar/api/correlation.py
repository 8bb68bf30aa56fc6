"""Correlation: which session a client means by its own id, by the key of its start, or by attributes.

A method that is about one session takes one of these:

    {"session": ID}
    {"key": KEY}                                        at the service that took the start
    {"attributes": {NAME: TEXT, …}, "choreography"?}    at any service that plays a role in it

Attributes need not be unique. One session that has all of them and is open is meant, whatever else is over. Where none
is open, it is the only one that is over. Otherwise the request is refused, and nothing is done to any session.

From then on the request is one about that id. So a session that ends meanwhile is answered as it is for an id.

Not promised: that the same attributes mean the same session later. The answer names the session; ask further by that
id. A session that was collected has no attributes any more, and its key until its stub is deleted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated
from uuid import UUID

import msgspec

from accompanist import limits
from accompanist.errors import AuthorError, PeerError, catalogue
from accompanist.runtime.log import QueryPort
from accompanist.runtime.ports import CorrelatedSession, SessionFilter
from accompanist.sidecar.api.search import AttributeName, AttributeText, Name
from accompanist.sidecar.api.starting import Key, name_of_key
from accompanist.sidecar.api.volatile import VolatileView

UNKNOWN_SESSION = catalogue(
    "ACC710",
    "unknown session",
    "This service has no session with that id, key or attributes: it was started elsewhere or never, or it was over "
    "for longer than `collect_after_s` and `tombstone_s` together, with attributes for longer than `collect_after_s`.",
    "Ask the service that plays the choreography's initiator. A key is known there only.",
)
SEVERAL = catalogue(
    "ACC730",
    "several sessions have these attributes",
    "A request is about one session, and the attributes that it was given are those of several: more than one of them "
    "is open, or none is. Nothing was done to any of them.",
    "Give further attributes, the choreography, or the session's id: `accompanist sessions list --attribute NAME=TEXT` "
    "lists them.",
)

Some = Annotated[dict[AttributeName, AttributeText], msgspec.Meta(min_length=1, max_length=limits.attributes_max)]


class SessionRef(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The part of a method's parameters that says which session is meant: one of `session`, `key` and `attributes`.
    `choreography` narrows `attributes`."""

    session: UUID | None = None
    key: Key | None = None
    attributes: Some | None = None
    choreography: Name | None = None

    def __post_init__(self) -> None:
        if [self.session, self.key, self.attributes].count(None) != 2:
            raise ValueError("one of session, key and attributes is needed")
        if self.choreography is not None and self.attributes is None:
            raise ValueError("choreography goes with attributes")


class Correlation:
    """Finds the sessions of one service."""

    def __init__(self, service: str, log: QueryPort, volatile: VolatileView) -> None:
        self._service = service
        self._log = log
        self._volatile = volatile

    async def session(self, meant: SessionRef) -> UUID:
        """The id of the session that is meant. An id is returned as it is, whether it is known or not. Raises PeerError
        if no session fits, AuthorError if several do."""
        if meant.session is not None:
            return meant.session
        if meant.key is not None:
            return await self._under_key(meant.key)
        assert meant.attributes is not None, "a reference has one of the three"
        return await self._having(meant.attributes, meant.choreography)

    async def _under_key(self, key: str) -> UUID:
        request = await self._log.requested(name_of_key(self._service, key))
        if request is None:
            raise PeerError(UNKNOWN_SESSION, f"{self._service} has started no session under that key")
        return request.session

    async def _having(self, attributes: Mapping[str, str], choreography: str | None) -> UUID:
        found = [*self._in_memory(attributes, choreography), *await self._log.correlated(attributes, choreography)]
        candidates = [one for one in found if one.open] or found
        if len(candidates) == 1:
            return candidates[0].session
        names = ", ".join(sorted(attributes))  # what they say is the client's own, and no matter for logs
        if not candidates:
            raise PeerError(
                UNKNOWN_SESSION,
                f"{self._service} has no session with these attributes: {names}",
                "give the session's id, or ask a service that plays a role in it",
            )
        standing = "are open" if candidates[0].open else "are over, and none is open"
        raise AuthorError(
            SEVERAL, f"several sessions of {self._service} have these attributes ({names}) and {standing}"
        )

    def _in_memory(self, attributes: Mapping[str, str], choreography: str | None) -> list[CorrelatedSession]:
        search = SessionFilter(attributes=dict(attributes), choreography=choreography)
        lines = self._volatile.lines(search, 0.0)
        is_open: dict[UUID, bool] = {}
        for line in lines:
            is_open[line.session] = is_open.get(line.session, False) or line.outcome is None
        return [CorrelatedSession(session, one) for session, one in is_open.items()]
