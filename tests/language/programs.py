"""The must_pass and must_fail programs, compiled once, and a small world that runs projections.

The world is not the runtime: it has no log and no saga protocol. It delivers messages in any order it likes, by their
identity alone, and stops at the first refusal. What it shows is that projections do what the direct reading does.
"""

from __future__ import annotations

import importlib
import random
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from accompanist.language.compile import Compiled, compile_file
from accompanist.language.program.load import load
from accompanist.language.program.operations import Abort, Branch, Call, Choose, Receive, Send
from accompanist.language.program.program import Choreography
from accompanist.language.values import codec
from accompanist.language.words import Outcome

HERE = Path(__file__).parent
ROOT = HERE.parent.parent


def _stems(folder: Path) -> list[str]:
    return sorted(path.stem for path in folder.glob("*.py") if path.stem not in ("__init__", "shop"))


GALLERY = ROOT / "workers" / "gallery"
CORPUS = _stems(GALLERY)
MUST_PASS = sorted([*_stems(HERE / "must_pass"), *CORPUS])
MUST_FAIL = _stems(HERE / "must_fail")


def read(path: str) -> str | None:
    try:
        return Path(path).read_text()
    except OSError:
        return None


def path_of(folder: str, name: str) -> Path:
    """A program's file; those of the gallery must pass."""
    return (GALLERY if folder == "must_pass" and name in CORPUS else HERE / folder) / f"{name}.py"


@cache
def compiled(folder: str, name: str) -> Compiled:
    return compile_file(str(path_of(folder, name)), root=str(ROOT), read=read)


def module_of(name: str) -> ModuleType:
    """The module of a program that must pass, which holds WORKERS and ARGUMENTS. Nothing is compiled."""
    return importlib.import_module(".".join(path_of("must_pass", name).relative_to(ROOT).with_suffix("").parts))


def must_pass(name: str) -> tuple[Choreography, ModuleType]:
    """A program's choreography and its module."""
    result = compiled("must_pass", name)
    assert result.ok, [found.text for found in result.diagnostics]
    return result.choreographies[-1], module_of(name)  # the choreographies before the last are called by it


def text(source: str) -> Compiled:
    """Compile a text as the only file of a project."""
    return compile_file("/p/file.py", root="/p", read=lambda path: source if path == "/p/file.py" else None)


class World:
    """One run of all projections of a choreography. `ask` answers role calls as in `language.direct`."""

    def __init__(
        self, choreography: Choreography, arguments: Mapping[str, Any], ask: Callable[..., tuple[str, Any]], seed: int
    ) -> None:
        self.calls: list[tuple[str, str, str, dict[str, Any]]] = []
        self.messages: dict[tuple[str, str, str], tuple[str, bytes]] = {}
        self.reached: set[str] = set()
        self.results: dict[str, Any] = {}
        self.aborted: str | None = None
        self._ask, self._chance = ask, random.Random(seed)
        self._choreography = choreography
        self._programs = {}
        self._waits: dict[str, Any] = {}
        for role in choreography.roles:
            program = load(choreography, role)
            given = {
                name: codec.decode(codec.encode(arguments[name]), t) for name, t in program.parameter_types.items()
            }
            self._programs[role] = program.start(given)
        self._begin(str(choreography.initiator))

    def run(self) -> World:
        """Step any role that can, until none can or the saga is aborted."""
        while self.aborted is None:
            ready = [role for role, waits in sorted(self._waits.items()) if self._ready(role, waits)]
            fresh = sorted({to for _, _, to in self.messages} - self.reached)
            if not ready and not fresh:
                return self
            role = self._chance.choice([*ready, *fresh])
            if role in fresh:
                self._begin(role)
            else:
                answer = self._answer(role, self._waits.pop(role))
                if self.aborted is None:
                    self._advance(role, answer)
        return self

    @property
    def stuck(self) -> list[str]:
        return sorted(self._waits)

    def _begin(self, role: str) -> None:
        self.reached.add(role)
        self._advance(role, None)

    def _advance(self, role: str, answer: Any) -> None:
        try:
            self._waits[role] = self._programs[role].send(answer)
        except StopIteration as end:
            self.results[role] = end.value

    def _ready(self, role: str, waits: Any) -> bool:
        return not isinstance(waits, (Receive, Branch)) or (waits.site, waits.sender, role) in self.messages

    def _answer(self, role: str, asked: Any) -> Any:
        match asked:
            case Call():
                return self._call(role, asked)
            case Send(site=site, to=to, value=value):
                return self._post((site, role, to), "", codec.encode(value))
            case Choose(site=site, to=to, label=label, rides=rides, value=value):
                return self._post((site, role, to), label, codec.encode(value) if rides else b"")
            case Receive(site=site, sender=sender, type=type):
                return codec.decode(self.messages[site, sender, role][1], type)
            case Branch(site=site, sender=sender, labels=labels):
                label, data = self.messages[site, sender, role]
                return label, None if labels[label] is None else codec.decode(data, labels[label])
            case Abort(reason=reason):
                self.aborted = reason
                return None
        raise AssertionError(asked)

    def _post(self, key: tuple[str, str, str], label: str, data: bytes) -> None:
        assert key not in self.messages, f"two messages under {key}"
        projections = self._choreography.projections
        assert key[2] in projections[key[1]].sends_to
        assert projections[key[2]].takes(key[0], key[1], "choice" if label else "data"), f"no place for {key}"
        self.messages[key] = (label, data)

    def _call(self, role: str, asked: Call) -> Any:
        types = load(self._choreography, role).operation_types[asked.operation][0]
        arguments = {name: codec.decode(codec.encode(value), types[name]) for name, value in asked.arguments.items()}
        self.calls.append((role, asked.site, asked.operation, arguments))
        outcome, answer = self._ask(role, asked.site, asked.operation, arguments)
        if outcome == "declined":
            if asked.attempt:
                return Outcome(False, None, answer)
            self.aborted = answer
            return None
        value = codec.decode(codec.encode(answer), asked.returns)
        return Outcome(True, value) if asked.attempt else value
