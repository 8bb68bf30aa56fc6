"""Which session a client means: by its id, by the key of its start, or by attributes.

The sidecar finds the session (`sidecar.api.correlation`). Its first answer has the id, and from then on the id is sent:
further requests are about that session, whatever else gets the same attributes later.

Not promised: that there is such a session. The first request says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from accompanist.errors import AuthorError, catalogue

NO_SESSION = catalogue(
    "ACC856",
    "not one session",
    "A client's session is named in one way: by its id, by the key of its start, or by attributes. One that is named "
    "by key or attributes has an id once a sidecar has answered about it.",
    "Give one of `session`, `key` and `attributes`, and `choreography` with attributes only. Ask the session for its "
    "`standing()` before its id.",
)


class MeantSession:
    """One session, named in one of three ways. `choreography` narrows `attributes`. Raises AuthorError."""

    def __init__(
        self,
        session: UUID | None = None,
        key: str | None = None,
        attributes: Mapping[str, str] | None = None,
        choreography: str | None = None,
    ) -> None:
        ways = {"session": session, "key": key, "attributes": dict(attributes) if attributes else None}
        given = {name: value for name, value in ways.items() if value is not None}
        if len(given) != 1:
            what = f"{' and '.join(given)} are given" if given else "nothing is given"
            raise AuthorError(NO_SESSION, f"one of session, key and attributes is needed, and {what}")
        if choreography is not None:
            if "attributes" not in given:
                raise AuthorError(NO_SESSION, "a choreography is given, and no attributes")
            given["choreography"] = choreography
        self.params: Mapping[str, Any] = given
        """What a request about it says."""

    @property
    def id(self) -> UUID:
        """Its id. Raises AuthorError while that is not known here."""
        if "session" not in self.params:
            raise AuthorError(NO_SESSION, f"the session is known by {', '.join(self.params)} only, so far")
        session: UUID = self.params["session"]
        return session

    def learn(self, session: UUID) -> None:
        """Note the id that a sidecar has answered with."""
        self.params = {"session": session}
