"""Where each session of a sidecar is: one state per session and role, and the moves between the states.

    absent      nothing is known of it here: it has not begun, is over, or is dormant in the log
    loading     it is being read from the log, and what comes for it waits
    live        it is in memory
    evicted     it is open, and in the log only: a message for it must load it, and not begin it as a new session
    unhosted    it is open, and its version is not hosted here, or not yet (`sidecar.versions`)
    tombstone   a tombstone is being written for it (`tombstones`): what comes for it stays in the inbox

`TABLE` has the moves. One that it does not have raises `ImpossibleMove` and changes nothing: the
session counts as damaged, and is loaded from the log again.

Two answers of the log may be under way for one session, for instance where a session that is live is read again and
evicted meanwhile. So the answer to a load may come in any state; `recovery` decides what it is good for.

Not promised: anything about what is under way for a session. Its commits, deferred rows and calls have their own
records (`output_commit`, `asking`), because they outlive its stay in memory.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum

from accompanist.runtime.events import Clashed, Deadline, Fired
from accompanist.runtime.messages import Message
from accompanist.runtime.session import Session
from accompanist.sidecar.sessions.freshness import Key

Waiting = Message | Fired | Deadline | Clashed
"""What may come for a session while it is being loaded."""


class Residence(StrEnum):
    ABSENT = "absent"
    LOADING = "loading"
    LIVE = "live"
    EVICTED = "evicted"
    UNHOSTED = "unhosted"
    TOMBSTONE = "tombstone"


class ResidenceMove(StrEnum):
    LOAD = "load"
    """A load begins."""
    RELOAD = "reload"
    """It leaves memory to be loaded anew."""
    ADMIT = "admit"
    """It begins, or was loaded."""
    LEAVE = "leave"
    """It leaves memory: it is over, dormant, or its shard is lost."""
    EVICT = "evict"
    """It leaves memory although it is open, to make room."""
    BREAK = "break"
    """It is damaged (`damage`), or could not be rebuilt."""
    MISS = "miss"
    """Its version is missed."""
    BURY = "bury"
    """A tombstone is about to be written."""
    BURIED = "buried"
    """The tombstone was written, or will not be."""
    FORGET = "forget"
    """The log has nothing open of it, or it is dormant, or its shard is not held."""


_OUTSIDE = (Residence.ABSENT, Residence.LOADING, Residence.EVICTED, Residence.UNHOSTED)

TABLE: Mapping[ResidenceMove, Mapping[Residence, Residence]] = {
    ResidenceMove.LOAD: dict.fromkeys((Residence.ABSENT, Residence.EVICTED, Residence.UNHOSTED), Residence.LOADING),
    ResidenceMove.RELOAD: {Residence.LIVE: Residence.LOADING},
    ResidenceMove.ADMIT: dict.fromkeys(_OUTSIDE, Residence.LIVE),
    ResidenceMove.LEAVE: {Residence.LIVE: Residence.ABSENT},
    ResidenceMove.EVICT: {Residence.LIVE: Residence.EVICTED},
    # a tombstone under way decides, whatever else goes wrong
    ResidenceMove.BREAK: dict.fromkeys((*_OUTSIDE, Residence.LIVE), Residence.EVICTED)
    | {Residence.TOMBSTONE: Residence.TOMBSTONE},
    ResidenceMove.MISS: dict.fromkeys(_OUTSIDE, Residence.UNHOSTED),
    ResidenceMove.BURY: dict.fromkeys(_OUTSIDE, Residence.TOMBSTONE),
    ResidenceMove.BURIED: {Residence.TOMBSTONE: Residence.ABSENT},
    ResidenceMove.FORGET: dict.fromkeys(_OUTSIDE, Residence.ABSENT),
}


class ImpossibleMove(Exception):
    """A move that `TABLE` does not have: a bug of ours."""


class Residences:
    """The states of one sidecar's sessions. A session that is absent takes no memory."""

    def __init__(self) -> None:
        self._states: dict[Key, Residence] = {}
        self._live: dict[Key, Session] = {}
        self._waiting: dict[Key, list[Waiting]] = {}
        self._versions: dict[Key, str] = {}

    def state(self, key: Key) -> Residence:
        return self._states.get(key, Residence.ABSENT)

    def keys(self, *states: Residence) -> Collection[Key]:
        """The sessions in these states, in no order."""
        return [key for key, state in self._states.items() if state in states]

    def move(self, key: Key, by: ResidenceMove) -> Residence:
        """Move a session. Raises ImpossibleMove, and changes nothing, if `TABLE` has no such move."""
        after = TABLE[by].get(self.state(key))
        if after is None:
            raise ImpossibleMove(f"{by} of a session that is {self.state(key)}")
        if after is Residence.ABSENT:
            self._states.pop(key, None)
        else:
            self._states[key] = after
        if after is not Residence.LIVE:
            self._live.pop(key, None)
        if after is Residence.LOADING:
            self._waiting[key] = []
        else:
            self._waiting.pop(key, None)
            if after is not Residence.UNHOSTED:
                self._versions.pop(key, None)
        return after

    @property
    def live(self) -> Mapping[Key, Session]:
        """The sessions in memory, in the order in which they came."""
        return self._live

    def is_live(self, session: Session) -> bool:
        """Whether this run of a session is the one in memory."""
        return self._live.get(session.key) is session

    def admit(self, session: Session) -> None:
        """Take a session into memory."""
        self.move(session.key, ResidenceMove.ADMIT)
        self._live[session.key] = session

    def wait(self, key: Key, what: Waiting) -> None:
        """Let something wait until its session is loaded; if no load is under way, the caller begins one. Raises
        ImpossibleMove for a session that is live, or for which a tombstone is written."""
        if self.state(key) is not Residence.LOADING:
            self.move(key, ResidenceMove.LOAD)
        self._waiting[key].append(what)

    def waiting(self, key: Key) -> list[Waiting]:
        """What waits for a session; empty if it is not being loaded. Each load has a list of its own."""
        return self._waiting.get(key, [])

    def miss(self, key: Key, version: str) -> None:
        """A session needs a version, by its fingerprint, that is not hosted."""
        self.move(key, ResidenceMove.MISS)
        self._versions[key] = version

    def found(self, key: Key) -> None:
        """The version that a session missed is hosted now. Where the session is does not change: it is about to be
        loaded, or is being loaded already."""
        self._versions.pop(key, None)

    @property
    def unhosted(self) -> Mapping[Key, str]:
        """The open sessions whose version is not hosted, with its fingerprint. They stay here while they are read once
        more, unless the version was found."""
        return self._versions
