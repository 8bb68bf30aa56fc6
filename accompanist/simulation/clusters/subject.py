"""A subject of simulation: a choreography, the arguments to start it with, and its workers' answers.

Workers' answers come from functions by "role.operation", or are generated from their types. A function declines by
raising `language.direct.Declined`. Arguments are given, or are generated, too.
"""

from __future__ import annotations

import functools
import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from accompanist.language import direct, waits
from accompanist.language.program.load import load
from accompanist.language.program.program import Choreography
from accompanist.language.values import codec
from accompanist.simulation.clusters.deploys import DeployedVersion, versions
from accompanist.simulation.search.values import Maker, constants
from accompanist.simulation.search.workers import values_of
from accompanist.simulation.worker import Refusal

_starts_max = 12


class Subject:
    """A choreography that can be started. `source`: its file, and the root directory of its imports."""

    def __init__(
        self,
        choreography: Choreography,
        functions: Mapping[str, Callable[..., Any]] | None = None,
        arguments: Sequence[Mapping[str, Any]] = (),
        source: tuple[Path, Path] | None = None,
    ) -> None:
        assert choreography.initiator is not None
        self.choreography = choreography
        self.initiator = choreography.initiator
        self.programs = {role: load(choreography, role) for role in choreography.roles}
        self._source = source
        self._functions = functions or {}
        self._maker = Maker(constants(choreography))
        self._made: dict[tuple[str, str], list[bytes]] = {}
        self.starts = [codec.encode(dict(given)) for given in arguments] or self._starts()

    @functools.cached_property
    def versions(self) -> Sequence[DeployedVersion]:
        """The versions that are deployed one after the other; empty if its file is not known."""
        return () if self._source is None else versions(self.choreography, *self._source)

    def _starts(self) -> list[bytes]:
        types = self.programs[self.initiator].parameter_types
        values = {name: self._maker.make(type, name) for name, type in types.items()}
        most = max((len(each) for each in values.values()), default=1)
        return [
            orjson.dumps({name: each[at % len(each)] for name, each in values.items()})
            for at in range(min(most, _starts_max))
        ]

    def reply(self, role: str, operation: str, arguments: bytes, chance: random.Random) -> bytes:
        """The reply of a role's worker, as JSON bytes. Raises Refusal."""
        function = self._functions.get(f"{role}.{operation}")
        if function is None:
            made = self._replies(role, operation)
            return made[0] if chance.random() < 0.2 else chance.choice(made)
        values = values_of(self.programs[role], operation, arguments)
        try:
            return codec.encode(function(**values))
        except direct.Declined as declined:
            raise Refusal(declined.reason) from None
        except Exception:  # a hostile service may send values that the function was not written for
            return self._replies(role, operation)[0]

    @functools.cached_property
    def values(self) -> list[bytes]:
        """Every generated reply of every worker."""
        asked = [(role, name) for role, program in self.programs.items() for name in program.operation_types]
        return list(dict.fromkeys(value for role, name in asked for value in self._replies(role, name)))

    @property
    def events(self) -> list[tuple[str, str]]:
        """The events that programs wait for, as (role, name)."""
        asked = {
            (role, name): None
            for role, program in self.programs.items()
            for operation in program.projection.operations
            if (name := waits.event_in(operation)) is not None
        }
        return list(asked)

    def event(self, role: str, name: str, chance: random.Random) -> bytes | None:
        """The value of an event, as JSON bytes; None: it is not sent."""
        function = self._functions.get(f"{role}.event.{name}")
        if function is None:
            return chance.choice(self._events(role, name))
        try:
            return codec.encode(function())
        except direct.Declined:
            return None

    def made_up(self, role: str, name: str) -> bytes:
        """A generated value of an event's type."""
        return self._events(role, name)[0]

    def _events(self, role: str, name: str) -> list[bytes]:
        known = self.programs[role].projection.operations
        return self._replies(role, waits.event(name) if waits.event(name) in known else waits.timeout(name))

    def _replies(self, role: str, operation: str) -> list[bytes]:
        key = (role, operation)
        if key not in self._made:
            _, returns = self.programs[role].operation_types[operation]
            self._made[key] = [orjson.dumps(value) for value in self._maker.make(returns, operation)]
        return self._made[key]
