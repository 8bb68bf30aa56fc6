"""Whether a list or a dict at the top of a module is only read, wherever the project mentions it: a constant then.

What is not certainly a reading may change it: another name for it, a result, an argument of a function that is not one
of Python's own that only read. What is taken out of it is followed as far as it can be changed, too.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence

from accompanist.language.reading import annotation
from accompanist.language.reading.mentions import Mention, inside, mentions
from accompanist.language.reading.methods import CHANGING
from accompanist.language.reading.modules import Modules

_LOOK = frozenset({"all", "any", "bool", "isinstance", "len", "print", "repr", "str"})
"""Functions of Python that give nothing of what they are given."""
_GO_THROUGH = frozenset(
    ["dict", "enumerate", "frozenset", "iter", "list", "max", "min", "reversed", "set", "sorted", "sum", "tuple", "zip"]
)
"""Those that give its items, or a copy with the same items."""
_FIND = frozenset({"count", "index", "keys"})
_GIVE = frozenset({"copy", "get", "items", "values"})
_COPYING = (("copy", "copy"), ("copy", "deepcopy"))

Changeable = Callable[[ast.expr], bool]


def change(modules: Modules, module: str, name: str, value: ast.expr, changeable: Changeable) -> Mention | None:
    """The first place that may change what a name of a module stands for; None if it is only read."""
    return next(
        (one for one in mentions(modules, module, name) if not _UsePass(modules, one, changeable).of(value)), None
    )


def writes(mention: Mention) -> bool:
    """Whether a mention certainly changes what it mentions, and is no other name for it."""
    match mention.above.get(id(mention.node)):
        case ast.Subscript(value=value, ctx=ast.Store() | ast.Del()):
            return value is mention.node
        case ast.Attribute(attr=attr):
            return attr in CHANGING
        case ast.AugAssign(target=target):
            return target is mention.node
    return isinstance(mention.node, ast.Global) or isinstance(getattr(mention.node, "ctx", None), ast.Del)


class _UsePass:
    """Looks at one mention. `changeable`: whether a value can be changed, or something in it."""

    def __init__(self, modules: Modules, mention: Mention, changeable: Changeable) -> None:
        self._modules, self._mention, self._changeable = modules, mention, changeable
        self._above: Mapping[int, ast.AST] = mention.above

    def of(self, value: ast.expr) -> bool:
        node = self._mention.node
        if not isinstance(node, ast.Name | ast.Attribute):
            return False
        if isinstance(node.ctx, ast.Store):
            return self._defines(node, value)
        return isinstance(node.ctx, ast.Load) and (self._in_a_choreography() or self._reads(node, [value]))

    def _defines(self, node: ast.expr, value: ast.expr) -> bool:
        """Whether it is the one line at the top of the module that binds the name."""
        statement = self._above.get(id(node))
        bound = [one for several in self._mention.home.bound.values() for one in several]
        return (
            isinstance(node, ast.Name)
            and any(one is statement for one in bound)
            and not isinstance(statement, ast.AugAssign)
        )

    def _in_a_choreography(self) -> bool:
        """There each use makes a value of its own."""
        part = self._mention.node
        while (scope := self._above.get(id(part))) is not None:
            if isinstance(scope, ast.FunctionDef) and part in scope.body:
                words = [one.func if isinstance(one, ast.Call) else one for one in scope.decorator_list]
                found = [annotation.reference(self._modules, self._mention.home, one) for one in words]
                if any(one is not None and one.word == "choreography" for one in found):
                    return True
            part = scope
        return False

    def _reads(self, node: ast.expr, held: Sequence[ast.expr]) -> bool:
        """Whether an expression that gives one of these values is only read where it stands."""
        inner = [part for one in held for part in items(one) if self._changeable(part)]
        apart = not inner  # nothing that is taken out can be changed
        keys = apart or all(map(_hashed, held))  # nothing that it is gone through for
        match self._above[id(node)]:
            case ast.Subscript(value=value, slice=index, ctx=ast.Load()) as whole if value is node:
                return apart or (not isinstance(index, ast.Slice) and self._reads(whole, inner))
            case ast.Attribute(attr=attr) as method:
                return attr in _FIND or (attr in _GIVE and apart) or (attr == "get" and self._got(method, inner))
            case ast.Compare(ops=ops, comparators=others):
                return any(
                    one is node and isinstance(op, ast.In | ast.NotIn) for op, one in zip(ops, others, strict=True)
                )
            case ast.For(iter=over) | ast.comprehension(iter=over) if over is node:
                return keys
            case ast.Assign(value=value, targets=targets) if value is node:
                return keys and all(isinstance(one, ast.Tuple | ast.List) for one in targets)
            case ast.Starred():
                return keys
            case ast.keyword(arg=None) | ast.Dict() | ast.BinOp(op=ast.Add() | ast.BitOr() | ast.Mult()) as whole:
                alone = not isinstance(whole, ast.Dict) or self._unpacked(whole, node)
                return apart and alone
            case ast.Call() as call:
                return self._given(call, node, apart, keys)
            case ast.FormattedValue() | ast.UnaryOp(op=ast.Not()) | ast.Expr():
                return True
            case ast.If(test=test) | ast.IfExp(test=test) | ast.While(test=test):
                return test is node
        return False

    def _unpacked(self, whole: ast.Dict, node: ast.expr) -> bool:
        return any(value is node and key is None for key, value in zip(whole.keys, whole.values, strict=True))

    def _got(self, method: ast.Attribute, inner: Sequence[ast.expr]) -> bool:
        """Whether what `x.get(…)` gives is only read."""
        call = self._above[id(method)]
        return isinstance(call, ast.Call) and call.func is method and self._reads(call, inner)

    def _given(self, call: ast.Call, node: ast.expr, apart: bool, keys: bool) -> bool:
        """Whether a call only reads what it is given here."""
        match call.func:
            case ast.Attribute(value=ast.Constant(value=str()), attr="join"):
                return True
            case ast.Name(id=name) if self._is_python(call.func):
                first = call.args[0] is node and (name not in ("max", "min") or len(call.args) == 1)
                if name in _LOOK:
                    return True
                through = apart if name in ("dict", "zip") else keys
                return name in _GO_THROUGH and (first or name == "zip") and through
        found = annotation.reference(self._modules, self._mention.home, call.func)
        pair = (found.module, found.name) if found is not None else ("", "")
        return pair in _COPYING and (apart or pair[1] == "deepcopy")

    def _is_python(self, node: ast.Name) -> bool:
        """Whether a name means what it means in Python."""
        home = self._mention.home
        brought = any(isinstance(one, ast.ImportFrom) and one.names[0].name == "*" for one in home.tree.body)
        return not brought and node.id not in home.bound and not inside(node, self._above)


def _hashed(value: ast.expr) -> bool:
    """Whether a value is written as a dict or a set, which hold nothing that can be changed where they are gone
    through."""
    match value:
        case ast.Dict() | ast.Set():
            return True
        case ast.BinOp(left=left, op=ast.BitOr() | ast.BitAnd() | ast.Sub() | ast.BitXor(), right=right):
            return _hashed(left) or _hashed(right)
    return False


def items(value: ast.expr) -> list[ast.expr]:
    """What is in a list, a tuple or a dict that is written out; a value of another kind is its own item."""
    match value:
        case ast.Dict(values=parts) | ast.List(elts=parts) | ast.Tuple(elts=parts):
            return parts
    return [value]
