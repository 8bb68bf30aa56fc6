"""Types of local expressions, as far as they follow from annotations alone.

Needed where a value moves: the receiver decodes it. So only moves report an unknown type, and ask for
`name: Type = value`. Where inference says less than a type checker would, nothing breaks; where it says something, it
is what the annotations say.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from functools import partial

from accompanist.language import types
from accompanist.language.checks.sets import addresses
from accompanist.language.checks.sets import given as set_given
from accompanist.language.checks.sets import names as set_names
from accompanist.language.checks.sets.operators import OPERATORS
from accompanist.language.checks.types import narrow, summed
from accompanist.language.reading import held_sets, library, methods
from accompanist.language.reading.gives import FIXED, builtin, either, is_plain_set, part_of
from accompanist.language.reading.messages import attribute, missing
from accompanist.language.reading.names import Names
from accompanist.language.types import BOOL, FLOAT, INT, STR, UNKNOWN, Type

Env = Mapping[str, Type]
Missing = Callable[[ast.Attribute, Type, Type], None]
"""Told of an attribute that a value certainly has not: the class without it, and the type that it is a part of."""
Method = Callable[[ast.Call, Type], None]
"""Told of a call of a method that values of this type have not, or have as code that is not known to be pure."""
Always = Callable[[ast.expr, Type], None]
"""Told of a condition whose type says that it is true."""
Unordered = Callable[[ast.expr, Type], None]
"""Told of a set where its order would show, or of something with a set within, and of its type."""
Formatted = Callable[[ast.JoinedStr | ast.BinOp, ast.expr, Type], None]
"""Told of what an f-string writes by a format, or `%` does, and of its type."""
Addressed = Callable[[ast.expr], None]
"""Told of a value whose text shows where it lies in memory."""
Raised = Callable[[set_given.Comprehension, Env, bool], frozenset[str]]
"""Says what a comprehension may raise, see `set_total`."""
Added = Callable[[ast.expr, Type], bool]
"""Told of `sum`, called or as a key, and of the types of what it adds. Says whether that is refused."""
Attempted = Callable[[ast.expr, Env], None]
"""Told of what is attempted: the name of an error that it raises is kept."""

_NUMBERS = (INT, FLOAT)


class Inference:
    """Infers types in one choreography."""

    def __init__(
        self,
        names: Names,
        signatures: Callable[[str, str], Type | None],
        missing: Missing,
        unordered: Unordered = lambda node, found: None,
        method: Method = lambda node, owner: None,
        always: Always = lambda node, found: None,
        formatted: Formatted = lambda node, part, found: None,
        addressed: Addressed = lambda node: None,
        raised: Raised = lambda node, env, asked: frozenset(),
        attempted: Attempted = lambda node, env: None,
        added: Added = lambda node, found: False,
        *,
        exact: bool = True,
    ) -> None:
        """`exact`: also goes by what conditions have said."""
        self._names, self._messages, self._signatures = names, names.messages, signatures
        self._missing, self._unordered, self._refused_method = missing, unordered, method
        self._always, self._formatted, self._addressed = always, formatted, addressed
        self._raised, self._attempted, self._added, self._exact = raised, attempted, added, exact
        self._narrowing = narrow.Narrowing(self._messages, self._isinstance, self.type_of)
        self._classes = set_names.classes(names.modules, self._messages)
        self._given = set_given.ComprehensionUses(names.modules, self._classes)
        self._attempts = 0  # how many `attempt` are around: of them the text of a KeyError comes out, with its key
        self.methods: set[int] = set()
        """Which calls of methods have been looked at, by the identity of their nodes."""

    def after(self, test: ast.expr, env: Env, holds: bool) -> Env:
        """The environment where a condition holds, or does not."""
        return self._narrowing.after(test, env, holds)

    def _isinstance(self, name: str) -> Type | None:
        return self._class(name) or (Type(name) if name in types.CLASSES else None)

    def type_of(self, node: ast.expr, env: Env) -> Type:
        if self._exact and (said := narrow.known(env, node)) is not None:
            return said
        match node:
            case ast.Constant(value=value):
                return types.NONE if value is None else Type(type(value).__name__)
            case ast.Name(id=name):
                return self._name(name, env)
            case ast.Attribute(value=value, attr=attr):
                return self._attribute(node, value, attr, env)
            case ast.Subscript(value=value, slice=index):
                return self._index(self.type_of(value, env), index, env)
            case ast.BinOp(left=left, op=ast.Pow(), right=ast.Constant(value=int(power))) if power >= 0:
                return _power(self.type_of(left, env))
            case ast.BinOp(left=left, op=ast.Mod(), right=right) if self.type_of(left, env) == STR:
                self._written(right, env)
                self._formatted(node, right, self.type_of(right, env))
                return STR
            case ast.BinOp(left=left, op=op, right=right):
                return _arithmetic(self.type_of(left, env), op, self.type_of(right, env))
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                self.ask(operand, env)
                return BOOL
            case ast.UnaryOp(operand=operand):
                inner = self.type_of(operand, env)
                return INT if inner == BOOL else inner
            case ast.Compare(left=left, comparators=others):
                for part in (left, *others):
                    self._given.compared(part)
                    self.type_of(part, env)
                return BOOL
            case ast.BoolOp(op=op, values=values):
                found = []
                for value in values:
                    if value is not values[-1]:
                        self.ask(value, env)
                    one = self.type_of(value, env)
                    found.append(types.some(one) if isinstance(op, ast.Or) and value is not values[-1] else one)
                    env = self._narrowing.after(value, env, isinstance(op, ast.And)) if self._exact else env
                return either(*found)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                self.ask(test, env)
                yes, no = (self._narrowing.after(test, env, holds) if self._exact else env for holds in (True, False))
                return either(self.type_of(body, yes), self.type_of(orelse, no))
        return self._compound(node, env)

    def ask(self, node: ast.expr, env: Env) -> None:
        """Look at a condition."""
        match node:
            case ast.BoolOp(op=op, values=values):
                for value in values:
                    self.ask(value, env)
                    env = self._narrowing.after(value, env, isinstance(op, ast.And))
            case _:
                found = self.type_of(node, env)
                if self._messages.always_true(found):
                    self._always(node, found)

    def _compound(self, node: ast.expr, env: Env) -> Type:
        match node:
            case ast.Tuple(elts=parts) if any(isinstance(part, ast.Starred) for part in parts):
                return Type("tuple", "", (either(*(self._part(part, env) for part in parts)), types.ELLIPSIS))
            case ast.Tuple(elts=parts):
                return Type("tuple", "", tuple(self.type_of(part, env) for part in parts))
            case ast.List(elts=parts) if parts:
                return types.listed(either(*(self._part(part, env) for part in parts)))
            case ast.Dict(keys=keys, values=values) if keys:
                pairs = [self._pair(key, value, env) for key, value in zip(keys, values, strict=True)]
                return Type("dict", "", (either(*(k for k, _ in pairs)), either(*(v for _, v in pairs))))
            case ast.Set(elts=parts):
                return Type("set", "", (either(*(self._part(part, env) for part in parts)),))
            case ast.SetComp():
                self._given.quiet.setdefault(id(node), "set")
                return Type("set", "", (self._each(node, env),))
            case ast.JoinedStr(values=values):
                for part in values:
                    if isinstance(part, ast.FormattedValue):
                        self._written(part.value, env, part.conversion not in held_sets.AS_STR)
                        if part.format_spec is not None:
                            self._formatted(node, part, self.type_of(part.value, env))
                return STR
            case ast.ListComp():
                return types.listed(self._each(node, env))
            case ast.GeneratorExp():
                return Type("iterator", "", (self._each(node, env),))
            case ast.DictComp(key=key, value=value, generators=generators):
                inside = self.inside(generators, env, node)
                return Type("dict", "", (self.type_of(key, inside), self.type_of(value, inside)))
            case ast.Call(func=ast.Name(id=name)):
                return self._call(name, node, env)
            case ast.Call(func=ast.Attribute(value=value, attr=attr)):
                return self._method(node, self.type_of(value, env), attr, env)
        return UNKNOWN

    def _each(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp, env: Env) -> Type:
        """The type of what a comprehension makes of each part."""
        inside = self.inside(node.generators, env, node)
        found = self.type_of(node.elt, inside)
        if id(node) in self._given.through_set:
            raised = partial(self._raised, node, env)
            of = partial(self.type_of, env=inside)
            for place, type in self._given.varying(node, found, of, raised, self._attempts > 0):
                self._unordered(place, type)
        return found

    def _part(self, node: ast.expr, env: Env) -> Type:
        """The type of what a part of a display puts there."""
        if isinstance(node, ast.Starred):
            return part_of(self._ordered(node.value, self.type_of(node.value, env)))
        return self.type_of(node, env)

    def _pair(self, key: ast.expr | None, value: ast.expr, env: Env) -> tuple[Type, Type]:
        """The types of a key and a value of a dict display; `**d` puts there what it has."""
        found = self.type_of(value, env)
        if key is not None:
            return self.type_of(key, env), found
        if found.name == "dict" and not found.module and len(found.arguments) == 2:
            return found.arguments[0], found.arguments[1]
        return (types.REFUSED, types.REFUSED) if found.refused else (UNKNOWN, UNKNOWN)

    def inside(self, generators: list[ast.comprehension], env: Env, whole: ast.expr | None = None) -> Env:
        inside = dict(env)
        for generator in generators:
            iterated = self.type_of(generator.iter, inside)
            if id(whole) in self._given.quiet and held_sets.is_set(iterated):
                self._given.through_set.setdefault(id(whole), {})[id(generator.iter)] = (generator.iter, iterated)
            else:
                self._ordered(generator.iter, iterated)
            inner = part_of(iterated)
            self._taken_apart(generator.target, inner)
            for name, found in bind(generator.target, inner).items():
                inside = dict(narrow.bound(inside, name, found))
            for condition in generator.ifs:
                self.ask(condition, inside)
                inside = dict(self._narrowing.after(condition, inside, True)) if self._exact else inside
        return inside

    def _taken_apart(self, target: ast.expr, found: Type) -> None:
        """Look at what a target of several names takes apart in its order."""
        if isinstance(target, ast.Tuple | ast.List):
            self._ordered(target, found)
            for part, inner in zip(target.elts, unpacked(found, len(target.elts)), strict=True):
                self._taken_apart(part, inner)

    def _ordered(self, node: ast.expr, found: Type) -> Type:
        """Look at what is gone through in its order."""
        if held_sets.is_set(found) or self._classes.opaque(found):
            self._unordered(node, found)
        return found

    def _written(self, node: ast.expr, env: Env, by_repr: bool = True) -> None:
        """A value becomes a text: the order of every set in it shows. `by_repr`: as `repr` gives it, and not `str`."""
        if isinstance(node, ast.Tuple | ast.List):
            for part in node.elts:
                self._written(part, env)
            return
        found = self.type_of(node, env)
        self._given_address(node, found, env)
        if self._classes.shows_as(found, by_repr):
            self._unordered(node, found)

    def _given_address(self, node: ast.expr, found: Type, env: Env) -> None:
        """A value becomes a text: where an object lies shows."""
        lazy = addresses.lazy(node)
        method = isinstance(node, ast.Attribute) and addresses.is_method(self.type_of(node.value, env), node.attr)
        called = node.func if isinstance(node, ast.Call) else None
        meant = self._names.meant(called.id) if isinstance(called, ast.Name) else None
        if lazy or method or addresses.given(self._classes, meant) or addresses.lies(self._classes, found):
            self._addressed(node)

    def _name(self, name: str, env: Env) -> Type:
        if name in env:
            return env[name]
        if name in self._names.constants:
            return self.type_of(self._names.constants[name], {})
        return library.CONSTANTS.get(self._names.table.get(name, ("", "")), UNKNOWN)

    def _attribute(self, node: ast.Attribute, value: ast.expr, attr: str, env: Env) -> Type:
        if isinstance(value, ast.Name) and value.id not in env:
            enum = self._class(value.id)
            if enum is not None:
                return self._of_class(enum, attr)
        owner = self.type_of(value, env)
        parts = owner.arguments if owner.name == "|" and self._exact else (owner,)
        without = [part for part in parts if missing(self._messages, part, attr)]
        for part in without:
            self._missing(node, part, owner)
        for part in parts:
            self._runs(part, attr)
        found = [self._attribute_of(part, attr) for part in parts if part not in without]
        return types.union(*found) if found else types.REFUSED

    def _attribute_of(self, owner: Type, name: str) -> Type:
        found = attribute(self._messages, owner, name)
        held = self._classes.definition(owner) is not None and found == UNKNOWN
        said = self._classes.member(owner, name) if held else UNKNOWN
        return said if self._classes.holds(said) else found

    def _of_class(self, owner: Type, name: str) -> Type:
        """A member of an enum; or what the body of another class says, if there is a set in it."""
        said = UNKNOWN if self._classes.enum(owner) else self._classes.members(owner).get(name, UNKNOWN)
        return said if self._classes.holds(said) else owner

    def _class(self, alias: str) -> Type | None:
        pair = self._names.table.get(alias)
        return None if pair is None or pair in library.CONSTANTS else Type(pair[1], pair[0])

    def _index(self, container: Type, index: ast.expr, env: Env) -> Type:
        if isinstance(index, ast.Slice):
            return container if container.refused or container.name in ("list", "str", "bytes") else _sliced(container)
        key = self.type_of(index, env)
        if self._attempts and self._classes.holds(key):
            self._unordered(index, key)
        match container, index:
            case Type("tuple", _, parts), ast.Constant(value=int(number)) if types.ELLIPSIS not in parts:
                return parts[number] if number < len(parts) else UNKNOWN
            case Type("dict", _, (_, value)), _:
                return value
        return types.element(container)

    def _made(self, type: Type, node: ast.Call, arguments: list[Type]) -> Type:
        """What a constructor makes; the variables of a generic class are what its arguments have in their places."""
        message = self._messages.find(type)
        if message is None or not message.parameters:
            return type
        names = [name for name, _ in message.fields][: len(node.args)] + [
            keyword.arg or "" for keyword in node.keywords
        ]
        given = {
            field: found
            for name, found in zip(names, arguments, strict=False)
            if (field := message.field(name)) is not None
        }
        return Type(type.name, type.module, tuple(given.get(one, UNKNOWN) for one in message.parameters))

    def _method(self, node: ast.Call, owner: Type, method: str, env: Env) -> Type:
        self.methods.add(id(node))
        self._given.ask(method, node)
        given = [self.type_of(part, env) for part in (*node.args, *(k.value for k in node.keywords))]
        if owner.refused:
            return types.REFUSED
        for part in node.args if self._attempts and method == "index" else ():
            self._written(part, env)
        if method == "join":
            for part, found in zip(node.args, given, strict=False):
                self._ordered(part, found)
        own = self._messages.method(types.unveiled(owner), method)
        if own is not None:
            self._runs(owner, method)
            return own
        result = methods.result(owner, method, given)
        if result is None:
            self._refused_method(node, owner)
        return types.REFUSED if result is None else result

    def _runs(self, owner: Type, member: str) -> None:
        """Note that code of a message class runs here: a property, or a @pure method."""
        found = self._messages.code_of(types.unveiled(owner), member)
        if found is not None:
            self._names.alias(*found)
            self._names.members.add((*found, member))

    def _argument(self, node: ast.expr, first: Type, env: Env) -> Type:
        """The type of an argument; a key function is given an element of the first."""
        if isinstance(node, ast.Lambda):
            for one in node.args.args:
                env = narrow.bound(env, one.arg, types.element(first))
            return self.type_of(node.body, env)
        return self.type_of(node, env)

    def _replaced(self, node: ast.Call, owner: Type) -> Type:
        """What `dataclasses.replace(value, field=…)` gives: such a value. Its fields have to be there."""
        message = self._messages.find(types.unveiled(owner))
        if owner.refused or message is None or message.kind != "data":
            if not owner.refused:
                self._refused_method(node, owner)
            return types.REFUSED
        for keyword in node.keywords:
            if message.field(keyword.arg or "") is None:
                field = ast.copy_location(ast.Attribute(node.args[0], keyword.arg or "", ast.Load()), keyword)
                self._missing(field, owner, owner)
                return types.REFUSED
        self._names.alias(owner.module, owner.name)  # its code runs here, as if the class were called
        return owner

    def _call(self, alias: str, node: ast.Call, env: Env) -> Type:
        pair = self._names.table.get(alias)
        if pair is None:
            self._given.ask(alias, node)
        self._attempts += pair == types.ATTEMPTED
        positional = [self.type_of(part.body if isinstance(part, ast.Lambda) else part, env) for part in node.args]
        self._attempts -= pair == types.ATTEMPTED
        first = positional[0] if positional else UNKNOWN
        named = {keyword.arg or "": self._argument(keyword.value, first, env) for keyword in node.keywords}
        arguments = [*positional, *named.values()]
        if pair == types.ATTEMPTED:
            for one in node.args:
                self._attempted(one, env)
            return Type("Outcome", types.WORDS, (first,))
        if pair is None and alias in ("str", "repr"):
            for part, found in zip(node.args, positional, strict=False):
                self._given_address(part, found, env)
        sums = summed.added(alias, node, positional, named, lambda one: self.type_of(one, env)) if pair is None else ()
        if any(self._added(*one) for one in sums):
            return types.REFUSED
        self._given_sets(alias, pair, node, positional, named, env)
        if pair == ("dataclasses", "replace"):
            return self._replaced(node, first)
        if pair in library.FUNCTIONS:
            return library.FUNCTIONS[pair]
        if pair is not None:
            return self._signatures(*pair) or self._made(Type(pair[1], pair[0]), node, arguments)
        if alias in FIXED:
            return FIXED[alias]
        if any(argument.refused for argument in arguments):
            return types.REFUSED
        return builtin(alias, first, positional, named)

    def _given_sets(
        self,
        alias: str,
        pair: tuple[str, str] | None,
        node: ast.Call,
        positional: list[Type],
        named: Mapping[str, Type],
        env: Env,
    ) -> None:
        """Look at the sets that a call is given."""
        nothing = not self._given.through_set and not any(isinstance(part, ast.Starred) for part in node.args)
        if nothing and not any(map(self._classes.holds, (*positional, *named.values()))):
            return
        for part in node.args:
            if isinstance(part, ast.Starred) and self._classes.holds(found := self.type_of(part.value, env)):
                self._unordered(part.value, found)
        if pair is None and alias in ("str", "repr"):
            for part in node.args:
                self._written(part, env, alias == "repr")
            return
        given = self._given
        if pair is None and alias in ("any", "all") and len(node.args) == 1:
            self._parts_asked(node.args[0], positional[0], env)
        by_builtin = given.by_builtin(alias, node, positional, named) if pair is None else ()
        for part, found in by_builtin if pair is None else given.to(pair, node, positional, named):
            self._unordered(part, found)

    def _parts_asked(self, node: ast.expr, found: Type, env: Env) -> None:
        """Look at a set whose parts `any` or `all` asks whether they are true."""
        listed = isinstance(node, ast.ListComp) and id(node) in self._given.through_set
        if (listed or held_sets.is_set(found)) and self._raised(set_given.each_of(node), env, True):
            self._unordered(node, found)


def bind(target: ast.expr, type: Type) -> dict[str, Type]:
    """The types of the names that a comprehension's target binds."""
    match target:
        case ast.Name(id=name):
            return {name: type}
        case ast.Starred(value=inner):
            return bind(inner, types.listed(type))
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            return {
                k: t
                for part, inner in zip(parts, unpacked(type, len(parts)), strict=True)
                for k, t in bind(part, inner).items()
            }
    return {}


