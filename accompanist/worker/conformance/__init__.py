"""The conformance suite for workers in any language: cases as data, and a driver that runs them against a worker.

`cases` reads the cases, `values` fills in and compares their values, `wire` sends and receives bytes, `drive` runs a
case, and `ledger` reads the effects. To avoid common mistakes, nothing is shared with the SDK that it tests, except the
parser of a worker's address and the header of frames.

Not promised: that a worker which passes is correct. No caller can see what its database does when it crashes, or what
its operations do outside of the fence's transaction; `tests/worker/test_crashpoints.py` tests the former.
"""
