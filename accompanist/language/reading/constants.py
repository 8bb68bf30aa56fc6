"""Constants: names at the top of a module that stand for one value in every process.

A constant is assigned once, from literals, enum members and other constants: numbers, texts, tuples, frozensets, lists
and dicts of them; dates, Decimals and UUIDs made of literals; instances of frozen message classes. Its value is part of
the projection. A list and a dict can be changed in place, so there is none that all would share: each use in a
choreography makes its own. A @pure function reads the one of its module, which is only read (`only_read`).
"""

from __future__ import annotations

import ast
import datetime
import decimal
import uuid
from collections.abc import Callable

from accompanist import limits
from accompanist.language.reading import annotation, library
from accompanist.language.reading.messages import Messages
from accompanist.language.reading.modules import Module, Modules, Reference
from accompanist.language.types import PORTABLE, Type

Alias = Callable[[str, str], str]
Member = Callable[[ast.Attribute, Module], ast.expr | None]
_MAKERS = {
    "datetime": datetime.datetime,
    "date": datetime.date,
    "time": datetime.time,
    "timedelta": datetime.timedelta,
    "Decimal": decimal.Decimal,
    "UUID": uuid.UUID,
}


class Constants:
    """Reads constants. `alias` gives the name that something has in generated code, `member` that of an enum's."""

    def __init__(self, modules: Modules, messages: Messages, alias: Alias, member: Member) -> None:
        self._modules, self._messages, self._alias, self._member = modules, messages, alias, member

    def assigned(self, module: Module, name: str, hops: int = limits.import_hops_max) -> ast.expr | None:
        """The value of a name of a module, None if it is no constant."""
        found = self._modules.resolve(module, name)
        home = self._modules.find(found.module) if found is not None else None
        if found is not None and (found.module, found.name) in library.CONSTANTS:
            return ast.Name(self._alias(found.module, found.name), ast.Load())
        if found is None or home is None or len(home.bound.get(found.name, ())) != 1:
            return None  # bound twice: which one counts depends on when it is read
        match found.node:
            case ast.Assign(targets=[ast.Name()], value=value) | ast.AnnAssign(value=ast.expr() as value):
                return self._value(home, value, hops - 1)
        return None

    def _value(self, module: Module, node: ast.expr, hops: int) -> ast.expr | None:
        if hops == 0:
            return None
        match node:
            case ast.Constant(value=value) if value is not ... and not isinstance(value, complex):
                return node
            case ast.UnaryOp(op=op, operand=operand):
                inner = self._value(module, operand, hops - 1)
                return inner and ast.UnaryOp(op, inner)
            case ast.BinOp(left=left, op=op, right=right):
                first, second = self._value(module, left, hops - 1), self._value(module, right, hops - 1)
                return ast.BinOp(first, op, second) if first and second else None
            case ast.Tuple(elts=parts):
                values = self._values(module, parts, hops)
                return None if values is None else ast.Tuple(values, ast.Load())
            case ast.List(elts=parts):
                values = self._values(module, parts, hops)
                return None if values is None else ast.List(values, ast.Load())
            case ast.Dict(keys=keys, values=parts) if all(keys):
                names = self._values(module, [key for key in keys if key is not None], hops)
                values = self._values(module, parts, hops)
                if names is None or values is None or any(map(changeable, names)):
                    return None
                return ast.Dict([*names], values)
            case ast.Attribute():
                return self._member(node, module) or self._dotted(module, node, hops)
            case ast.Name(id=name):
                return self.assigned(module, name, hops)
            case ast.Call():
                return self._made(module, node, hops)
        return None

    def _values(self, module: Module, nodes: list[ast.expr], hops: int) -> list[ast.expr] | None:
        values = [self._value(module, node, hops - 1) for node in nodes]
        return [value for value in values if value] if all(values) else None

    def _dotted(self, module: Module, node: ast.Attribute, hops: int) -> ast.expr | None:
        text = annotation.dotted(node)
        return self.assigned(module, text, hops - 1) if text else None

    def _made(self, module: Module, node: ast.Call, hops: int) -> ast.expr | None:
        """A value that a constructor makes of constants."""
        found = annotation.reference(self._modules, module, node.func)
        if found is None:
            return self._several(module, node, hops)
        arguments = self._values(module, node.args, hops)
        named = self._values(module, [keyword.value for keyword in node.keywords], hops)
        if arguments is None or named is None or not all(keyword.arg for keyword in node.keywords):
            return None
        if annotation.new_type(self._modules, found) is not None:
            return arguments[0] if len(arguments) == 1 else None
        if not self._constructs(found, node):
            return None
        keywords = [ast.keyword(keyword.arg, value) for keyword, value in zip(node.keywords, named, strict=True)]
        return ast.Call(ast.Name(self._alias(found.module, found.name), ast.Load()), arguments, keywords)

    def _several(self, module: Module, node: ast.Call, hops: int) -> ast.expr | None:
        """`frozenset({…})` and `tuple([…])`."""
        match node:
            case ast.Call(func=ast.Name(id="frozenset" | "tuple" as made), args=[given], keywords=[]):
                parts = given.elts if isinstance(given, (ast.Set, ast.List, ast.Tuple)) else None
                values = None if parts is None else self._values(module, parts, hops)
                if values is not None and not (made == "frozenset" and any(map(changeable, values))):
                    return ast.Call(ast.Name(made, ast.Load()), [ast.Tuple(values, ast.Load())], [])
        return None

    def _constructs(self, found: Reference, node: ast.Call) -> bool:
        """Whether what is called makes a value that cannot be changed, and does make one of these arguments."""
        if (found.module, found.name) in PORTABLE:
            return _makes(_MAKERS[found.name], node)
        if not isinstance(found.node, ast.ClassDef):
            return False
        message = self._messages.find(Type(found.name, found.module))
        return message is not None and message.kind != "enum" and message.frozen


