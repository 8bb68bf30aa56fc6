"""A till as a REST service that was there before Accompanist and knows nothing of it. It is not to be modified.

    python -m workers.rest.service 7010 done.jsonl

    PUT    /drawers/D/entries/ID    puts an entry in, or changes what it says; ID is the caller's
    DELETE /drawers/D/entries/ID    takes it out again
    POST   /drawers/D/payments      pays out; each POST is one payment
    POST   /drawers/D/repair        the drawer is no longer jammed
    GET    /drawers/D               what is in it

It keeps its books in memory, and an audit log in a file: a line for each time something was done.
"""

from __future__ import annotations

import itertools
import json
import sys
import threading
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote


class Refused(Exception):
    """Answered with a status and words."""

    def __init__(self, status: HTTPStatus, detail: str) -> None:
        super().__init__(detail)
        self.status = status


class Drawers:
    """The books."""

    def __init__(self, audit: Path) -> None:
        self._audit = audit
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._entries: dict[str, dict[str, dict[str, Any]]] = {}
        self._paid: dict[str, int] = {}
        self._mended: set[str] = set()

    def put(self, drawer: str, id: str, entry: dict[str, Any]) -> dict[str, Any]:
        if entry["cents"] < 1:
            raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "nothing to put in")
        if drawer.startswith("broken-") and drawer not in self._mended:
            raise RuntimeError("the drawer is jammed")
        time.sleep(min(max(entry["pause_ms"], 0), 2_000) / 1000)  # it prints
        with self._lock:
            entries = self._entries.setdefault(drawer, {})
            known = entries.get(id)
            if known is None or known["entry"] != entry:
                number = known["number"] if known else f"R{next(self._numbers)}"
                known = entries[id] = {"number": number, "entry": entry}
                self._done(drawer, "put")
            return {"number": known["number"], "cents": entry["cents"], "note": entry["note"]}

    def delete(self, drawer: str, id: str) -> None:
        with self._lock:
            if self._entries.get(drawer, {}).pop(id, None) is None:
                raise Refused(HTTPStatus.NOT_FOUND, "no such entry")
            self._done(drawer, "take_back")

    def pay(self, drawer: str, cents: int) -> dict[str, Any]:
        with self._lock:
            if cents < 1:
                raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "nothing to pay out")
            if self._balance(drawer) < cents:
                raise Refused(HTTPStatus.CONFLICT, "not enough in the drawer")
            self._paid[drawer] = self._paid.get(drawer, 0) + cents
            self._done(drawer, "pay")
            return {"number": f"R{next(self._numbers)}", "cents": cents, "note": ""}

    def repair(self, drawer: str) -> None:
        with self._lock:
            self._mended.add(drawer)
            self._done(drawer, "mend")

    def balance(self, drawer: str) -> dict[str, Any]:
        with self._lock:
            return {"cents": self._balance(drawer)}

    def _balance(self, drawer: str) -> int:
        put_in = sum(int(known["entry"]["cents"]) for known in self._entries.get(drawer, {}).values())
        return put_in - self._paid.get(drawer, 0)

    def _done(self, drawer: str, operation: str) -> None:
        with self._audit.open("a", encoding="utf-8") as audit:
            audit.write(json.dumps({"drawer": drawer, "operation": operation}) + "\n")


def serve(port: int, audit: Path) -> ThreadingHTTPServer:
    """The service on a port of this machine, 0 for any; `serve_forever` runs it."""
    drawers = Drawers(audit)

    class Requests(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer()

        do_PUT = do_POST = do_DELETE = do_GET

        def _answer(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"null")
            try:
                told, status = self._told(body), HTTPStatus.OK
            except Refused as refused:
                told, status = {"detail": str(refused)}, refused.status
            except Exception:
                told, status = {"detail": "something is wrong"}, HTTPStatus.INTERNAL_SERVER_ERROR
            answer = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def _told(self, body: Any) -> Any:
            match (self.command, *map(unquote, self.path.strip("/").split("/"))):
                case "PUT", "drawers", drawer, "entries", id:
                    return drawers.put(drawer, id, body)
                case "DELETE", "drawers", drawer, "entries", id:
                    return drawers.delete(drawer, id)
                case "POST", "drawers", drawer, "payments":
                    return drawers.pay(drawer, body["cents"])
                case "POST", "drawers", drawer, "repair":
                    return drawers.repair(drawer)
                case "GET", "drawers", drawer:
                    return drawers.balance(drawer)
            raise Refused(HTTPStatus.NOT_FOUND, "no such place")

        def log_message(self, format: str, *arguments: Any) -> None:
            return

    class Service(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

    return Service(("127.0.0.1", port), Requests)


if __name__ == "__main__":
    serve(int(sys.argv[1]), Path(sys.argv[2])).serve_forever()
