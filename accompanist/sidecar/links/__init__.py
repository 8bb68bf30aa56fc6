"""Links: messages go from sidecar to sidecar, over a socket, once they are committed.

A message is in the receiver's inbox with its sender's commit. Without links, a NOTIFY says so, and the receiver asks
its log for it. Over a link it is handed over itself, at once. `sending` hands over, `receiving` listens and believes,
`handed` gives what came to the sessions.

The log is the guarantee, and the way for everybody who has no link: services in other databases, sidecars on other
machines, releases before links. A message that was handed over and lost is found there.
"""
