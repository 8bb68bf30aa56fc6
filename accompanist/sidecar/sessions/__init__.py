"""The sessions of one sidecar: events, commits, release, recovery and failure handling.

Begin with `sidecar.sessions.driver`, which gives each event to its session, and `residence`, which says where that is.
`output_commit` carries out what the session decided, in the order that Rule 0 requires (docs/durability.md).

    in memory or not   holding, residence, eviction, dormant
    from the log       recovery, loading, reading, freshness
    to the log         output_commit, commits, deferred_rows, tombstones
    to the worker      asking
    who is believed    believing
    what went wrong    damage, parking; tasks
"""