def unpacked(type: Type, count: int) -> list[Type]:
    """The types of `count` names that a value of this type is unpacked into."""
    if type.name == "tuple" and types.ELLIPSIS not in type.arguments and len(type.arguments) == count:
        return list(type.arguments)
    return [types.element(type)] * count


def _sliced(container: Type) -> Type:
    if container.name == "tuple":
        return Type("tuple", "", (types.element(container), types.ELLIPSIS))
    return UNKNOWN


def _arithmetic(left: Type, op: ast.operator, right: Type) -> Type:
    if left.refused or right.refused:
        return types.REFUSED
    if isinstance(op, ast.BitAnd | ast.BitOr | ast.BitXor) and left == right == BOOL:
        return BOOL
    if isinstance(op, OPERATORS) and "iterator" in (left.name, right.name):  # of keys() and items()
        return Type("set", "", (types.union(types.element(left), types.element(right)),))
    if is_plain_set(left) and is_plain_set(right):
        return Type(left.name, "", (types.union(*left.arguments, *right.arguments),))
    if isinstance(op, ast.BitOr) and left.name == right.name == "dict" and len(left.arguments) == 2:
        return Type("dict", "", tuple(types.union(*both) for both in zip(left.arguments, right.arguments, strict=True)))
    pair = {INT if side == BOOL else side for side in (left, right)}
    if pair <= set(_NUMBERS):
        if isinstance(op, ast.Pow):
            return UNKNOWN  # of a negative number it may be a fraction, or complex
        return FLOAT if isinstance(op, ast.Div) or FLOAT in pair else INT
    if isinstance(op, ast.Mod) and left == STR:
        return STR
    if isinstance(op, ast.Mult) and INT in pair and left.name in ("str", "list", "bytes"):
        return left
    if isinstance(op, ast.Add) and left == right and left.name in ("str", "list", "bytes"):
        return left
    if isinstance(op, ast.Add) and left.name == right.name == "tuple" and not (left.module or right.module):
        if types.ELLIPSIS not in (*left.arguments, *right.arguments):
            return Type("tuple", "", (*left.arguments, *right.arguments))
        return Type("tuple", "", (types.union(types.element(left), types.element(right)), types.ELLIPSIS))
    return library.arithmetic(left, op, right)


def _power(left: Type) -> Type:
    """What a number is to a power that is a whole number and not negative."""
    return INT if left == BOOL else left if left in (*_NUMBERS, library.DECIMAL) else UNKNOWN
