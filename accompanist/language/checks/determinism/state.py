"""What a @pure function reads of a module, and whether it may be another value in another process, or later.

A list or a dict that is written out is a constant if nothing that was read may change it. That is asked last, when all
files that matter have been read.
"""

from __future__ import annotations

import ast
from typing import NamedTuple

from accompanist.language.checks.types import changeable
from accompanist.language.reading import annotation, constants, only_read
from accompanist.language.reading.constants import Constants
from accompanist.language.reading.mentions import Mention, mentions
from accompanist.language.reading.messages import Messages
from accompanist.language.reading.modules import Module, Modules, Reference
from accompanist.language.text.nodes import children
from accompanist.language.types import Type

_CHANGEABLE = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)


class StateProblem(NamedTuple):
    text: str
    hint: str


class _NotedRead(NamedTuple):
    """One place that reads something that could be changed."""

    home: Module
    node: ast.AST
    text: str
    found: Reference
    value: ast.expr


class ModuleState:
    """What the names at the top of modules stand for."""

    def __init__(self, modules: Modules, messages: Messages) -> None:
        self._modules, self._messages = modules, messages
        self._constants = Constants(modules, messages, _with_its_module, lambda node, module: node)
        self._asked: list[_NotedRead] = []

    def wrong(self, home: Module, node: ast.AST, found: Reference, text: str) -> StateProblem | None:
        """What is wrong with a name, as far as its own line says it. What is asked later is noted."""
        owner = self._modules.find(found.module)
        value = getattr(found.node, "value", None)
        if owner is None or not isinstance(value, ast.expr):
            return None
        constant = self._constants.assigned(owner, found.name)
        if len(owner.bound.get(found.name, ())) > 1:
            return self._can_change(owner, found, text)
        if constant is None:
            if isinstance(value, ast.Tuple) and _makes(value):
                self._asked.append(_NotedRead(home, node, text, found, value))
            elif annotation.new_type(self._modules, found) is None and (isinstance(value, ast.Call) or _makes(value)):
                return self._can_change(owner, found, text)
        elif constants.changeable(constant):
            self._ask(home, node, found, text)
        return None

    def _ask(self, home: Module, node: ast.AST, found: Reference, text: str) -> None:
        """Note a constant, and those that it holds or is another name of."""
        waiting = [found]
        for one in waiting:
            owner, value = self._modules.find(one.module), getattr(one.node, "value", None)
            constant = self._constants.assigned(owner, one.name) if owner is not None else None
            if owner is None or not isinstance(value, ast.expr) or constant is None:
                continue
            if constants.changeable(constant):
                self._asked.append(_NotedRead(home, node, text, one, constant))
                parts = (part for part in ast.walk(value) if isinstance(part, ast.Name | ast.Attribute))
                waiting += filter(None, (annotation.reference(self._modules, owner, part) for part in parts))

    def changed(self) -> list[tuple[Module, ast.AST, StateProblem]]:
        """The first reading of each constant that some line may change."""
        found = []
        for one in {(read.found.module, read.found.name): read for read in reversed(self._asked)}.values():
            change = only_read.change(self._modules, one.found.module, one.found.name, one.value, self._changeable)
            if change is not None:
                found.append((one.home, one.node, self._by(one, change)))
        return found

    def written(self, found: Reference, text: str) -> StateProblem | None:
        """What is wrong with a list or a dict that a choreography reads: some line certainly changes it. What may be
        done to it elsewhere is no matter, since each use in a choreography makes its own."""
        for one in mentions(self._modules, found.module, found.name):
            if only_read.writes(one):
                line = f"line {getattr(one.node, 'lineno', 1)} of {one.home.source.path.rpartition('/')[2]}"
                hint = f"all of it where {text} is assigned, and nothing that changes it; or pass it as a parameter"
                return StateProblem(f"{text} is not a constant: {line} changes it", hint)
        return None

    def _changeable(self, value: ast.expr) -> bool:
        """Whether a value can be changed in place, or something in it."""
        calls = [one.func.id for one in ast.walk(value) if isinstance(one, ast.Call) and isinstance(one.func, ast.Name)]
        made = (Type(name, module) for module, _, name in (one.rpartition(":") for one in calls) if module)
        return _makes(value) or any(changeable.parts(one, self._messages) for one in made)

    def _by(self, read: _NotedRead, change: Mention) -> StateProblem:
        line = f"line {getattr(change.node, 'lineno', 1)}"
        if change.home is not read.home:
            line += f" of {change.home.source.path.rpartition('/')[2]}"
        deep = any(map(self._changeable, only_read.items(read.value)))
        kinds = {ast.Dict: "dict", ast.List: "list"}
        copied = "copy.deepcopy" if deep else kinds.get(type(read.value), "copy.deepcopy")
        hint = f"what only reads it in {line}, or a copy there, {copied}({read.text}); or pass it as an argument"
        return StateProblem(f"{read.text} may be changed by what {line} does with it", hint)

    def _can_change(self, owner: Module, found: Reference, text: str) -> StateProblem:
        hint = constants.instead(self._modules, owner, found)
        return StateProblem(f"{text} can change while the function is in use", f"{hint}; or pass it as an argument")


def _with_its_module(module: str, name: str) -> str:
    return f"{module}:{name}"


def _makes(value: ast.expr) -> bool:
    """Whether something that can be changed is written in it, but for what a function in it makes."""
    if isinstance(value, ast.Lambda):
        return False
    return isinstance(value, _CHANGEABLE) or any(_makes(one) for one in children(value) if isinstance(one, ast.expr))
