"""The programs that a sidecar runs: compiled from the choreographies of its configuration, found by fingerprint.

A session names the fingerprint it began with and is only ever run on that projection. What is deployed here is kept in
the service's own log as texts, and a version that is not deployed any more is hosted from there: compiled anew, and
run only if the very same fingerprint comes out (`sidecar.versions` says when). Messages for a fingerprint that is not
hosted stay in the inbox; they are found again when it is.

Only here is code imported: the message classes and `@pure` functions of a choreography's own module, the deployed ones,
and those of kept texts in modules of their own. Nothing of a message is ever compiled.

Not promised: an old version of a worker. Calls of an old session go to the worker that is deployed, which has to know
the operations of both versions for as long as there are sessions of both.
"""

from __future__ import annotations

import functools
import platform
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from importlib import import_module, metadata
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

import structlog

from accompanist import limits
from accompanist.errors import AuthorError, OperatorError, catalogue
from accompanist.language.compile import compile_file
from accompanist.language.program.load import Provide, load
from accompanist.language.program.program import Choreography, RoleProgram
from accompanist.language.reading.modules import INSTALLED
from accompanist.language.text.diagnostic import render
from accompanist.language.versions.private import PrivateModules
from accompanist.language.versions.texts import again, gather
from accompanist.runtime.messages import Header
from accompanist.runtime.ports import Kept

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
NOT_THE_SAME = catalogue(
    "ACC706",
    "kept version cannot be hosted",
    "The log keeps the texts of a version, but they cannot be run here as what they were: they compile to another "
    "fingerprint (another version of Accompanist, or damage), or their modules cannot be loaded (what they import is "
    "not installed any more). A session is never continued on a guess.",
    "Start a sidecar of the release that the version was registered with beside this one; it ends these sessions.",
)

NOT_SEALED = catalogue(
    "ACC727",
    "kept version has no seal of this service",
    "Texts that the log keeps are run only if they were sealed with the service's version key. These were not: the key "
    "is another one now, or somebody wrote them with the sidecar's database login. Nothing of them runs.",
    "Give all sidecars of the service the same `version_key_file`. After a lost key, start a sidecar that has this "
    "version's files, which seals it anew, and restart the others. If no key was changed, find out who has the "
    "sidecar's login.",
)

logger = structlog.get_logger("accompanist.hosting")
MADE_BY = f"Accompanist {metadata.version('accompanist')}, Python {platform.python_version()}"


class Programs(Protocol):
    """`Hosted`, as far as the driver needs it."""

    def program(self, header: Header, role: str) -> RoleProgram | None: ...

    def bound_as(self, header: Header) -> bool: ...


