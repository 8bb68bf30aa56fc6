"""The public API of a sidecar, for clients and operators: its methods, and the right that each needs.

Begin with `sidecar.api.public`. `sidecar.api.rights` declares each method's right; `sidecar.api.starting` checks a
start; `sidecar.api.standing` finds in the log what an operator may do to a session, so that any replica can answer. Not
here: the transport (`rpc`), and what a session does with a request (`runtime`).
"""
