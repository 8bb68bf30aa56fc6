"""The sessions of one sidecar: events, commits, release, recovery and failure handling.

Begin with `sidecar.sessions.driver`: events, commits and release, in the order that Rule 0 requires
(docs/durability.md). Around it: sessions in memory (`holding`), loaded from the log (`loading`, `reading`), written
later (`deferred_rows`), or waiting in the log only (`dormant`); which messages are believed (`believing`); and sessions
that cannot go on (`damage`, `parking`).
"""
