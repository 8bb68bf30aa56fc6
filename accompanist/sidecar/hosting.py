"""The programs that a sidecar hosts: compiled from its configured choreographies, looked up by fingerprint.

A session names the fingerprint it began with, and only runs on that version. The source texts of deployed versions are
stored in the service's log. A version that is not deployed any more is compiled again from there, and only run if its
fingerprint is the same (`sidecar.versions` says when). Messages for a version that is not hosted stay in the inbox
until it is.

Only this module imports user code: the message classes and `@pure` functions of a deployed choreography's module, and
those of stored versions in modules of their own. Nothing in a message is ever compiled.

Not promised: an old version of a worker. Calls of an old session go to the deployed worker, which has to support the
operations of both versions while there are sessions of both.
"""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from importlib import import_module, metadata
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

import structlog

from accompanist import limits
from accompanist.errors import AuthorError, OperatorError, catalogue
from accompanist.language.program.load import Provide, load
from accompanist.language.program.program import Choreography, RoleProgram
from accompanist.language.versions.private import PrivateModules
from accompanist.runtime.messages import Header
from accompanist.runtime.ports import KeptVersion
from accompanist.sidecar.compiling.port import Compiler

NOT_ACCEPTED = catalogue(
    "ACC701",
    "choreography refused",
    "A choreography in the configuration does not pass the check, so it cannot be run.",
    "Run `accompanist check FILE` and correct what it reports.",
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
    "Every service that plays a role of a choreography has to host it, or messages to that role wait for ever.",
    "Add the file to `choreographies` of every service that plays one of its roles.",
)
UNKNOWN_CHOREOGRAPHY = catalogue(
    "ACC704",
    "unknown choreography",
    "No choreography of this name can be started at this service.",
    "A choreography is started at the service that plays its initiator; see `choreographies` in accompanist.toml.",
)
NOT_THE_SAME = catalogue(
    "ACC706",
    "kept version cannot be hosted",
    "The log has the texts of a version, but they cannot be run here: they compile to another fingerprint (another "
    "release of Accompanist, or damage), or their modules cannot be loaded (an import is not installed any more). A "
    "session never goes on with a program that may be different.",
    "Also start a sidecar of the release that registered the version; it completes these sessions.",
)

NOT_SEALED = catalogue(
    "ACC727",
    "kept version has no seal of this service",
    "Stored texts are only run if they were sealed with the service's version key. These were not: the key has "
    "changed, or somebody wrote them with the sidecar's database login. They are not run.",
    "Give all sidecars of the service the same `version_key_file`. After a lost key, start a sidecar that has this "
    "version's files, which seals it again, and restart the others. If no key was changed, find out who has the "
    "sidecar's login.",
)

logger = structlog.get_logger("accompanist.hosting")
MADE_BY = f"Accompanist {metadata.version('accompanist')}, Python {platform.python_version()}"


class Programs(Protocol):
    """The part of `Hosted` that the driver needs."""

    def program(self, header: Header, role: str) -> RoleProgram | None: ...

    def bound_as(self, header: Header) -> bool: ...


