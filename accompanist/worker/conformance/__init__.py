"""One suite for workers in any language: cases that are data, and what drives a worker through them.

`cases` reads them, `values` fills in and compares what stands in them, `wire` moves bytes, `drive` plays a case,
`ledger` is the oracle outside of the protocol. Nothing here is shared with the SDK that it tests beside the address of
a worker and the framing's header: a mistake that both made would otherwise pass.

Not promised: that a worker which passes is right. What its database does when it dies, and what its operations do
outside of the fence's transaction, no caller can see; `tests/worker/test_crashpoints.py` is for the former.
"""
