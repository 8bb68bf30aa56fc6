"""The programs that a sidecar runs: compiled from the choreographies of its configuration, found by fingerprint.

A session names the fingerprint it began with and is only ever run on that projection. Messages for a fingerprint that
is not hosted stay in the inbox; they are found again when a sidecar that hosts it takes the shard.

Only here is deployed code imported: the message classes and `@pure` functions of a choreography's own module.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from accompanist.errors import AuthorError, OperatorError, catalogue
from accompanist.language.compile import compile_file
from accompanist.language.diagnostic import render
from accompanist.language.load import load
from accompanist.language.program import Choreography, RoleProgram
from accompanist.runtime.messages import Header

NOT_ACCEPTED = catalogue(
    "ACC701",
    "choreography refused",
    "A choreography named in the configuration does not pass the check, so none of its projections can be run.",
    "Run `accompanist check FILE` and mend what it says.",
)
UNREADABLE = catalogue(
    "ACC702",
    "choreography not found",
    "A file named in the configuration cannot be read, or its module cannot be imported.",
    "Paths are relative to accompanist.toml, and so is the import path of modules.",
)
NOT_EVERYWHERE = catalogue(
    "ACC703",
    "choreography is not hosted everywhere",
    "A service that plays a role of a choreography has to host it, or its messages wait there for ever.",
    "Name the file in `choreographies` of every service that plays one of its roles.",
)
UNKNOWN_CHOREOGRAPHY = catalogue(
    "ACC704",
    "unknown choreography",
    "No choreography of this name can be started at this service.",
    "A choreography is started at the service that plays its initiator; see `choreographies` in accompanist.toml.",
)


class Hosted:
    """What one service plays. `bind` names the service of each role of a choreography, given the roles' classes."""

    def __init__(self, service: str, bind: Callable[[str, Mapping[str, str]], Mapping[str, str]]) -> None:
        self._service = service
        self._bind = bind
        self._bindings: dict[str, Mapping[str, str]] = {}
        self._programs: dict[tuple[str, str], RoleProgram] = {}
        self.choreographies: dict[str, Choreography] = {}

    def add_files(self, files: Sequence[Path], root: Path) -> None:
        """Compile files and load this service's projections of them. Raises AuthorError, OperatorError."""
        if str(root) not in sys.path:
            sys.path.insert(0, str(root))
        for file in files:
            compiled = compile_file(str(file), root=str(root), read=_read)
            if not compiled.ok:
                text = "\n".join(render(diagnostic) for diagnostic in compiled.diagnostics)
                raise AuthorError(NOT_ACCEPTED, f"{file}\n{text}")
            for choreography in compiled.choreographies:
                self.add(choreography)

    def add(self, choreography: Choreography) -> None:
        """Host a choreography's projections at the roles that this service is bound to. Of several versions under one
        name the last one is what new sessions begin with; sessions in flight go on with theirs."""
        self.choreographies[choreography.name] = choreography
        classes = {role: projection.role_class for role, projection in choreography.projections.items()}
        bound = self._bindings[choreography.name] = self._bind(choreography.name, classes)
        for role in choreography.roles:
            if bound.get(role) != self._service:
                continue
            try:
                program = load(choreography, role)
            except ImportError as problem:
                raise OperatorError(UNREADABLE, f"{choreography.module}: {problem}") from None
            self._programs[choreography.fingerprint, role] = program

    def program(self, header: Header, role: str) -> RoleProgram | None:
        """The projection a session runs on at a role, if it is hosted here."""
        return self._programs.get((header.fingerprint, role))

    def bound_as(self, header: Header) -> bool:
        """Whether the roles of a new session are played by the services that our configuration names. A peer may not
        name others: it could speak for roles that are not its own."""
        return dict(self._bindings.get(header.choreography, {})) == header.bindings

    def startable(self, name: str) -> tuple[RoleProgram, Mapping[str, str]]:
        """The initiator's program of a choreography and its bindings. Raises AuthorError."""
        choreography = self.choreographies.get(name)
        initiator = choreography.initiator if choreography else None
        program = self._programs.get((choreography.fingerprint, initiator)) if choreography and initiator else None
        if choreography is not None and initiator is not None and program is None:
            raise AuthorError(
                UNKNOWN_CHOREOGRAPHY,
                f"{name} begins at its role {initiator}, which {self._service} does not play",
                f"start it at {self._bindings[name].get(initiator, initiator)}",
            )
        if choreography is None or program is None:
            raise AuthorError(
                UNKNOWN_CHOREOGRAPHY,
                f"{name} cannot be started at {self._service}",
                f"it can be started here: {', '.join(self._startable_names()) or 'none'}",
            )
        return program, self._bindings[name]

    def check_everywhere(self, files_of: Mapping[str, Collection[str]]) -> None:
        """That every service whose files are known hosts what it plays a role of. Raises OperatorError."""
        for name, choreography in self.choreographies.items():
            for role, service in self._bindings[name].items():
                if service in files_of and choreography.file not in files_of[service]:
                    raise OperatorError(
                        NOT_EVERYWHERE,
                        f"{service} plays {role} in {name} and does not host {choreography.file}",
                        f"add it to `choreographies` of [service.{service}]",
                    )

    def _startable_names(self) -> list[str]:
        return sorted(
            choreography.name
            for choreography in self.choreographies.values()
            if choreography.initiator and (choreography.fingerprint, choreography.initiator) in self._programs
        )

    def registration(self) -> list[dict[str, Any]]:
        """What the log keeps of the projections hosted: rows for `Log.register`."""
        return [
            {
                "fingerprint": program.choreography.fingerprint,
                "choreography": program.choreography.name,
                "role": program.role,
                "source": program.projection.source,
            }
            for program in self._programs.values()
        ]


def _read(path: str) -> str | None:
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
