"""The polling loops of a sidecar: leases, sweep, inbox, outbox, timers, collection. They make up for lost wake-ups.

Begin with `sidecar.loops.intake`. `relay` carries messages to services in other databases; `collection` deletes
sessions that are over; `peer_quota` finds peers that have used up a quota; `portion` asks a slow log for less;
`missed_wakeups` counts what polls found and wake-ups should have told.
"""
