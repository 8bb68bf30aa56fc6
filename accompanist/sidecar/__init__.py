"""The process beside a service: it drives session cores over a log, workers, peers and clients.

    event -> core -> burst -> one commit, shared with other bursts -> released: calls, wake-ups, answers

What it promises. Nothing of a burst leaves before its commit. A session handles one event at a time; if that fails,
only this session is parked. A session commits under the epoch under which it was loaded. A sidecar may be killed at any
time; another one, or its next start, loads its sessions from the log. Requests of peers and clients are authenticated,
authorised and bounded.

What it does not promise. Fairness between sessions. That a ready sidecar can reach its workers: calls wait for them.
That a row that is only a cache is written at once.

What it imports. Everything below: `runtime` decides; `log`, `rpc` and `telemetry` do the I/O; only this package knows
all of them. It has no SQL.

Where to begin.
    accompanist/sidecar/process.py             how the parts are put together, started and stopped
    accompanist/sidecar/config.py              the configuration, accompanist.toml
    accompanist/sidecar/sessions/driver.py     the main cycle: each event to its session, wherever that is
    accompanist/sidecar/sessions/output_commit.py  Rule 0: commit, then release
    accompanist/sidecar/loops/intake.py        the loops: leases, sweep, inbox, outbox
    accompanist/sidecar/hosting.py             the programs that this sidecar runs, by fingerprint
    accompanist/sidecar/sessions/believing.py  which messages are believed
    accompanist/sidecar/api/public.py          the public API
"""