def _makes(maker: Callable[..., object], node: ast.Call) -> bool:
    """Whether a type of the library takes these literals; what else stands there is not known here."""
    try:
        arguments = [ast.literal_eval(part) for part in node.args]
        named = {keyword.arg or "": ast.literal_eval(keyword.value) for keyword in node.keywords}
    except ValueError:
        return True
    try:
        maker(*arguments, **named)
    except (TypeError, ValueError, ArithmeticError):
        return False
    return True


def changeable(value: ast.expr) -> bool:
    """Whether what a constant stands for could be changed in place, if it were one for all."""
    return any(isinstance(part, ast.Dict | ast.List) for part in ast.walk(value))


def why_not(modules: Modules, module: Module, found: Reference) -> str:
    """Why a name is no constant."""
    nodes = module.bound.get(found.name, [])
    lines = [str(node.lineno) for node in nodes]
    if len(nodes) > 1:
        return f"it is assigned in lines {', '.join(lines[:-1])} and {lines[-1]}"
    match getattr(nodes[-1], "value", None) if nodes else None:
        case ast.Set() | ast.SetComp():
            return "it is a set, and a set can be changed"
        case ast.Call(func=function):
            made = annotation.reference(modules, module, function)
            own = made is not None and isinstance(made.node, ast.ClassDef)
            return (
                f"a {ast.unparse(function)} can be changed" if own else f"{ast.unparse(function)}(…) is not read here"
            )
    return "what it stands for can be changed, or is not read here"


def instead(modules: Modules, module: Module, found: Reference) -> str:
    """What to write where a name is no constant."""
    nodes = module.bound.get(found.name, [])
    value = getattr(nodes[-1], "value", None) if nodes else None
    name = found.name
    if len(nodes) > 1:
        return f"assign {name} once; it is assigned in lines {', '.join(str(node.lineno) for node in nodes)}"
    match value:
        case ast.List(elts=parts):
            inside = ast.unparse(ast.Tuple(parts, ast.Load()))
            return f"a tuple, which cannot be changed: {name} = {inside}"
        case ast.Set():
            return f"a frozenset, which cannot be changed: {name} = frozenset({ast.unparse(value)})"
        case ast.Call(func=function):
            return _instead_of_call(modules, module, function)
        case ast.expr() if any(isinstance(part, (ast.List, ast.Set)) for part in ast.walk(value)):
            return f"tuples for the lists and sets in {name}, which can be changed"
    return "assign it once, from literals; or pass the value as a parameter"


def _instead_of_call(modules: Modules, module: Module, function: ast.expr) -> str:
    found = annotation.reference(modules, module, function)
    text = ast.unparse(function)
    if found is not None and (found.module, found.name) == ("types", "MappingProxyType"):
        return "the dict without MappingProxyType(…): one that is only read is a constant"
    if found is not None and (found.module, found.name) == ("re", "compile"):
        return "re.compile(…) inside the @pure function: there is no literal of a pattern"
    if found is not None and (found.module, found.name) in PORTABLE:
        return f"literals that {text} takes; it refuses these"
    if found is not None and isinstance(found.node, ast.ClassDef):
        return f"@dataclass(frozen=True) above class {found.name}, and literals as its fields"
    return f"literals instead of {text}(…); or pass the value as a parameter"
