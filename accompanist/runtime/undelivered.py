"""Why a session is parked when one of its messages will never be delivered."""

from __future__ import annotations

from accompanist.errors import catalogue
from accompanist.runtime.events import Clashed
from accompanist.runtime.messages import Header
from accompanist.runtime.ports import Delivery
from accompanist.runtime.state import CLASH

NOWHERE = catalogue(
    "ACC211",
    "no way to the receiver's service",
    "A message is for a role whose service is not known here: it is neither in this service's configuration nor in its "
    "database. The message stays in the outbox and is tried again now and then.",
    "Add `[peers.NAME]` for that service to accompanist.toml, restart the sidecar, then let an operator retry the "
    "session.",
)
REFUSED = catalogue(
    "ACC212",
    "a message that is never taken",
    "The receiver's log, or its sidecar, refuses a message for its content: it is larger than a bound there, or of a "
    "kind that the program there does not know. Sent again, it would be refused again.",
    "Compare the versions of Accompanist on both sides, and what is sent. Then let an operator retry the session, "
    "which sends it once more, or cancel it.",
)


def reason(event: Clashed, header: Header) -> tuple[str, str]:
    """The error code, and the text, with which the session is parked."""
    match event.answer:
        case Delivery.NOWHERE:
            service = event.service or header.bindings.get(event.receiver, "")
            return NOWHERE, f"{event.receiver} is played by {service}, and site {event.site} has something for it"
        case Delivery.REFUSED:
            return REFUSED, f"{event.receiver} will never take what is sent to it at site {event.site}"
        case _:
            return CLASH, f"{event.receiver} holds another message of site {event.site}"
