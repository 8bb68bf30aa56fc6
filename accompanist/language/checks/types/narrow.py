"""What a condition says of the types of what it asks.

`isinstance(x, Put)`, `x is None`, `x` alone and `x.kind == "put"` say which parts of a union x can be, if they hold and
if they do not. What is known that way stands in the environment beside the type itself, under the path that was asked:
a name, a field of it, a part of it by number. It ends where paths meet again, or with another value of the name.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping

from accompanist.language import types
from accompanist.language.checks.types.instances import asked as asked_for
from accompanist.language.reading.messages import Messages
from accompanist.language.types import BOOL, INT, NONE, UNKNOWN, Type

Env = Mapping[str, Type]
_MARK = ">"  # no name begins with it; alone it says that an environment may hold more than names
_ALIAS = "="


def path(node: ast.expr) -> str:
    """`a.b[0].c` as text, nothing for an expression of another form."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=attr):
            base = path(value)
            return f"{base}.{attr}" if base else ""
        case ast.Subscript(value=value, slice=ast.Constant(value=int(number))):
            base = path(value)
            return f"{base}[{number}]" if base else ""
    return ""


def known(env: Env, node: ast.expr) -> Type | None:
    """What conditions have said of an expression; None if they have said nothing."""
    text = path(node)
    return env.get(_MARK + text) if text else None


def plain(env: Env) -> Env:
    """The environment without what conditions have said."""
    if _MARK not in env:
        return env
    return {name: type for name, type in env.items() if name[0] not in (_MARK, _ALIAS)}


def told(env: Env) -> bool:
    """Whether conditions have said something."""
    return _MARK in env and any(name[0] == _MARK != name for name in env)


def bound(env: Env, target: str, type: Type, exact: Type | None = None) -> Env:
    """The environment with another value of a name, `exact`: what more is known of its type."""
    if _MARK in env:
        begin = re.compile(rf"[{_MARK}{_ALIAS}]{re.escape(target)}(?![\w])")
        env = {name: known for name, known in env.items() if not begin.match(name)}
    said = {} if exact is None or exact == type else {_MARK: UNKNOWN, _MARK + target: exact}
    return {**env, target: type, **said}


def same(env: Env, target: str, name: str) -> Env:
    """The environment in which a generated name holds what a name holds: what is asked of one is known of both."""
    return {**env, _MARK: UNKNOWN, _ALIAS + target: Type(name)}


def meeting(one: Env, other: Env) -> dict[str, Type]:
    """What is still known where two paths meet."""
    if _MARK not in one or _MARK not in other:
        return {}
    said = {name: type for name, type in one.items() if name[0] == _MARK and other.get(name) == type}
    return said if len(said) > 1 else {}


class Narrowing:
    """Reads conditions. `class_of`: the type that a name stands for after isinstance; `type_of`: of an expression."""

    def __init__(
        self, messages: Messages, class_of: Callable[[str], Type | None], type_of: Callable[[ast.expr, Env], Type]
    ) -> None:
        self._messages, self._class_of, self._type_of = messages, class_of, type_of

    def after(self, test: ast.expr, env: Env, holds: bool) -> Env:
        """The environment where a condition holds, or does not."""
        match test:
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return self.after(operand, env, not holds)
            case ast.BoolOp(op=op, values=values) if isinstance(op, ast.And) == holds:
                for value in values:
                    env = self.after(value, env, holds)
                return env
            case ast.BoolOp(values=values):
                return self._either(values, env, holds)
            case ast.Call(func=ast.Name(id="isinstance"), args=[asked, classes]):
                wanted = [found for name in asked_for(classes) if (found := self._class_of(name)) is not None]
                if not wanted:
                    return env
                return self._set(asked, env, lambda one: self._is(one, wanted), holds, types.union(*wanted))
            case ast.Compare(left=asked, ops=[ast.Is() | ast.IsNot() as sign], comparators=[ast.Constant(value=None)]):
                return self._set(asked, env, lambda one: one == NONE, holds == isinstance(sign, ast.Is), NONE)
            case ast.Compare(
                left=ast.Attribute(value=asked, attr=attr),
                ops=[ast.Eq() | ast.NotEq() as sign],
                comparators=[ast.Constant(value=str() as tag)],
            ):
                return self._set(asked, env, lambda one: self._tag(one, attr, tag), holds == isinstance(sign, ast.Eq))
            case ast.Name() | ast.Attribute() if holds:
                return self._set(test, env, lambda one: one == NONE, False)
        return env

    def _either(self, values: list[ast.expr], env: Env, holds: bool) -> Env:
        ways: list[Env] = []
        for value in values:
            ways.append(self.after(value, env, holds))
            env = self.after(value, env, not holds)
        first, *others = ways
        made: dict[str, Type] = {n: t for n, t in env.items() if n[0] != _MARK}
        if _MARK in env:
            made[_MARK] = UNKNOWN
        for name, type in first.items():
            if name[0] == _MARK and all(name in way for way in others):
                made[name] = types.union(type, *(way[name] for way in others))
        return made

    def _set(
        self, asked: ast.expr, env: Env, is_one: Callable[[Type], bool], holds: bool, wanted: Type | None = None
    ) -> Env:
        """What is known of an expression once a question about the parts of its type has been answered."""
        text = path(asked)
        if not text:
            return env
        now = self._type_of(asked, env)
        left = [one for one in now.options if is_one(one) == holds]
        if wanted is not None and holds and (not left or now == UNKNOWN):
            left = [wanted]
        if not left or now.refused or tuple(left) == now.options:
            return env
        made = {**env, _MARK: UNKNOWN, _MARK + text: types.union(*left)}
        root = re.match(r"\w+", text)
        other = env.get(_ALIAS + root.group()) if root is not None else None
        if other is not None and root is not None:
            made[_MARK + other.name + text[root.end() :]] = types.union(*left)
        return made

    def _is(self, one: Type, wanted: list[Type]) -> bool:
        return any(self._messages.derives(one, other) or (one == BOOL and other == INT) for other in wanted)

    def _tag(self, one: Type, attr: str, tag: str) -> bool:
        message = self._messages.find(one)
        return message is not None and message.tags.get(attr, tag) == tag
