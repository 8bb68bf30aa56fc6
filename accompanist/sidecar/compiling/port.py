"""What a sidecar asks the compiler for. It may be done here (`here`), or in a process that ends with it (`apart`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from accompanist.language.program.program import Choreography


class Deployed(NamedTuple):
    """What came of a deployed file. `path` is below the root, as in `texts`, which are the texts of all that it rests
    on. `refused`: why it was refused, for people; empty if it was not."""

    path: str
    choreographies: tuple[Choreography, ...]
    texts: dict[str, str]
    refused: str = ""


class Compiler(Protocol):
    """Compiles files and texts. The choreographies are whole but for their normal forms, which only tools look at."""

    def deployed(self, files: Sequence[str], root: str) -> list[Deployed]:
        """Compile files below a root, each as it is on disk, up to the first that is refused. One that belongs to an
        installed package is below that one's root instead."""

    def again(self, file: str, texts: Mapping[str, str], fingerprint: str) -> Choreography | str:
        """The choreography of this fingerprint among stored texts, or why there is none."""