class Hosted:
    """What one service plays. `bind` names the service of each role of a choreography, given the roles' classes."""

    def __init__(self, service: str, bind: Callable[[str, Mapping[str, str]], Mapping[str, str]]) -> None:
        self._service = service
        self._bind = bind
        self._bindings: dict[str, list[Mapping[str, str]]] = {}
        """By fingerprint: as the configuration has it, and for a kept version as it had it then."""
        self._programs: dict[tuple[str, str], RoleProgram] = {}
        self.choreographies: dict[str, Choreography] = {}
        self.deployed: list[Kept] = []
        """The versions of the configuration's files, to be kept."""
        self.refused: dict[str, str] = {}
        """Versions that the log keeps and that cannot be hosted here, with the reason."""

    def add_files(self, files: Sequence[Path], deployed: Path) -> None:
        """Compile files and load this service's projections of them. `deployed`: the root of all files but those of
        installed packages. Raises AuthorError, OperatorError."""
        if str(deployed) not in sys.path:
            sys.path.insert(0, str(deployed))
        for file in files:
            read = functools.cache(_read)  # what is kept is what was compiled
            root = next((place for place in file.parents if place.name in INSTALLED), deployed)
            compiled = compile_file(file.as_posix(), root=root.as_posix(), read=read)
            if not compiled.ok:
                text = "\n".join(render(diagnostic) for diagnostic in compiled.diagnostics)
                raise AuthorError(NOT_ACCEPTED, f"{file}\n{text}")
            texts = gather(file.as_posix(), root.as_posix(), read)
            for choreography in compiled.choreographies:
                self.add(choreography)
                self.keep(choreography, PurePosixPath(file.relative_to(root).as_posix()), texts)

    def add(self, choreography: Choreography) -> None:
        """Host a choreography's projections at the roles that this service is bound to. Of several versions under one
        name the last one is what new sessions begin with; sessions in flight go on with theirs."""
        self.choreographies[choreography.name] = choreography
        bound = self._bind(choreography.name, _classes(choreography))
        self._bindings[choreography.fingerprint] = [bound]
        try:
            self._load(choreography, import_module)
        except ImportError as problem:
            raise OperatorError(UNREADABLE, f"{choreography.module}: {problem}") from None

    def add_kept(self, version: Kept) -> None:
        """Host a version that our log keeps. Raises AccompanistError when it cannot be what it was."""
        what = (
            f"{version.choreography}, version {version.fingerprint[:12]}, registered by {version.made_by or 'nobody'}"
        )
        if not version.sealed:
            raise OperatorError(NOT_SEALED, what)
        found = again(version.file, version.texts, version.fingerprint)
        if isinstance(found, str):
            raise OperatorError(NOT_THE_SAME, f"{what}; under {MADE_BY}: {found}")
        modules = PrivateModules(version.texts)
        self._bindings[version.fingerprint] = [version.bindings, *self._bound_now(found)]
        try:
            self._load(found, modules)
        except BaseException as problem:  # whatever a module of then raises: this is a thread's work, and no Ctrl-C
            del self._bindings[version.fingerprint]
            modules.forget()
            text = str(problem) or type(problem).__name__
            raise OperatorError(NOT_THE_SAME, f"{what}; under {MADE_BY}: {text}") from None

    def _load(self, choreography: Choreography, module: Provide) -> None:
        bindings = self._bindings[choreography.fingerprint]
        roles = [role for role in choreography.roles if any(bound.get(role) == self._service for bound in bindings)]
        programs = {(choreography.fingerprint, role): load(choreography, role, module) for role in roles}
        self._programs = {**self._programs, **programs}  # anew: this may be on another thread than its readers

    def _bound_now(self, choreography: Choreography) -> list[Mapping[str, str]]:
        """What the configuration says of an old version's roles; it need not know them any more."""
        try:
            return [self._bind(choreography.name, _classes(choreography))]
        except OperatorError:
            return []

    def keep(self, choreography: Choreography, file: PurePosixPath, texts: dict[str, str]) -> None:
        """Have a version that was added kept in the log, when it is registered."""
        size = sum(len(text.encode()) for text in texts.values())
        if size > limits.version_bytes_max:
            logger.warning(
                "version.too_large", choreography=choreography.name, bytes=size, limit=limits.version_bytes_max
            )
            return
        [bound] = self._bindings[choreography.fingerprint]
        version = Kept(
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
        """The roles that sessions of any version begin at here."""
        return {role for (_, role), program in self._programs.items() if program.choreography.initiator == role}

    def program(self, header: Header, role: str) -> RoleProgram | None:
        """The projection a session runs on at a role, if it is hosted here."""
        return self._programs.get((header.fingerprint, role))

    def playing(self, role: str) -> list[RoleProgram]:
        """All that is hosted at a role of that name, of every choreography and version."""
        return [program for (_, played), program in self._programs.items() if played == role]

    def hosts(self, fingerprint: str, role: str) -> bool:
        return (fingerprint, role) in self._programs

    def knows(self, fingerprint: str) -> bool:
        """Whether a version is hosted at the roles that are bound to this service, or cannot be."""
        return fingerprint in self._bindings or fingerprint in self.refused

    def why(self, fingerprint: str, role: str) -> str:
        """Why a version is not hosted."""
        if fingerprint in self._bindings:
            return f"by the configuration {self._service} does not play {role} in it"
        return self.refused.get(fingerprint, "no file of the configuration is that version, and the log keeps none")

    def bound_as(self, header: Header) -> bool:
        """Whether the roles of a new session are played by the services that our configuration names. A peer may not
        name others: it could speak for roles that are not its own."""
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
                f"it can be started here: {', '.join(self._startable_names()) or 'none'}",
            )
        return program, self._bindings[choreography.fingerprint][0]

    def check_everywhere(self, files_of: Mapping[str, Collection[str]]) -> None:
        """That every service whose files are known hosts what it plays a role of. Raises OperatorError."""
        for name, choreography in self.choreographies.items():
            for role, service in self._bindings[choreography.fingerprint][0].items():
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


def _classes(choreography: Choreography) -> dict[str, str]:
    return {role: projection.role_class for role, projection in choreography.projections.items()}


def _read(path: str) -> str | None:
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
