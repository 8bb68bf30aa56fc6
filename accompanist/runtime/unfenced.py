"""What a session may be parked for because its worker has no fence.

A fence says what it has executed and lets no late call in. Without one there are the log (what was asked for, what was
answered) and the sidecar's own knowledge of calls that have not ended (`sidecar.calls.unended`). Two things cannot be
decided with these, and are left to a person before anything is told or undone.
"""

from __future__ import annotations

from accompanist.errors import catalogue

IN_DOUBT = catalogue(
    "ACC207",
    "nobody knows whether an operation was done",
    "It was asked of a worker without a fence: the pivot, which cannot be undone, or what may decline after it. Its "
    "answer did not come, or an attempt gave no answer and a later one declined. It may have been done, so nothing was "
    "undone and nobody was told.",
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
