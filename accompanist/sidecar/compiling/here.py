"""Compiles for a sidecar, in this process.

python -m accompanist.sidecar.compiling.here     answers `apart`, once
"""

from __future__ import annotations

import functools
import pickle
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from accompanist.language.compile import compile_file
from accompanist.language.program.program import Choreography
from accompanist.language.reading.modules import INSTALLED
from accompanist.language.text.diagnostic import render
from accompanist.language.versions import texts as of_versions
from accompanist.sidecar.compiling.port import Deployed


class Here:
    """The compiler in this process."""

    def deployed(self, files: Sequence[str], root: str) -> list[Deployed]:
        """See `port.Compiler`."""
        found: list[Deployed] = []
        for file in files:
            found.append(_deployed(Path(file), Path(root)))
            if found[-1].refused:
                break
        return found

    def again(self, file: str, texts: Mapping[str, str], fingerprint: str) -> Choreography | str:
        """See `port.Compiler`."""
        found = of_versions.again(file, texts, fingerprint)
        return found if isinstance(found, str) else _bare(found)


def _deployed(file: Path, deployed: Path) -> Deployed:
    read = functools.cache(_read)  # store exactly the texts that were compiled
    root = next((place for place in file.parents if place.name in INSTALLED), deployed)
    compiled = compile_file(file.as_posix(), root=root.as_posix(), read=read)
    if not compiled.ok:
        return Deployed("", (), {}, "\n".join(map(render, compiled.diagnostics)))
    return Deployed(
        file.relative_to(root).as_posix(),
        tuple(map(_bare, compiled.choreographies)),
        of_versions.gather(file.as_posix(), root.as_posix(), read),
    )


def _bare(choreography: Choreography) -> Choreography:
    """Without its normal forms."""
    return replace(choreography, header=None, normal=(), procedures=(), amended=(), amended_procedures=())


def _read(path: str) -> str | None:
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def answer() -> None:
    """Do what standard input asks for, and write what came of it to standard output."""
    method, arguments = pickle.load(sys.stdin.buffer)
    pickle.dump(getattr(Here(), method)(*arguments), sys.stdout.buffer, pickle.HIGHEST_PROTOCOL)


if __name__ == "__main__":
    answer()
