"""A subject of simulation: a choreography, the arguments to start it with, and its workers' answers.

Workers' answers are made up for their types, or come from functions "role.operation", as a test of the language has
them; a function declines by raising `language.direct.Declined`. Arguments likewise.
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
    """One choreography that can be started. `source`: its file, and the root that its imports start from."""

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
        """What is deployed of it, one after the other; nothing where nobody said which file it comes from."""
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
        """What the worker of a role answers. Raises Refusal."""
        function = self._functions.get(f"{role}.{operation}")
        if function is None:
            made = self._replies(role, operation)
            return made[0] if chance.random() < 0.2 else chance.choice(made)
        values = values_of(self.programs[role], operation, arguments)
        try:
            return codec.encode(function(**values))
        except direct.Declined as declined:
            raise Refusal(declined.reason) from None
        except Exception:  # a liar says what no test's function was written for
            return self._replies(role, operation)[0]

    @functools.cached_property
    def values(self) -> list[bytes]:
        """Everything that workers may answer, whoever asks."""
        asked = [(role, name) for role, program in self.programs.items() for name in program.operation_types]
        return list(dict.fromkeys(value for role, name in asked for value in self._replies(role, name)))

    @property
    def events(self) -> list[tuple[str, str]]:
        """What is asked for from outside, by role and name."""
        asked = {
            (role, name): None
            for role, program in self.programs.items()
            for operation in program.projection.operations
            if (name := waits.event_in(operation)) is not None
        }
        return list(asked)

    def event(self, role: str, name: str, chance: random.Random) -> bytes | None:
        """What an event says; None: nobody tells it."""
        function = self._functions.get(f"{role}.event.{name}")
        if function is None:
            return chance.choice(self._events(role, name))
        try:
            return codec.encode(function())
        except direct.Declined:
            return None

    def made_up(self, role: str, name: str) -> bytes:
        """Something that fits an event."""
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
