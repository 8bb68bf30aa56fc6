"""Modules that are made from texts and seen by nobody else: how an old version's message classes and @pure functions
live in a process that has deployed newer ones.

A module `a.b` of the texts becomes `<prefix>.a.b`, where the prefix stands for exactly these texts. What it imports is
looked for in the texts first; a name whose first part is a package or module of the texts never comes from the
deployed ones, so that two versions are not mixed: it is missing. Everything else (the standard library, what is
installed, Accompanist) comes from the environment.

The modules stand in `sys.modules` under their private names, because dataclasses and type hints look there.

Not promised: a module that imports others by `importlib`, reads `__file__`, or is told apart by its name.
"""

from __future__ import annotations

import builtins
import hashlib
import importlib
import sys
from collections.abc import Mapping, Sequence
from importlib.machinery import ModuleSpec
from importlib.util import resolve_name
from pathlib import PurePosixPath
from types import ModuleType
from typing import Any


class PrivateModules:
    """Gives modules by the names they had when they were deployed; `load` takes it for its `module`."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        state = hashlib.blake2b(digest_size=8)
        for part in (part for path in sorted(texts) for part in (path, texts[path])):
            state.update(len(part.encode()).to_bytes(8, "big") + part.encode())
        self._prefix = f"_accompanist_{state.hexdigest()}"
        self._texts = texts
        self._paths = module_names(texts)
        self._packages = {name.rpartition(".")[0] for name in self._paths} | {
            name for name, path in self._paths.items() if path.endswith("__init__.py")
        }
        for name in list(self._packages):  # a package of packages need not have a file of its own
            while name := name.rpartition(".")[0]:
                self._packages.add(name)
        self._tops = {name.partition(".")[0] for name in self._paths}
        self._builtins = {**vars(builtins), "__import__": self._import}

    def __call__(self, name: str) -> ModuleType:
        """The module of that name: private if the texts have it, else the environment's. Raises ImportError, and
        whatever a module's own text raises."""
        return self._private(name) if name.partition(".")[0] in self._tops else importlib.import_module(name)

    def forget(self) -> None:
        """Let the modules go; what was made from them lives on as long as it is used."""
        for name in [name for name in sys.modules if name.startswith(f"{self._prefix}.")]:
            del sys.modules[name]

    def _private(self, name: str) -> ModuleType:
        full = f"{self._prefix}.{name}"
        if full in sys.modules:
            return sys.modules[full]
        if name not in self._paths and name not in self._packages:
            raise ModuleNotFoundError(f"the version's texts have no module {name}", name=name)
        parent, _, last = name.rpartition(".")
        above = self._private(parent) if parent else None
        if full in sys.modules:  # its package has imported it
            return sys.modules[full]
        module = self._execute(name, full)
        if above is not None:
            setattr(above, last, module)
        return module

    def _execute(self, name: str, full: str) -> ModuleType:
        path = self._paths.get(name, "")
        module = ModuleType(full)
        is_package = name in self._packages
        module.__spec__ = ModuleSpec(full, None, origin=path, is_package=is_package)
        module.__package__ = full if is_package else full.rpartition(".")[0]
        if is_package:
            module.__path__ = []
        vars(module)["__builtins__"] = self._builtins
        sys.modules[full] = module
        try:
            text = self._texts[path] if path else ""
            exec(compile(text, f"{self._prefix}/{path}", "exec", dont_inherit=True), vars(module))
        except BaseException:
            sys.modules.pop(full, None)
            raise
        return module

    def _import(
        self,
        name: str,
        globals: Mapping[str, Any] | None = None,
        locals: Mapping[str, Any] | None = None,
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> ModuleType:
        """What an import statement in one of the modules does."""
        if level:
            package = str((globals or {}).get("__package__", ""))
            name = resolve_name("." * level + name, package).removeprefix(self._prefix).removeprefix(".")
        if name.partition(".")[0] not in self._tops:
            return builtins.__import__(name, globals, locals, fromlist or (), 0)
        module = self._private(name)
        if not fromlist:
            return self._private(name.partition(".")[0])
        for item in fromlist:
            inside = f"{name}.{item}"
            if not hasattr(module, item) and (inside in self._paths or inside in self._packages):
                self._private(inside)
        return module


def module_names(texts: Mapping[str, str]) -> dict[str, str]:
    """The path of each module, by the name it is imported under."""
    found = {}
    for path in texts:
        parts = PurePosixPath(path).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found
