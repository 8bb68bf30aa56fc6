"""The process beside a service: it drives session cores over a log, workers, peers and clients.

    event -> core -> burst -> one commit with others' bursts -> released: calls, wake-ups, answers

What it promises. Nothing of a burst leaves before its commit. Each session is touched by one event at a time; one that
cannot decide is parked, and no other with it. What a session decides leaves under the epoch it was taken up under. A
sidecar may be killed at any time; another, or its next start, takes its sessions up from the log. What peers and
clients may ask is bounded, and judged by who they are proved to be.

What it does not promise. Fairness between sessions. That a sidecar which is ready can reach its workers: calls wait.
That a row that only caches is in the log at once.

What it imports. Everything below: `runtime` decides; `log`, `rpc` and `telemetry` touch the world; this
package is the one place that knows all of them. It has no SQL.

Where to begin.
    accompanist/sidecar/process.py             how the parts are put together, start, and leave
    accompanist/sidecar/config.py              what may stand in accompanist.toml
    accompanist/sidecar/sessions/driver.py     the order of things: events, commits, release
    accompanist/sidecar/loops/intake.py        the loops: leases, sweep, inbox, outbox
    accompanist/sidecar/hosting.py             the programs that are run here, by fingerprint
    accompanist/sidecar/sessions/believing.py  which messages are believed
    accompanist/sidecar/api/public.py          the public API
"""
