"""How messages travel between services whose logs lie in different databases.

Inside one database there is no channel: the sender's commit calls the receiver's `deliver`, which is the log's part
(docs/decisions/006-deliver-inside-the-senders-commit.md). Between databases the sidecars relay the outbox. This package
holds the form of that call, `peer.deliver`. The loops that read the outbox and call are in
accompanist/sidecar/relay.py; where each peer is, accompanist/sidecar/peering.py says.

What it promises. Payloads keep their bytes, which is what tells a repetition from a contradiction. Who sends is not in
the call: the receiver knows that by the caller's token. What is no message is refused before anything of it is kept,
and an answer that is none is not believed.

What it does not promise. An order between messages, or that one call carries all that is due.

What it imports. `runtime`, for messages, their headers and the answers of a receiver; `language`, to bound what is
decoded; `limits`. Nothing that moves bytes: that is `rpc`, which it does not know.

Where to begin.
    accompanist/channels/peers.py    requests and answers of `peer.deliver`, both ways
    tests/sidecar/test_relay.py      what is lost on the way is sent again, and what is no message is refused
"""
