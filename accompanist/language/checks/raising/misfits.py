"""Calls that raise whatever their values are: their arguments do not fit what is called, or are constants that it does
not take.

Judged are classes of the project that `reading.constructors` reads, functions of the project, Python's builtins, and
dates, Decimals and UUIDs. Not promised: what a method takes, and what is spread with a star.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from inspect import Signature

from accompanist.language import types
from accompanist.language.checks.raising.always_raises import CertainError
from accompanist.language.checks.raising.written_out import raised
from accompanist.language.reading import parameters
from accompanist.language.reading.above import strange
from accompanist.language.reading.below import Below
from accompanist.language.reading.constructors import DATACLASS, Constructor, constructor
from accompanist.language.reading.messages import Messages
from accompanist.language.reading.modules import Module, Reference
from accompanist.language.reading.shadowed import rebound
from accompanist.language.text.instead import shown
from accompanist.language.types import PORTABLE, Type

_REPLACE = ("dataclasses", "replace")
TypeOf = Callable[[ast.expr], Type]


class Misfits:
    """Judges calls. What classes and functions take is read once."""

    def __init__(self, messages: Messages, *, fields: bool) -> None:
        """`fields`: whether fields that `replace` does not find are told, which typing says in a choreography."""
        self._modules, self._fields = messages.modules, fields
        self._classes: dict[tuple[str, str], Constructor | None] = {}
        self._below = Below(self._modules)

    def builtin(self, name: str, node: ast.Call) -> CertainError | None:
        """What is wrong with a call of one of Python's builtins."""
        taken = parameters.BUILTIN.get(name)
        wrong = self._fits(name, taken, node) if taken is not None else None
        named = {one.arg for one in node.keywords}
        if wrong is None and name in ("max", "min") and len(node.args) > 1 and "default" in named and _whole(node):
            given = ", ".join(map(shown, node.args))
            text = f"{name} of several values is never empty, and Python takes no default for it"
            return CertainError(text, f"{name}({given}), or {name}(({given}), default=…)")
        return wrong

    def of(self, found: Reference, node: ast.Call, written: str, type_of: TypeOf) -> CertainError | None:
        """What is wrong with a call of something that has a name in a module. `written`: its name in the text."""
        pair = (found.module, found.name)
        home = self._modules.find(found.module)
        if pair == _REPLACE:
            return self._fits(written, parameters.OF_THE_LIBRARY[pair], node) or self._replaced(node, type_of)
        if pair in PORTABLE and found.node is None:
            return self._fits(written, parameters.OF_THE_LIBRARY[pair], node) or _constant(pair, node, written)
        if home is not None and isinstance(found.node, ast.FunctionDef):
            return self._fits(written, self._function(home, found.node), node)
        made = self._class(found)
        wrong = self._fits(written, made.signature, node) if made is not None else None
        if wrong is None and made is not None and made.unset and not _sets_by_hand(home):
            name = made.unset[0]
            text = f"{written}(…) has no {name}: nothing sets it with init=False and without a default"
            return CertainError(text, f"{name} with a default, or without init=False")
        return wrong

    def _function(self, home: Module, node: ast.FunctionDef) -> Signature | None:
        alone = len(home.bound.get(node.name, ())) == 1 and node.name not in rebound(home)
        return parameters.of_function(node) if alone and not strange(self._modules, home, node) else None

    def _class(self, found: Reference) -> Constructor | None:
        key, home = (found.module, found.name), self._modules.find(found.module)
        if key not in self._classes:
            made = (
                constructor(self._modules, home, found.node) if home and isinstance(found.node, ast.ClassDef) else None
            )
            self._classes[key] = made if made is not None and made.kind else None
        return self._classes[key]

    def _fits(self, written: str, taken: Signature | None, node: ast.Call) -> CertainError | None:
        if taken is None or not _whole(node):
            return None
        why = parameters.misfit(taken, len(node.args), [one.arg or "" for one in node.keywords])
        return (
            CertainError(f"{written} cannot be called like this: {why}", f"{written}({parameters.written(taken)})")
            if why
            else None
        )

    def _replaced(self, node: ast.Call, type_of: TypeOf) -> CertainError | None:
        """Whether `replace` is given what no value of its type has as a field that can be given."""
        if not _whole(node):
            return None
        options = types.unveiled(type_of(node.args[0])).options
        wrong = [self._replaces(one, [one.arg or "" for one in node.keywords]) for one in options]
        return wrong[0] if all(wrong) else None

    def _replaces(self, owner: Type, names: list[str]) -> CertainError | None:
        home = self._modules.find(owner.module) if owner.module else None
        node = home.bound.get(owner.name, [ast.Pass()])[-1] if home is not None else None
        made = self._class(Reference(owner.module, owner.name, node))
        if made is None or self._below.of(owner):
            return None  # a value may be of a class below, which has other fields
        if made.kind != DATACLASS:
            instead = f"{owner.name}(…) with all of its fields"
            text = f"replace takes a dataclass, and {owner.name} is a {made.kind}"
            return CertainError(text, instead)
        fields = {name: one for name, one in made.fields.items() if one.set_by_init}
        known = names if self._fields else [name for name in names if name in made.fields]
        if other := next((name for name in known if name not in fields), ""):
            text = f"replace cannot give {owner.name} a field {other}"
            return CertainError(text, f"one of {', '.join(fields)}")
        needed = (name for name, one in fields.items() if one.only_given and not one.default and name not in names)
        if missing := next(needed, ""):
            return CertainError(f"replace has to give {missing} of {owner.name}, which no value keeps", f"{missing}=…")
        return None


def _sets_by_hand(home: Module | None) -> bool:
    """Whether the file of a class may set what it does not let others set."""
    return home is None or any("__setattr__" in line for line in home.source.lines)


def _whole(node: ast.Call) -> bool:
    """Whether all arguments are written, none of them spread."""
    return not any(isinstance(one, ast.Starred) for one in node.args) and all(one.arg for one in node.keywords)


def _constant(pair: tuple[str, str], node: ast.Call, written: str) -> CertainError | None:
    """Whether a date, say, is made of constants that make none."""
    if not _whole(node) or not (node.args or node.keywords) or not (problem := raised(pair, node)):
        return None
    return CertainError(f"{shown(node)} raises {problem}", f"constants that {written} takes")
