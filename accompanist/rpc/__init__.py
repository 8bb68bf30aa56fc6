"""JSON-RPC 2.0: calling a worker, being one, and serving a sidecar's API.

What it promises. Bytes are bounded before they are parsed, and a message that is refused is refused as a whole. A
client answers and never raises for what a worker does: what came back, what is in doubt, or that the worker is away and
has not heard of the call. It does not retry: when to ask again is the session core's decision. What hits one call does
not hit its neighbours on the connection, as far as it can be told whose it is. Nothing of a payload is in an error.

What it does not promise. TLS for what listens here: it stands behind something that speaks it. A token over `unix:` or
`tcp:`: these have no headers.

What it imports. `runtime`, for the answers that a core understands; `language`, for the codec; aiohttp for HTTP. It
knows neither the log nor the sidecar, so that a worker serves with the same code.

Where to begin. What decides is free of I/O and stands by itself; what moves bytes is one module a transport and side.
    accompanist/rpc/strict.py    what is refused before parsing
    accompanist/rpc/envelope.py  requests and answers
    accompanist/rpc/framing.py   Content-Length framing
    accompanist/rpc/client.py    one interface to a worker, its transport chosen by the URL
    accompanist/rpc/server.py    from the bytes of a request to the bytes of its answer
    accompanist/rpc/address.py   the URLs, and the rule that plain text stays on this machine
    accompanist/rpc/access.py    who may call: tokens and their rights
"""
