"""The loops that keep a sidecar fed, whatever wake-up was lost: leases, sweep, inbox, outbox, timers, collection.

Begin with `sidecar.loops.intake`. `relay` carries messages to services in other databases; `collection` removes what
is over; `peer_quota` says which peers have too many sessions open here; `portion` asks a slow log for less.
"""
