"""What clients and operators ask of a sidecar: the public API, method by method, with who may ask.

Begin with `sidecar.api.public`. Each method is declared with its right in `sidecar.api.rights`; a start is judged in
`sidecar.api.starting`; what a person may do to a session now is found out from the log in `sidecar.api.standing`, so
that any replica can be asked. Not here: how a request travels (`rpc`), and what a session does with it (`runtime`).
"""
