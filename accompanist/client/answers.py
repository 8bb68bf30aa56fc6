"""What a sidecar answers to a client: JSON-RPC 2.0, read and judged.

Not promised: that a code is known to this process. A sidecar may be of a later release.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import UUID

import msgspec

from accompanist import terminal
from accompanist.errors import AccompanistError, OperatorError, PeerError, catalogue
from accompanist.rpc.envelope import RETRY_LATER
from accompanist.runtime.phases import Parked

UNREACHABLE = catalogue(
    "ACC801",
    "sidecar does not answer",
    "Nothing listens at the API address in the service's configuration, or it answered too late.",
    "Start it (`make start`, or `accompanist sidecar --service NAME`), or correct `api` in accompanist.toml.",
)
NONSENSE = catalogue(
    "ACC802",
    "answer is not JSON-RPC",
    "Another program than a sidecar listens at that address, or a proxy changed the answer.",
    "Check that `api` in accompanist.toml is the address of the sidecar.",
)
UNDONE = catalogue(
    "ACC850",
    "the saga was undone",
    "A participant declined, a deadline passed or somebody cancelled. Everything that was done is compensated. The "
    "reason is the one that the participant gave.",
    "Read the reason. To try again, start another saga, under another key.",
)
NOT_OVER = catalogue(
    "ACC851",
    "the saga is not over yet",
    "The client waited for as long as it was told to. The saga goes on by itself.",
    "Ask for the result again, or `accompanist sessions show ID` what it waits for.",
)
LET_GO = catalogue(
    "ACC852",
    "the result was deleted",
    "A service keeps results for `payload_after_s`, or `collect_after_s`, after a saga is over.",
    "Ask for the result earlier, or raise these settings.",
)
LOST = catalogue(
    "ACC855",
    "the volatile saga was lost",
    "A process that had a part of a volatile saga in memory is gone, or took too long. Nobody knows what was done "
    "where.",
    "Look at the services' own tables. Start sagas that must not be lost without `volatile`.",
)

AGAIN = frozenset({"ACC713", "ACC716", "ACC719", "ACC729", "ACC731"})
"""Codes of refusals that pass by themselves: the sidecar stops, its log is away, its inbox is full, is being migrated,
too many calls wait at a limit."""

UNWRITTEN = AGAIN - {"ACC716"}
"""Those that say that nothing was written. Where the log is away, a commit may have happened."""

_AWAY = frozenset({502, 503, 504})
"""HTTP states by which a proxy says that it did not reach the sidecar, or gave up."""


class Refused(AccompanistError):
    """An error in a sidecar's answer. Its code may be unknown to this process."""

    fault: ClassVar[str] = "peer"

    def __init__(self, told: Mapping[str, Any]) -> None:
        Exception.__init__(self, str(told.get("text", "")))
        self.code = terminal.line(str(told["code"]))
        self.text = terminal.line(str(told.get("text", "")))
        self.hint = terminal.line(str(told.get("hint", "")))
        self._title = terminal.line(str(told.get("title", "")))
        self._fault = terminal.line(str(told.get("fault", "peer")))

    @property
    def title(self) -> str:
        return self._title

    def as_json(self) -> dict[str, str]:
        return super().as_json() | {"fault": self._fault}


class Unreachable(OperatorError):
    """The sidecar did not answer in time, or not at all, or said that it has no room. `key`: of a start, under which it
    may be sent again: it may have been carried out."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(UNREACHABLE, f"{where}: {why}")
        self.key: str | None = None


class Undone(PeerError):
    """The saga was undone. `reason`: what the participant said who did not take part; None where it was let go."""

    def __init__(self, session: UUID, reason: str | None) -> None:
        super().__init__(UNDONE, f"{session}: {terminal.line(reason or 'the reason was deleted')}")
        self.session = session
        self.reason = reason


class SagaLost(PeerError):
    """A volatile saga was lost: what was done of it is not known. `reason`: which process is gone."""

    def __init__(self, session: UUID, reason: str | None) -> None:
        super().__init__(LOST, f"{session}: {terminal.line(reason or 'the reason was deleted')}")
        self.session = session
        self.reason = reason


class NotOver(PeerError, TimeoutError):
    """The saga was not over within the time given."""

    def __init__(self, standing: SagaState) -> None:
        super().__init__(NOT_OVER, f"{standing.session} is {standing.state}{standing.why}")
        self.standing = standing


class SagaState(msgspec.Struct, frozen=True):
    """Where a saga stands, at the role that started it. `state`: its phase there. `outcome`: "settled" or "ended" once
    it is over; a volatile one may be "lost". `result`: JSON. `waiting`: for what it waits. `let_go_at`: when the result
    was deleted, in seconds since 1970."""

    session: UUID
    state: str
    choreography: str = ""
    outcome: str | None = None
    reason: str | None = None
    result: msgspec.Raw = msgspec.Raw(b"null")
    waiting: str | None = None
    parked: Parked | None = None
    let_go_at: float | None = None

    @property
    def over(self) -> bool:
        return self.outcome is not None

    @property
    def why(self) -> str:
        """What it waits for, as the end of a sentence."""
        if self.parked is not None:
            return f", parked with {terminal.line(self.parked.code)}: {terminal.line(self.parked.text)}"
        return f", and waits for {terminal.line(self.waiting)}" if self.waiting else ""


def result_of(said: bytes, status: int, where: str) -> Any:
    """The result in a JSON-RPC answer, raw. Raises Refused, PeerError; Unreachable, if it is to be asked for again."""
    try:
        envelope = msgspec.json.decode(said, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, RecursionError):
        envelope = {}
    if "result" in envelope:
        return envelope["result"]
    if "error" not in envelope:
        if status in _AWAY:
            raise Unreachable(where, f"HTTP status {status}")
        raise PeerError(NONSENSE, f"{where} answered with HTTP status {status}")
    try:
        error = msgspec.json.decode(envelope["error"], type=dict[str, Any])
    except msgspec.DecodeError:
        error = {}
    data = error.get("data")
    if isinstance(data, dict) and "code" in data:
        raise Refused(data)
    if error.get("code") == RETRY_LATER:
        raise Unreachable(where, terminal.line(str(data or "retry later")))
    raise PeerError(NONSENSE, f"{where} refused: {terminal.line(str(error.get('message', '')))}")


def read(said: Any, type: Any, where: str) -> Any:
    """The result of a method. Raises PeerError."""
    try:
        return msgspec.json.decode(said, type=type)
    except msgspec.DecodeError:
        raise PeerError(NONSENSE, f"{where} answered something else than was asked") from None
