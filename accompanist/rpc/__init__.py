"""JSON-RPC 2.0: the client that calls workers, and the server of workers and of a sidecar's API.

What it promises. Bytes are bounded before they are parsed, and a refused message is refused as a whole. A client never
raises for what a worker does; it returns an answer, an unknown outcome, or that the worker has not received the call.
It does not retry: the session core decides that. A failed call does not affect other calls on its connection, as far as
the failure can be attributed to it. Errors contain nothing of a payload.

What it does not promise. TLS on the server side: put a TLS proxy before it. A token over `unix:` or `tcp:`: these have
no headers.

What it imports. `runtime`, for the answers that a core understands; `language`, for the codec; aiohttp for HTTP. It
knows neither the log nor the sidecar, so that a worker serves with the same code.

Where to begin. Parsing and decisions are modules without I/O; each transport has one module for the client and one for
the server.
    accompanist/rpc/strict.py    what is refused before parsing
    accompanist/rpc/envelope.py  requests and answers
    accompanist/rpc/framing.py   Content-Length framing
    accompanist/rpc/client.py    one interface to a worker, its transport chosen by the URL
    accompanist/rpc/server.py    from the bytes of a request to the bytes of its answer
    accompanist/rpc/address.py   the URLs, and the rule that plain text stays on this machine
    accompanist/rpc/access.py    who may call: tokens and their rights
"""
