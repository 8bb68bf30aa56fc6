"""What a session may be parked for because its worker has no fence.

A fence says what it has executed and lets no late call in. Without one there are the log (what was asked for, what was
answered) and the sidecar's own knowledge of calls that have not ended (`sidecar.unended`). Two things cannot be decided
with these, and are left to a person before anything is told or undone.
"""

from __future__ import annotations

from accompanist.errors import catalogue

PIVOT_IN_DOUBT = catalogue(
    "ACC207",
    "nobody knows whether the pivot was done",
    "The operation that cannot be undone was asked of a worker without a fence, and its answer did not come. It may "
    "have been done, so nothing was undone and nobody was told.",
    "Look at the service. It was done: `accompanist sessions resolve ID --value REPLY`. It was not: `accompanist "
    "sessions skip ID` takes it as declined. `accompanist sessions retry ID` asks again.",
)
UNENDED = catalogue(
    "ACC208",
    "a call has not ended",
    "The saga is to be undone, but a call to a worker without a fence has neither answered nor lost its connection. A "
    "compensation now could be overtaken by it.",
    "Look at the service. `accompanist sessions retry ID` looks again; `accompanist sessions skip ID` says that the "
    "call has ended or will never be carried out, and lets the compensations begin.",
)
