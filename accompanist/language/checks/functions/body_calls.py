"""Which calls in a @pure function are read exactly, with the types that they are read for: builtins, functions and
classes of the project, methods of Python's own values.

Whether a function of the project may raise is for `judged` to say.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from accompanist.language import types
from accompanist.language.checks.functions import body_unread
from accompanist.language.checks.functions.body_forms import Forms, unread
from accompanist.language.checks.functions.body_types import NEVER, SETS, called, item, kind
from accompanist.language.checks.functions.items import of_items
from accompanist.language.checks.raising import facts as asked
from accompanist.language.checks.raising import operands
from accompanist.language.checks.raising.facts import Facts, without
from accompanist.language.checks.raising.partial import Partial
from accompanist.language.reading import library
from accompanist.language.reading.kinds import Env
from accompanist.language.text.instead import shown
from accompanist.language.types import BOOL, FLOAT, INT, NONE, STR, Type
from accompanist.language.vocabulary import BUILTINS

_SIZED = frozenset({"list", "tuple", "dict", "str", "bytes", "None", "iterator", *SETS})
_NUMBERS = (INT, FLOAT, BOOL, NEVER, library.DECIMAL)
_TAKES_ITEMS = frozenset({"all", "any", "dict", "enumerate", "frozenset", "list", "max", "min", "reversed", "set"}) | {
    *("sorted", "sum", "tuple", "zip")
}
_READ = BUILTINS | {"map", "filter"}
_COUNTS = {
    **dict.fromkeys(("abs", "all", "any", "chr", "len", "ord", "repr", "reversed", "sorted"), (1, 1)),
    **dict.fromkeys(("divmod", "isinstance"), (2, 2)),
    **dict.fromkeys(("bool", "dict", "float", "frozenset", "list", "set", "tuple"), (0, 1)),
    **dict.fromkeys(("enumerate", "round", "sum"), (1, 2)),
    "int": (0, 2),
    "pow": (2, 3),
    "range": (1, 3),
    "str": (0, 3),
    "bytes": (0, 3),
    "zip": (0, 99),
}
"""How many values a builtin takes in their places. What is not here takes one or more."""
_NAMED = {
    "int": frozenset({"base"}),
    "max": frozenset({"default", "key"}),
    "min": frozenset({"default", "key"}),
    "round": frozenset({"ndigits"}),
    "sorted": frozenset({"key", "reverse"}),
    "str": frozenset({"encoding", "errors"}),
    "zip": frozenset({"strict"}),
    **dict.fromkeys(("enumerate", "sum"), frozenset({"start"})),
}
"""What it takes by its name. A dict takes any name."""
_PLAIN_DICT = {"defaultdict": "groups.setdefault(…, []).append(…)", "Counter": "counts[…] = counts.get(…, 0) + 1"}
"""What a dict does in the place of another kind of dict."""
_ITEMS_OF = frozenset({"extend", "update", "union", "intersection", "difference", "symmetric_difference", "join"}) | {
    *("isdisjoint", "issubset", "issuperset", "intersection_update", "difference_update", "fromkeys")
}
"""Methods that go through what they are given."""


class Read(Forms):
    """Looks through the expressions of one body, its calls among them."""

    def call(self, node: ast.Call, env: Env, facts: Facts) -> Iterator[Partial]:
        values = [*node.args, *(one.value for one in node.keywords)]
        match node:
            case ast.Call(func=ast.Name(id="zip"), args=[ast.Starred(value=rows)], keywords=[]) if "zip" not in env:
                yield from self.gone_through(rows, env, facts)
                if kind(item(self.exact.type_of(rows, env))) not in ("list", "tuple", "str"):
                    yield unread(node)
                return
        if any(isinstance(one, ast.Starred) for one in node.args) or any(one.arg is None for one in node.keywords):
            yield unread(node)
            return
        match node.func:
            case ast.Name(id=name) if name in env:
                yield unread(node)
            case ast.Name(id=name) if self.is_class(name):
                yield from self.all(values, env, facts)
                if self.exact.type_of(node, env).name == "!":
                    yield unread(node)
                if self.is_foreign(name):
                    yield from self._foreign(node, env)
            case ast.Name(id="next") if _has_default(node):
                yield from self.gone_through(node.args[0], env, facts)
                yield from self.all(node.args[1:], env, facts)
            case ast.Name(id=name) if name in _READ:
                yield from self._builtin(name, node, env, facts)
            case ast.Attribute(value=ast.Name(id="dict"), attr="fromkeys") if "dict" not in env:
                if len(node.args) not in (1, 2) or node.keywords:
                    yield unread(node)
                    return
                yield from self.gone_through(node.args[0], env, facts)
                yield from self.all(node.args[1:], env, facts)
                yield from self.hashable(node, item(self.exact.type_of(node, env)))
            case ast.Attribute(value=owner):
                yield from self._method(node, owner, node.func.attr, env, facts)
            case ast.Name(id="defaultdict" | "Counter" as name):
                yield Partial(node, unread(node).why, _PLAIN_DICT[name])
            case _:
                yield body_unread.function(node) if isinstance(node.func, ast.Name) else unread(node)

    def _builtin(self, name: str, node: ast.Call, env: Env, facts: Facts) -> Iterator[Partial]:
        given = node.args
        if name in ("map", "filter"):
            yield from self._each(node, env, facts)
            return
        if not _takes(name, node):
            yield unread(node)
            return
        keys = [one.value for one in node.keywords if one.arg == "key"]
        others = [one.value for one in node.keywords if one.arg != "key"]
        many = name in _TAKES_ITEMS and not (name in ("min", "max") and len(given) > 1)
        for at, one in enumerate(given[:1] if name == "isinstance" else given):
            items = many and (at == 0 or name == "zip")
            yield from (self.gone_through if items else self.held)(one, env, facts)
            if name != "isinstance" and not (items and name in ("list", "tuple", "enumerate", "zip", "reversed")):
                yield from self.known(one, env)
        yield from self.all(others, env, facts)
        yield from self._taken(name, node, keys, env, facts)

    def _foreign(self, node: ast.Call, env: Env) -> Iterator[Partial]:
        """A function of Python's own library takes plain values in their places."""
        for one in node.args:
            yield from self.known(one, env)
            found = self.exact.type_of(one, env)
            if any(option not in (*_NUMBERS, NONE) for option in item(found).options if kind(found) == "list"):
                yield unread(node)
            if library.DECIMAL in item(found).options:
                yield unread(node)
        if node.keywords and self.exact.type_of(node, env) in (INT, FLOAT, BOOL):
            yield unread(node)

    def _each(self, node: ast.Call, env: Env, facts: Facts) -> Iterator[Partial]:
        """A function that is called for each of several values."""
        function, *others = node.args or [node]
        for one in others:
            yield from self.gone_through(one, env, facts)
        if node.keywords or not others:
            yield unread(node)
        elif not (isinstance(function, ast.Constant) and function.value is None):
            given = [item(self.exact.type_of(one, env)) for one in others]
            for found in self.keyed(function, given, env, facts):
                yield of_items(found, node, self.own)

    def keyed(
        self, function: ast.expr, given: list[Type], env: Env, facts: Facts, over: ast.expr | None = None
    ) -> Iterator[Partial]:
        """A function that Python calls with values of these types; with the items of `over`, if that is given."""
        if isinstance(function, ast.Lambda):
            taken = function.args
            others = (taken.defaults, taken.posonlyargs, taken.kwonlyargs, taken.vararg, taken.kwarg)
            if any(others) or len(taken.args) != len(given):
                yield unread(function)
                return
            facts = without(facts, {one.arg for one in taken.args})
            if over is not None and not asked.names_in(over) & {one.arg for one in taken.args}:
                facts |= frozenset(asked.turned(ast.Name(taken.args[0].arg, ast.Load()), over))
        call, inside = called(function, given, env)
        yield from self.held(call, inside, facts)
        if (found := self.partials.first(call, inside, facts)) is not None:
            yield found

    def _method(self, node: ast.Call, owner: ast.expr, name: str, env: Env, facts: Facts) -> Iterator[Partial]:
        values = [*node.args, *(one.value for one in node.keywords if one.arg != "key")]
        written = {one.arg for one in node.keywords} <= {"key", "reverse"} and name not in ("hex", "isoformat")
        if isinstance(owner, ast.Name) and owner.id not in env and (self.is_class(owner.id) or owner.id in _READ):
            yield unread(node)
            return
        strange = isinstance(owner, ast.Name) and owner.id not in {*env, *self.own}
        if strange and not self.exact.type_of(owner, env).known:
            yield body_unread.function(node)
            return
        yield from self.of(owner, env, facts)
        found = types.unveiled(self.exact.type_of(owner, env))
        for value in values:
            yield from (self.gone_through if name in _ITEMS_OF else self.held)(value, env, facts)
        if self.messages.method(found, name) is not None:
            return
        moved = name == "replace" and found.module == "datetime"  # `partial` knows which of them may raise
        rounded = name in ("quantize", "to_integral_value")  # likewise `library_calls`
        plain = written or moved or rounded or not (node.args or node.keywords)
        if self.exact.type_of(node, env).name in ("?", "!") or kind(found) == "iterator" or not plain:
            yield body_unread.method(node, owner, name, found)
            return
        for value in (owner, *values):
            if name not in ("append", "insert", "extend", "setdefault", "get", "copy", "items", "keys", "values"):
                yield from self.known(value, env)
        yield from self._owned(node, owner, name, env, facts)

    def _taken(self, name: str, node: ast.Call, keys: list[ast.expr], env: Env, facts: Facts) -> Iterator[Partial]:
        """Whether a builtin takes every value of the types that it is given."""
        found = [self.exact.type_of(one, env) for one in node.args]
        held = item(found[0]) if found else NEVER
        match name:
            case "sorted" | "min" | "max":
                many = list(held.options) if len(found) == 1 else [part for one in found for part in one.options]
                yield from self._sorts(node, many, keys, env, facts)
            case "sum":
                starts = {kind(one) for one in found[1:]}
                lists = bool(starts) and {kind(held), *starts} == {"list"}
                if not lists and not all(one in (*_NUMBERS, NONE) for one in (*held.options, *found[1:])):
                    yield unread(node)
            case "len" | "reversed" if kind(found[0]) == "iterator" and not _has_length(node.args[0]):
                yield unread(node)
            case "len" if not all(kind(one) in _SIZED for one in self.options(node.args[0], env, facts)):
                yield unread(node)
            case "set" | "frozenset":
                yield from self.hashable(node, held)
            case "dict":
                made = self.exact.type_of(node, env)
                yield from self.known(node, env) if found else ()
                yield from self.hashable(node, item(made))
            case "abs" | "round" | "divmod" | "pow" | "range" | "chr" | "ord":
                options = [one for part in node.args for one in self.options(part, env, facts)]
                if not all(one in (*_NUMBERS, NONE, STR) for one in options):
                    yield unread(node)

    def _sorts(
        self, node: ast.Call, items: list[Type], keys: list[ast.expr], env: Env, facts: Facts
    ) -> Iterator[Partial]:
        """What is sorted is compared: itself, or what the key is of it."""
        for key in keys:
            given = types.union(*items) if items else NEVER
            over = node.args[0] if len(node.args) == 1 else None  # `list.sort` has none
            for found in self.keyed(key, [given], env, facts, over):
                yield of_items(found, node, self.own)
            items = list(self.exact.result(key, [given], env).options)
            match key, node.args:  # each key of a dict is in it
                case ast.Attribute(value=owner, attr="get"), [sorts] if ast.dump(owner) == ast.dump(sorts):
                    items = list(self.value_of(self.exact.type_of(owner, env)).options)
            if operands.unordered(items):
                yield Partial(node, "not all of them can be compared")
        yield from self.ordered(node, items)

    def _owned(self, node: ast.Call, owner: ast.expr, name: str, env: Env, facts: Facts) -> Iterator[Partial]:
        """A method of one of Python's own values."""
        found = types.unveiled(self.exact.type_of(owner, env))
        given = [self.exact.type_of(one, env) for one in node.args]
        keyed = [one.value for one in node.keywords if one.arg == "key"]
        match kind(found), name, node.args:
            case "list", "sort", []:
                yield from self._sorts(node, list(item(found).options), keyed, env, facts)
                if not keyed and operands.unordered(item(found).options):
                    yield Partial(node, "not all of them can be compared")
            case "list", "pop", [at] if asked.number(at) not in (0, -1):
                yield Partial(node, f"{shown(owner)} may have no such item")
            case "dict", "pop", [key] if not asked.member(key, owner, facts):
                yield Partial(node, f"{shown(key)} may not be in {shown(owner)}")
            case "str", "join", [_] if item(given[0]) != STR and NONE not in item(given[0]).options:
                yield unread(node)
        if kind(found) == "dict" and name in ("get", "pop", "setdefault", "update") and given:
            yield from self.hashable(node, given[0] if name != "update" else item(given[0]))
        if kind(found) in SETS and given:
            yield from self.hashable(node, given[0] if name in ("add", "remove", "discard") else item(given[0]))
        yield from self._put(node, found, name, given)

    def _put(self, node: ast.Call, owner: Type, name: str, given: list[Type]) -> Iterator[Partial]:
        """What is put into a value is of the type of what it holds: it may be a part of another value."""
        match kind(owner), name, given:
            case "list", ("append" | "insert"), [*_, value]:
                yield from self.put(node, item(owner), value)
            case "list", "extend", [value]:
                yield from self.put(node, item(owner), item(value))
            case "set", "add", [value]:
                yield from self.put(node, item(owner), value)
            case "set", "update", [value]:
                yield from self.put(node, item(owner), item(value))
            case "dict", "setdefault", [_, value]:
                yield from self.put(node, self.value_of(owner), value)
            case "dict", "update", [value]:
                yield from self.put(node, self.value_of(owner), self.value_of(value))


def _takes(name: str, node: ast.Call) -> bool:
    """Whether a builtin takes so many values, each in its place or under its name."""
    least, most = _COUNTS.get(name, (1, len(node.args) + 1))
    named = {one.arg for one in node.keywords}
    return least <= len(node.args) <= most and (name == "dict" or named <= _NAMED.get(name, frozenset()))


def _has_default(node: ast.Call) -> bool:
    """Whether `next` is asked for the first of some values, or else for another one."""
    return len(node.args) == 2 and not node.keywords and isinstance(node.args[0], ast.GeneratorExp)


def _has_length(node: ast.expr) -> bool:
    """Whether it is a range, or a view of a dict."""
    match node:
        case ast.Call(func=ast.Attribute(attr="keys" | "values" | "items")):
            return True
        case ast.Call(func=ast.Name(id="range"), args=args):  # of one that is longer than a machine counts it raises
            return len(args) < 3 and all(map(_counts, args))
    return False


def _counts(node: ast.expr) -> bool:
    """Whether it is how long something is, or a number that is written out."""
    match node:
        case ast.Call(func=ast.Name(id="len"), args=[_]):
            return True
    written = asked.number(node)
    return isinstance(written, int) and abs(written) < 2**31
