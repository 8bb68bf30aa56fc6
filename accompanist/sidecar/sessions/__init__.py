"""The sessions of one sidecar: fed with events, committed, released, brought back, set aside.

Begin with `sidecar.sessions.driver`: events, commits and release, in the order that Rule 0 asks for
(docs/durability.md). Around it: what of a session is held in memory (`holding`), read from the log (`loading`,
`reading`), written late (`deferred_rows`) or asleep in the log alone (`dormant`); which messages are believed
(`believing`); and what becomes of a session that cannot be gone on with (`damage`, `aside`).
"""
