"""JSON-RPC 2.0: calling a worker, being one, and the sidecar's public API (`docs/worker-contract.md`).

What decides is free of I/O and stands by itself: `strict` (what is refused before parsing), `envelope` (requests and
answers), `framing` (Content-Length). What moves bytes is one module a transport and side: `stream_client`,
`http_client`, `stream_server`, `http_server`; `address` and `listening` say where.
"""
