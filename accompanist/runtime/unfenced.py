"""Why a session may be parked if its worker has no fence.

A fence says what it has executed and refuses late calls. Without one, there are only the log (which calls were made and
answered) and the sidecar's knowledge of calls under way (`sidecar.calls.outstanding`). Two questions cannot be answered
from these. An operator has to answer them before anything is sent or undone.
"""

from __future__ import annotations

from accompanist.errors import catalogue

IN_DOUBT = catalogue(
    "ACC207",
    "nobody knows whether an operation was done",
    "A worker without a fence was called: for the pivot, which cannot be undone, or for an operation after it that may "
    "decline. No answer came, or one attempt got no answer and a later one was declined. The operation may have been "
    "done, so nothing was undone and no other role was told.",
    "Look at the service. If it was done: `accompanist sessions resolve ID --value REPLY`. If it was not: `accompanist "
    "sessions skip ID` takes it as declined. `accompanist sessions retry ID` calls again.",
)
UNENDED = catalogue(
    "ACC208",
    "a call has not ended",
    "The saga is to be undone, but a call to a worker without a fence has neither answered nor lost its connection. It "
    "could still be executed after its compensation.",
    "Look at the service. `accompanist sessions retry ID` checks again; `accompanist sessions skip ID` says that the "
    "call has ended or will never be executed, and starts the compensations.",
)
