"""A project's files as texts: all that compiling and loading a choreography's file again rests on.

`gather` follows every import of the file that leads to a file inside the root, wherever the import stands, and takes
the `__init__.py` of each package on the way, since Python runs it. `Accompanist` itself is not taken: it is installed.
`again` compiles from texts as if they were files under a root that does not exist.

Not followed: modules that are imported by a name made at run time, and files that are no modules.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Set
from pathlib import PurePosixPath

from accompanist.language.compile import Compiled, compile_file
from accompanist.language.program.program import Choreography
from accompanist.language.reading.modules import Module, Modules, origin
from accompanist.language.text.judged import JUDGED
from accompanist.language.text.source import Read
from accompanist.language.types import WORDS


def gather(file: str, root: str, read: Read) -> dict[str, str]:
    """The texts by path below the root, as posix paths. `file` itself has to parse, or nothing is found."""
    modules = Modules(root, read)
    name = modules.name_of(file)
    wanted = [] if name is None else [name]
    found: dict[str, str] = {}
    seen: set[str] = set()
    while wanted:
        name = wanted.pop()
        if name in seen or name.partition(".")[0] == WORDS:
            continue
        seen.add(name)
        wanted += [name.rpartition(".")[0]] if "." in name else []
        module = modules.find(name)
        if module is not None:
            path = PurePosixPath(module.source.path).relative_to(PurePosixPath(root))
            found[str(path)] = "\n".join(module.source.lines)
            wanted += _imported(module)
    return dict(sorted(found.items()))


def _imported(module: Module) -> Iterator[str]:
    """Every name that an import may mean a module by."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (base := origin(module, node)):
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names if alias.name != "*")


def again(file: str, texts: Mapping[str, str], fingerprint: str) -> Choreography | str:
    """The choreography of a file among the texts that has this fingerprint, or why none has. Nothing is executed.

    The release that kept the texts accepted them, and this one may refuse more: a session that is open is not stranded
    by that, as long as the program is the same."""
    root = f"version {fingerprint[:12]}"

    def read(path: str) -> str | None:
        return texts.get(path.removeprefix(f"{root}/"))

    def compiled(passed: Set[str]) -> Compiled:
        return compile_file(f"{root}/{file}", root=root, read=read, passed=passed)

    found = compiled(frozenset())
    choreographies = found.choreographies if found.ok else compiled(JUDGED).choreographies
    for one in choreographies:
        if one.fingerprint == fingerprint:
            return one
    return found.diagnostics[0].text if found.diagnostics else "its texts compile to another fingerprint"
