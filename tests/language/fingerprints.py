"""The fingerprints of the must_pass programs and of the examples, as they were when they were last meant to change.

After a change that is meant: `python -m tests.language.fingerprints`, and a line for users in CHANGELOG.md.
"""

from __future__ import annotations

import json

from accompanist.language.compile import compile_file
from tests.language.programs import HERE, MUST_PASS, ROOT, compiled, read

FILE = HERE / "fingerprints.json"
EXAMPLES = ("workers/orders/choreography.py",)


def fingerprints() -> dict[str, str]:
    """By the program's name and the choreography's."""
    found = {name: compiled("must_pass", name) for name in MUST_PASS}
    found |= {path: compile_file(str(ROOT / path), root=str(ROOT), read=read) for path in EXAMPLES}
    return {f"{file}: {one.name}": one.fingerprint for file, made in found.items() for one in made.choreographies}


if __name__ == "__main__":
    FILE.write_text(json.dumps(fingerprints(), indent=1, sort_keys=True) + "\n")
