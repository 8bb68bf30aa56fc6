"""Compiles for a sidecar in a process of its own, which ends with it: a sidecar runs for long, and the compiler is two
hundred modules that it needs for a moment.

The process finds modules where this one does. It executes nothing of what it compiles. It says what it found in the
form of `pickle`, which only this process reads.

Not promised: speed. Each question starts a process, so those of a whole configuration are one question.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from accompanist.language.program.program import Choreography
from accompanist.sidecar.compiling.port import Deployed

_PLACES = tuple(sys.path)
"""Where modules are looked for, before the root of a deployment stands in front."""
_PROGRAM = "import sys, pickle; sys.path[:] = pickle.load(sys.stdin.buffer); "
_PROGRAM += "from accompanist.sidecar.compiling.here import answer; answer()"


class Apart:
    """The compiler in another process. Raises CalledProcessError where that ends without an answer; what it has to say
    of that is on standard error."""

    def deployed(self, files: Sequence[str], root: str) -> list[Deployed]:
        """See `port.Compiler`."""
        found: list[Deployed] = _asked("deployed", list(files), root)
        return found

    def again(self, file: str, texts: Mapping[str, str], fingerprint: str) -> Choreography | str:
        """See `port.Compiler`."""
        found: Choreography | str = _asked("again", file, dict(texts), fingerprint)
        return found


def _asked(method: str, *arguments: Any) -> Any:
    question = pickle.dumps(_PLACES) + pickle.dumps((method, arguments))
    command = [sys.executable, "-I", "-c", _PROGRAM]  # isolated: its directory is no place to look for modules
    return pickle.loads(subprocess.run(command, input=question, stdout=subprocess.PIPE, check=True).stdout)
