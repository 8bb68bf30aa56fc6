"""Asking the service's worker: attempts, back-off and budgets around one question of a session core.

Begin with `sidecar.calls.attempts`. `retries` says how often and how long; `unended` keeps what may still be under way
at a worker without a fence; `drawn` answers what needs no worker: the clock, an identifier, chance, the commit point.
"""
