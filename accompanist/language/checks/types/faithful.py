"""Which expressions may give a value that is not yet in its wire form; around these `as_sent` is put.

What was read from a message, and what is computed from such values alone, has it already: texts, numbers of the type
that is declared, parts of messages, lists and tuples of these. It may be missing where a declared type takes in what
Python takes for the same: arguments of a constructor, an annotated name, the result of a @pure function.

When in doubt `as_sent` is put: it changes nothing of a value that has its wire form. Only a type that no message can be
made of is left alone, until something of it is moved.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import replace

from accompanist.language import types
from accompanist.language.checks.types.infer import Inference
from accompanist.language.ir import Block, Enter, Expression, If, Invoke, Let, Loop, Move, NormalForm, Return, Statement
from accompanist.language.reading.names import Names
from accompanist.language.types import ATTEMPTED, FLOAT, INT, Type

Env = Mapping[str, Type]
WORD = "as_sent"
_EXACT = frozenset({"len", "str", "int", "float", "bool", "bytes", "any", "all", "isinstance", "repr", "range"})
_OF_THEIRS = frozenset({"min", "max", "sorted", "list", "tuple", "abs", "round", "divmod", "zip", "enumerate"}) | {
    "reversed"
}


class Faithful:
    """Puts expressions of one choreography in their wire form."""

    def __init__(self, names: Names, infer: Inference) -> None:
        self._names, self._messages, self._infer = names, names.messages, infer
        self._plain: dict[Type, bool] = {}
        self._known: dict[Type, bool] = {}

    def moved(self, value: Expression, found: Type, wanted: Type, env: Env) -> Expression:
        """What is sent: it has to be what everybody decodes, the owners included that are not sent it."""
        if value.refused or (self._fits(found, wanted) and self._kept(value.node, env)):
            return value
        return replace(value, wire=wanted)

    def bound(self, value: Expression, found: Type, wanted: Type, env: Env) -> Expression:
        """What a name is bound to, or is given to an operation, or is the result. Another name for a value that has a
        name is the same value, at each owner."""
        fits = self._fits(found, wanted)
        if value.refused or not self._messageable(wanted) or (fits and isinstance(value.node, ast.Name)):
            return value
        return self.moved(value, found, wanted, env)

    def _messageable(self, type: Type) -> bool:
        """Whether a type is known, and the codec reads and writes it for certain."""
        if type not in self._known:
            self._known[type] = type.known and not self._messages.unsendable(type) and not self._opaque(type)
        return self._known[type]

    def _opaque(self, type: Type) -> bool:
        """Whether a type, or one in it, is defined outside the project, and none that is known here."""
        ours = type.module in ("", "literal") or (type.module, type.name) in types.KNOWN
        return not (ours or self._messages.find(type)) or any(map(self._opaque, type.arguments))

    def _fits(self, found: Type, wanted: Type) -> bool:
        """Whether values of the one type are values of the other as they are."""
        found, wanted = types.unveiled(found), types.unveiled(wanted)
        if found == wanted:
            return True
        if found.name == "|":
            return all(self._fits(option, wanted) for option in found.arguments)
        if wanted.name == "|":
            return any(self._fits(found, option) for option in wanted.arguments)
        if (found.module, found.name) != (wanted.module, wanted.name) or found.module:
            return False
        if found.name == "tuple" and types.ELLIPSIS not in found.arguments and types.ELLIPSIS in wanted.arguments:
            return all(self._fits(one, wanted.arguments[0]) for one in found.arguments)
        same = len(found.arguments) == len(wanted.arguments)
        return same and all(map(self._fits, found.arguments, wanted.arguments)) and bool(found.arguments)

    def _is_plain(self, type: Type) -> bool:
        """Whether a value of this type that was read is written, and read again, as the same."""
        if type not in self._plain:
            self._plain[type] = self._plain_but(type, frozenset())
        return self._plain[type]

    def _plain_but(self, type: Type, around: frozenset[Type]) -> bool:
        if type in around:
            return True  # it holds itself
        message = self._messages.find(type)
        own = message.plain if message is not None else not self._opaque(type)
        inner = type.arguments if message is None else [*type.arguments, *(field for _, field in message.fields)]
        return type.known and own and all(self._plain_but(one, around | {type}) for one in inner)

    def _kept(self, node: ast.expr, env: Env) -> bool:
        """Whether what an expression gives has its wire form, as the type that is inferred for it."""
        match node:
            case ast.Constant() | ast.Compare() | ast.JoinedStr() | ast.UnaryOp(op=ast.Not()):
                return True
            case ast.Name(id=name) if name in env:
                return self._is_plain(env[name])
            case ast.Name(id=name):  # a constant; or an enum, or the name of a comprehension
                return name not in self._names.constants or self._kept(self._names.constants[name], {})
            case ast.Attribute(value=value, attr=attr):
                return self._kept(value, env) and not self._runs(value, attr, env)
            case ast.Subscript(value=value) | ast.UnaryOp(operand=value):
                return self._kept(value, env)
            case ast.Starred(value=value):
                return self._kept(value, env)
            case ast.BinOp(left=left, right=right):
                return self._kept(left, env) and self._kept(right, env)
            case ast.BoolOp(values=parts) | ast.Tuple(elts=parts) | ast.List(elts=parts):
                return all(self._kept(part, env) for part in parts)
            case ast.IfExp(body=body, orelse=orelse):
                return self._kept(body, env) and self._kept(orelse, env)
            case (
                ast.ListComp(elt=element, generators=generators) | ast.GeneratorExp(elt=element, generators=generators)
            ):
                return self._kept(element, env) and all(self._kept(one.iter, env) for one in generators)
            case ast.Call(func=ast.Name(id=alias)):
                return self._call(node, alias, env)
            case ast.Call(func=ast.Attribute(value=value, attr=attr)):
                kept = self._kept(value, env) and all(self._kept(one, env) for one in node.args)
                return kept and not self._runs(value, attr, env)
        return False

    def _runs(self, owner: ast.expr, name: str, env: Env) -> bool:
        """Whether a property or a @pure method of a message gives it: code, which may give what is not quite its
        type."""
        if isinstance(owner, ast.Name) and owner.id not in env:
            return False  # a member of an enum
        found = types.unveiled(self._infer.type_of(owner, env))
        messages = (self._messages.find(types.unveiled(part)) for part in found.options)
        return any(name in [known for known, _, _ in one.code] for one in messages if one is not None)

    def _call(self, node: ast.Call, alias: str, env: Env) -> bool:
        given = [*node.args, *(keyword.value for keyword in node.keywords if keyword.arg != "key")]
        pair = self._names.table.get(alias)
        if pair is not None:
            return self._made(Type(pair[1], pair[0]), node, env)
        if alias in _EXACT:
            return True
        inside = alias in _OF_THEIRS or (alias == "sum" and self._infer.type_of(node, env) == INT)
        return inside and all(self._kept(one, env) for one in given)

    def _made(self, type: Type, node: ast.Call, env: Env) -> bool:
        """A constructor that is given each field, of its very type."""
        message = self._messages.find(type)
        if message is None or not self._is_plain(type) or message.parameters or message.kind != "data":
            return False
        names = [name for name, _ in message.fields]
        given = [*zip(names, node.args, strict=False), *((one.arg or "", one.value) for one in node.keywords)]
        if sorted(name for name, _ in given) != sorted(names):
            return False
        fields = dict(message.fields)
        return all(
            self._kept(value, env) and self._fits(self._infer.type_of(value, env), fields[name])
            for name, value in given
        )


def put(whole: NormalForm, names: Names) -> NormalForm:
    """The choreography with `as_sent` in the expressions that need it, now that all checks have read them."""

    def wired(value: Expression) -> Expression:
        return value if value.wire is None else replace(value, node=_wired(value.node, value.wire, names), wire=None)

    def block(points: Block) -> Block:
        made = tuple(map(point, points))
        return made if any(one is not other for one, other in zip(made, points, strict=True)) else points

    def point(one: Statement) -> Statement:
        """The same statement if nothing in it needs it, as in most."""
        match one:
            case Let() | Move() | Return() if one.value.wire is not None:
                return replace(one, value=wired(one.value))
            case Invoke() if any(value.wire is not None for _, value in one.arguments):
                return replace(one, arguments=tuple((name, wired(value)) for name, value in one.arguments))
            case Enter() if any(value.wire is not None for _, value in one.arguments):
                return replace(one, arguments=tuple((given, wired(value)) for given, value in one.arguments))
            case If(then=then, orelse=orelse):
                yes, no = block(then), block(orelse)
                return one if yes is then and no is orelse else replace(one, then=yes, orelse=no)
            case Loop(body=body):
                inner = block(body)
                return one if inner is body else replace(one, body=inner)
        return one

    return NormalForm(block(whole.body), tuple(replace(one, body=block(one.body)) for one in whole.procedures))


def _tried(node: ast.expr, wanted: Type, names: Names) -> ast.expr:
    """What is attempted in its wire form inside of the attempt, where who reads it checks more than types: that it is
    refused is what the attempt is for. Anything else as it is."""
    match node:
        case ast.Call(func=ast.Name(id=alias) as func, args=[ast.Lambda(args=taken, body=body)]) if wanted.arguments:
            inner = types.some(wanted.arguments[0])
            if names.table.get(alias) == ATTEMPTED and names.messages.checks(inner):
                sent = ast.Call(ast.Name(WORD, ast.Load()), [body, _kind(inner, names)], [])
                return ast.Call(func, [ast.Lambda(taken, sent)], [])
    return node


def _kind(wanted: Type, names: Names) -> ast.expr:
    return ast.parse(names.type_text(wanted), mode="eval").body


def _wired(node: ast.expr, wanted: Type, names: Names) -> ast.expr:
    number = node.value if isinstance(node, ast.Constant) else None
    if type(number) is int and wanted == FLOAT and int(float(number)) == number:
        made: ast.expr = ast.Constant(float(number))
    else:
        made = ast.Call(ast.Name(WORD, ast.Load()), [_tried(node, wanted, names), _kind(wanted, names)], [])
    for part in ast.walk(made):
        if isinstance(part, ast.expr) and not hasattr(part, "lineno"):
            ast.copy_location(part, node)
    return ast.copy_location(made, node)


class _Written(ast.NodeTransformer):
    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        return node.args[0] if isinstance(node.func, ast.Name) and node.func.id == WORD else node


def written(node: ast.expr) -> ast.expr:
    """An expression as its author wrote it, without what was put around it here. The tree itself is changed."""
    made: ast.expr = _Written().visit(node)
    return made
