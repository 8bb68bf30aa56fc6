"""Calls to the service's worker: attempts, back-off and retry budgets around one call of a session core.

Begin with `sidecar.calls.attempts`. `retries` has the retry policies; `meaning` says what an answer means to the
session; `outstanding` tracks calls that may still be under way at a worker without a fence; `sidecar_reads` answers
calls that need no worker: clock, identifier, random number, commit point.
"""
