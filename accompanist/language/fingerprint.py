"""Fingerprints: what a session must run on, as a hash.

A role's hash covers its projection, the source of every @pure function that it calls, directly or not, with the
constants these read, and the fields of the message types it speaks of. The choreography's fingerprint is the hash of
all role hashes. Comments, formatting, line numbers, file names and the version of Python do not count.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable, Mapping

from accompanist.language import annotation, canonical
from accompanist.language.messages import Messages
from accompanist.language.modules import Module, Modules
from accompanist.language.types import Type


class Definitions:
    """The definitions that a name rests on, as canonical text."""

    def __init__(self, modules: Modules, messages: Messages) -> None:
        self._modules, self._messages = modules, messages
        self._texts: dict[tuple[str, str], str] = {}
        self._inside: dict[tuple[str, str], list[tuple[str, str]]] = {}

    def under(self, names: Iterable[tuple[str, str]]) -> list[str]:
        """The canonical text of every definition of the project under these names, sorted."""
        found: dict[tuple[str, str], str] = {}
        wanted = list(names)
        while wanted:
            module_name, name = wanted.pop()
            if (module_name, name) in found:
                continue
            module = self._modules.find(module_name)
            if module is None or name not in module.bound:
                found[module_name, name] = f"{module_name}.{name}"  # outside the project: its name is all that is known
                continue
            key = (module_name, name)
            if key not in self._texts:
                nodes = module.bound[name]
                self._texts[key] = "\n".join(canonical.text(node) for node in nodes)
                self._inside[key] = [pair for node in nodes for pair in self._mentioned(module, node)]
            found[key] = self._texts[key]
            wanted += self._inside[key]
        return [found[pair] for pair in sorted(found)]

    def _mentioned(self, module: Module, node: ast.stmt) -> Iterable[tuple[str, str]]:
        """The definitions of the project that a definition mentions."""
        for part in ast.walk(node):
            texts = [annotation.dotted(part)] if isinstance(part, (ast.Name, ast.Attribute)) else []
            if isinstance(part, ast.Constant) and isinstance(part.value, str) and part.value.isidentifier():
                texts.append(part.value)  # an annotation in quotes
            for text in filter(None, texts):
                found = self._modules.resolve(module, text)
                if found is not None and found.node is not None:
                    yield found.module, found.name

    def fields(self, types: Iterable[Type]) -> list[tuple[str, str]]:
        """The names of the classes in these types."""
        return [
            (part.module, part.name) for type in types for part in _parts(type) if part.module not in ("", "literal")
        ]


def role_digest(program: ast.Module, operations: str, definitions: Iterable[str]) -> str:
    return _hash([canonical.text(program), operations, *definitions])


def fingerprint(name: str, digests: Mapping[str, str]) -> str:
    return _hash([name, *(f"{role}={digest}" for role, digest in sorted(digests.items()))])


def _hash(parts: Iterable[str]) -> str:
    state = hashlib.blake2b(digest_size=16)
    for part in parts:
        data = part.encode()
        state.update(len(data).to_bytes(8, "big") + data)
    return state.hexdigest()


def _parts(type: Type) -> Iterable[Type]:
    yield type
    for argument in type.arguments:
        yield from _parts(argument)