class Hosted:
    """The programs that one service hosts. `bind` returns the service of each role of a choreography, from the roles'
    classes."""

    def __init__(
        self, service: str, bind: Callable[[str, Mapping[str, str]], Mapping[str, str]], compiler: Compiler
    ) -> None:
        self._service = service
        self._compiler = compiler
        self._bind = bind
        self._bindings: dict[str, list[Mapping[str, str]]] = {}
        """The bindings of each fingerprint: those of the configuration, and for a stored version also the former
        ones."""
        self._programs: dict[tuple[str, str], RoleProgram] = {}
        self.choreographies: dict[str, Choreography] = {}
        self.deployed: list[KeptVersion] = []
        """The versions of the configuration's files, to be stored in the log."""
        self.refused: dict[str, str] = {}
        """Stored versions that cannot be hosted here, with the reason."""

    def add_files(self, files: Sequence[Path], deployed: Path) -> None:
        """Compile files and load this service's projections of them. `deployed`: the root of all files but those of
        installed packages. Raises AuthorError, OperatorError."""
        if str(deployed) not in sys.path:
            sys.path.insert(0, str(deployed))
        compiled = self._compiler.deployed([file.as_posix() for file in files], deployed.as_posix())
        for file, found in zip(files, compiled, strict=False):
            if found.refused:
                raise AuthorError(NOT_ACCEPTED, f"{file}\n{found.refused}")
            for choreography in found.choreographies:
                self.add(choreography)
                self.keep(choreography, PurePosixPath(found.path), found.texts)

    def add(self, choreography: Choreography) -> None:
        """Host a choreography's projections at the roles that this service plays. Of several versions under one name,
        new sessions begin with the last one; open sessions go on with theirs."""
        self.choreographies[choreography.name] = choreography
        bound = self._bind(choreography.name, _classes(choreography))
        self._bindings[choreography.fingerprint] = [bound]
        try:
            self._load(choreography, import_module)
        except ImportError as problem:
            raise OperatorError(UNREADABLE, f"{choreography.module}: {problem}") from None

    def add_kept(self, version: KeptVersion) -> None:
        """Host a version that is stored in the log. Raises AccompanistError if it cannot be run unchanged."""
        what = (
            f"{version.choreography}, version {version.fingerprint[:12]}, registered by {version.made_by or 'nobody'}"
        )
        if not version.sealed:
            raise OperatorError(NOT_SEALED, what)
        found = self._compiler.again(version.file, version.texts, version.fingerprint)
        if isinstance(found, str):
            raise OperatorError(NOT_THE_SAME, f"{what}; under {MADE_BY}: {found}")
        modules = PrivateModules(version.texts)
        self._bindings[version.fingerprint] = [version.bindings, *self._bound_now(found)]
        try:
            self._load(found, modules)
        except BaseException as problem:  # an old module may raise anything; this runs in a thread, so no Ctrl-C
            del self._bindings[version.fingerprint]
            modules.forget()
            text = str(problem) or type(problem).__name__
            raise OperatorError(NOT_THE_SAME, f"{what}; under {MADE_BY}: {text}") from None

    def _load(self, choreography: Choreography, module: Provide) -> None:
        bindings = self._bindings[choreography.fingerprint]
        roles = [role for role in choreography.roles if any(bound.get(role) == self._service for bound in bindings)]
        programs = {(choreography.fingerprint, role): load(choreography, role, module) for role in roles}
        self._programs = {**self._programs, **programs}  # a new dict: its readers may be on another thread

    def _bound_now(self, choreography: Choreography) -> list[Mapping[str, str]]:
        """The configuration's bindings of an old version's roles; none if it does not know them any more."""
        try:
            return [self._bind(choreography.name, _classes(choreography))]
        except OperatorError:
            return []

    def keep(self, choreography: Choreography, file: PurePosixPath, texts: dict[str, str]) -> None:
        """Note a version to be stored in the log when it is registered."""
        size = sum(len(text.encode()) for text in texts.values())
        if size > limits.version_bytes_max:
            logger.warning(
                "version.too_large", choreography=choreography.name, bytes=size, limit=limits.version_bytes_max
            )
            return
        [bound] = self._bindings[choreography.fingerprint]
        version = KeptVersion(
            fingerprint=choreography.fingerprint,
            choreography=choreography.name,
            file=str(file),
            texts=texts,
            bindings=dict(bound),
            made_by=MADE_BY,
        )
        self.deployed.append(version)

    @property
    def initiators(self) -> set[str]:
        """The hosted roles that are initiators, in any version."""
        return {role for (_, role), program in self._programs.items() if program.choreography.initiator == role}

    def program(self, header: Header, role: str) -> RoleProgram | None:
        """The program that a session runs on at a role, if it is hosted here."""
        return self._programs.get((header.fingerprint, role))

    def playing(self, role: str) -> list[RoleProgram]:
        """All hosted programs of a role of that name, of every choreography and version."""
        return [program for (_, played), program in self._programs.items() if played == role]

    def programs(self) -> list[RoleProgram]:
        """All hosted programs, of every choreography, version and role."""
        return list(self._programs.values())

    def hosts(self, fingerprint: str, role: str) -> bool:
        return (fingerprint, role) in self._programs

    def knows(self, fingerprint: str) -> bool:
        """Whether it is known that a version is hosted here, or that it cannot be."""
        return fingerprint in self._bindings or fingerprint in self.refused

    def why(self, fingerprint: str, role: str) -> str:
        """Why a version is not hosted."""
        if fingerprint in self._bindings:
            return f"by the configuration {self._service} does not play {role} in it"
        return self.refused.get(fingerprint, "no file of the configuration is that version, and the log keeps none")

    def bound_as(self, header: Header) -> bool:
        """Whether a new session's roles are bound to the services that our configuration names. Other bindings are
        refused: by them a peer could send messages for roles that it does not play."""
        return header.bindings in map(dict, self._bindings.get(header.fingerprint, ()))

    def startable(self, name: str) -> tuple[RoleProgram, Mapping[str, str]]:
        """The initiator's program of a choreography and its bindings. Raises AuthorError."""
        choreography = self.choreographies.get(name)
        initiator = choreography.initiator if choreography else None
        program = self._programs.get((choreography.fingerprint, initiator)) if choreography and initiator else None
        if choreography is not None and initiator is not None and program is None:
            raise AuthorError(
                UNKNOWN_CHOREOGRAPHY,
                f"{name} begins at its role {initiator}, which {self._service} does not play",
                f"start it at {self._bindings[choreography.fingerprint][0].get(initiator, initiator)}",
            )
        if choreography is None or program is None:
            raise AuthorError(
                UNKNOWN_CHOREOGRAPHY,
                f"{name} cannot be started at {self._service}",
                f"it can be started here: {', '.join(self.startable_names()) or 'none'}",
            )
        return program, self._bindings[choreography.fingerprint][0]

    def check_everywhere(self, files_of: Mapping[str, Collection[str]]) -> None:
        """Check that every service of this configuration hosts each choreography it plays a role of. Raises
        OperatorError."""
        for name, choreography in self.choreographies.items():
            for role, service in self._bindings[choreography.fingerprint][0].items():
                if service in files_of and choreography.file not in files_of[service]:
                    raise OperatorError(
                        NOT_EVERYWHERE,
                        f"{service} plays {role} in {name} and does not host {choreography.file}",
                        f"add it to `choreographies` of [service.{service}]",
                    )

    def startable_names(self) -> list[str]:
        """The choreographies that can be started here."""
        return sorted(
            choreography.name
            for choreography in self.choreographies.values()
            if choreography.initiator and (choreography.fingerprint, choreography.initiator) in self._programs
        )

    def registration(self) -> list[dict[str, Any]]:
        """The hosted projections as rows for `Log.register`."""
        return [
            {
                "fingerprint": program.choreography.fingerprint,
                "choreography": program.choreography.name,
                "role": program.role,
                "source": program.projection.source,
            }
            for program in self._programs.values()
        ]


def _classes(choreography: Choreography) -> dict[str, str]:
    return {role: projection.role_class for role, projection in choreography.projections.items()}
