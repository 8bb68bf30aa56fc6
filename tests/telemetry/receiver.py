"""A collector for tests: takes OTLP over HTTP on a loopback port and keeps the spans it was sent."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass(frozen=True)
class Received:
    """One span as it came over the wire; ids in hexadecimal, `parent` empty at a root."""

    service: str
    name: str
    kind: int
    trace: str
    span: str
    parent: str
    links: tuple[str, ...]
    attributes: dict[str, object]
    failed: bool
    schema_url: str


class Collector:
    """What arrived so far; `wait_for(n)` blocks until `n` spans are there."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._spans: list[Received] = []
        self._arrived = threading.Condition()
        self._refusing = 0
        self._seen: set[bytes] = set()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def spans(self) -> list[Received]:
        with self._arrived:
            return list(self._spans)

    def wait_for(self, count: int, timeout_s: float = 20.0) -> list[Received]:
        with self._arrived:
            if not self._arrived.wait_for(lambda: len(self._spans) >= count, timeout_s):
                raise AssertionError(f"{len(self._spans)} of {count} spans arrived: {[s.name for s in self._spans]}")
            return list(self._spans)

    def refuse(self, requests: int) -> None:
        """The next requests are answered with an error, and what they hold is lost here."""
        with self._arrived:
            self._refusing = requests

    def wait_refused(self, timeout_s: float = 20.0) -> None:
        """Until all of those have come."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: not self._refusing, timeout_s)

    def refuses(self) -> bool:
        with self._arrived:
            refused = self._refusing > 0
            self._refusing -= refused
            self._arrived.notify_all()
            return refused

    def take(self, body: bytes) -> None:
        request = ExportTraceServiceRequest.FromString(body)
        with self._arrived:
            self._spans.extend(_decode(request, self._seen))
            self._arrived.notify_all()


@contextmanager
def collector() -> Iterator[Collector]:
    """A running collector on a free loopback port."""

    class Post(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            refused = kept.refuses()
            if self.path == "/v1/traces" and not refused:
                kept.take(body)
            self.send_response(500 if refused else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Post)
    server.daemon_threads = True
    kept = Collector(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield kept
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def assert_one_tree(spans: list[Received]) -> Received:
    """Every span of one trace hangs, by its parents, from one root; returns the root."""
    assert len({span.trace for span in spans}) == 1, {span.trace for span in spans}
    by_id = {span.span: span for span in spans}
    assert len(by_id) == len(spans), "two spans have one id"
    roots = [span for span in spans if span.parent not in by_id]
    assert len(roots) == 1, [(span.name, span.parent) for span in roots]
    for span in spans:
        seen, at = set(), span
        while at is not roots[0]:
            assert at.span not in seen, f"{span.name} is its own ancestor"
            seen.add(at.span)
            at = by_id[at.parent]
    return roots[0]


def _decode(request: ExportTraceServiceRequest, seen: set[bytes]) -> Iterator[Received]:
    """The spans that were not seen before. One that is the same to the nanosecond was sent again, because an answer
    came too late; what was recorded twice differs in its times."""
    for resource in request.resource_spans:
        facts = {pair.key: pair.value.string_value for pair in resource.resource.attributes}
        for scope in resource.scope_spans:
            for span in scope.spans:
                sent = span.SerializeToString(deterministic=True)
                if sent in seen:
                    continue
                seen.add(sent)
                yield Received(
                    service=facts["service.name"],
                    name=span.name,
                    kind=span.kind,
                    trace=span.trace_id.hex(),
                    span=span.span_id.hex(),
                    parent=span.parent_span_id.hex(),
                    links=tuple(link.span_id.hex() for link in span.links),
                    attributes={
                        pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in span.attributes
                    },
                    failed=span.status.code == 2,
                    schema_url=scope.schema_url,
                )
