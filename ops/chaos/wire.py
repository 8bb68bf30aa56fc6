"""The part of Postgres' protocol that a proxy needs: where a message ends, which statement runs, when it is done.

Both directions are cut into whole messages. The client's messages have its application's name (at start-up) and the
text of each statement: of a simple query, or of the prepared statement that is bound. The server sends ReadyForQuery
once the statement's transaction is committed. The messages before it (rows, and for a simple query its
CommandComplete) are held until then.

Not promised: encrypted connections, and more than one statement under way on one connection.
"""

from __future__ import annotations

from collections.abc import Iterator

STARTUP = 196_608
NOTIFICATION = b"A"
READY = b"Z"


class Cutter:
    """Bytes as they come, to whole messages (type, everything). A client's first message has no type."""

    def __init__(self, *, untyped_first: bool) -> None:
        self._rest = b""
        self._untyped = untyped_first

    def cut(self, chunk: bytes) -> Iterator[tuple[bytes, bytes]]:
        data, at = self._rest + chunk, 0
        while True:
            head = 0 if self._untyped else 1
            if len(data) - at < head + 4:
                break
            end = at + head + int.from_bytes(data[at + head : at + head + 4], "big")
            if len(data) < end:
                break
            yield data[at : at + head], data[at:end]
            self._untyped = self._untyped and int.from_bytes(data[at + 4 : at + 8], "big") != STARTUP
            at = end
        self._rest = data[at:]


class Conversation:
    """One connection: who speaks and which statement is under way."""

    def __init__(self) -> None:
        self.application = ""
        self.statement = ""
        """The text of the statement under way; empty between two."""
        self._prepared: dict[bytes, str] = {}
        self._up = Cutter(untyped_first=True)
        self._down = Cutter(untyped_first=False)

    def said(self, chunk: bytes) -> None:
        """The client said this."""
        for kind, whole in self._up.cut(chunk):
            if kind == b"":
                self._begun(whole[4:])
            elif kind == b"Q":
                self.statement = whole[5:-1].decode(errors="replace")
            elif kind == b"P":
                name, _, rest = whole[5:].partition(b"\0")
                self._prepared[name] = rest.partition(b"\0")[0].decode(errors="replace")
            elif kind == b"B":
                name = whole[5:].split(b"\0", 2)[1]
                self.statement = self._prepared.get(name, "")

    def answered(self, chunk: bytes, *, mute: bool) -> tuple[bytes, str]:
        """What of the server's bytes may be passed on, whole messages only, and the statement that they finish, if any.
        `mute`: notifications are left out."""
        kept, done = bytearray(), ""
        for kind, whole in self._down.cut(chunk):
            if kind == READY:
                done, self.statement = self.statement or done, ""
            if not (mute and kind == NOTIFICATION):
                kept += whole
        return bytes(kept), done

    def _begun(self, body: bytes) -> None:
        if int.from_bytes(body[:4], "big") == STARTUP:
            words = body[4:].split(b"\0")
            told = dict(zip(words[::2], words[1::2], strict=False))
            self.application = told.get(b"application_name", b"").decode(errors="replace")
