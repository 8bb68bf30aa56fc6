"""Which calls in a local expression may raise: builtins, constructors of messages, @pure functions.

A @pure function is read: it may raise if it says so, or if an expression in it may, outside of a `try` that catches
everything. Nothing is known there of the types of names but what its parameters declare. A function that calls itself
counts as raising: how deep it goes is not known.
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator, Mapping

from accompanist.language import annotation, library, methods, operands, total_methods, types
from accompanist.language import facts as known
from accompanist.language.always_bound import unbound
from accompanist.language.facts import Facts
from accompanist.language.instead import in_brackets
from accompanist.language.messages import attribute
from accompanist.language.modules import Module, Reference
from accompanist.language.names import BUILTINS, Names
from accompanist.language.nodes import children
from accompanist.language.partial import LARGE, After, Env, Inside, Partial, Partials, TypeOf, nothing
from accompanist.language.types import ATTEMPTED, PORTABLE, Type
from accompanist.language.written_out import computes, makes

_BUILTINS = BUILTINS | {"set", "frozenset"}
_PLAIN = (types.INT, types.FLOAT, types.BOOL)


class Calls:
    """Judges the calls of one choreography, each function and class once."""

    def __init__(self, names: Names, type_of: TypeOf, inside: Inside, after: After) -> None:
        self._names, self._table = names, names.table
        self._judged: dict[tuple[str, str], str] = {}
        self.partials = Partials(type_of, inside, self._named, self._caught, self.member, self.special, after)
        self._type_of = type_of

    def _caught(self, node: ast.Call) -> bool:
        return isinstance(node.func, ast.Name) and self._table.get(node.func.id) == ATTEMPTED

    def _named(self, node: ast.Call, env: Env, facts: Facts) -> Partial | None:
        """A call in the normal form, whose names are aliases."""
        if not isinstance(node.func, ast.Name):
            return None
        pair = self._table.get(node.func.id)
        if pair is None:
            return builtin(node.func.id, node, self.partials, env, facts)
        if pair in library.FUNCTIONS:
            empty = (one for one in node.args if self.partials.none(one, env, facts))
            total = nothing(node, one) if (one := next(empty, None)) is not None else None
            return total if pair in library.TOTAL else Partial(node, f"{pair[1]} does not take every value")
        if pair == ("dataclasses", "replace"):
            made = types.unveiled(self._type_of(node.args[0], env))
            pair = (made.module, made.name)
        wanted, message = self._wanted(pair), self._names.messages.find(Type(pair[1], pair[0])) is not None
        given = [*zip(wanted, node.args, strict=False)]
        given += [(one.arg or "", one.value) for one in node.keywords]
        for name, value in given:
            found = self.partials.unfit(value, wanted.get(name), env, facts, sent=message)
            if found is not None:
                return found
        return self._made(node, pair, [self._type_of(one, env) for one in node.args])

    def _wanted(self, pair: tuple[str, str]) -> dict[str, Type]:
        """The types of what a message or a @pure function takes, by name, in the order of its parameters."""
        message = self._names.messages.find(Type(pair[1], pair[0]))
        if message is not None:
            return dict(message.fields) if message.kind in ("data", "model") and not message.parameters else {}
        home = self._names.modules.find(pair[0])
        node = home.bound[pair[1]][-1] if home is not None and pair[1] in home.bound else None
        made: dict[str, Type] = {}
        if home is None or not isinstance(node, ast.FunctionDef):
            return made
        for argument in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs):
            try:
                found = annotation.type_of(self._names.modules, home, argument.annotation or ast.Name("Any"))
            except annotation.Unresolved:
                found = types.UNKNOWN
            made[argument.arg] = found
        return made

    def _made(self, node: ast.Call, pair: tuple[str, str], given: list[Type]) -> Partial | None:
        why = self.why(*pair)
        if pair in PORTABLE and node.args + [one.value for one in node.keywords]:
            plain = pair == ("decimal", "Decimal") and given[:1] == [types.INT]
            if not plain and not makes(pair, node):
                why = f"what is given may be no {pair[1]}"
        return Partial(node, why) if why else None

    def member(self, node: ast.Attribute, env: Env) -> str:
        """Why a property or a @pure method of a message may raise; empty if it cannot, or is none."""
        return self.member_of(self._type_of(node.value, env), node.attr)

    def member_of(self, owner: Type, member: str) -> str:
        """The same of a value of a type. Where that is not known, it may be of any class that was read."""
        if not owner.known:
            classes = (Type(name, module) for module, name in self._names.messages.read)
            return next(filter(None, (self._of_class(one, member) for one in classes)), "")
        return next(filter(None, (self._of_class(types.unveiled(one), member) for one in owner.options)), "")

    def special(self, owner: Type, seen: frozenset[Type] = frozenset()) -> str:
        """Why what Python calls of a value, or of what is in it, may raise: `__eq__`, `__str__` and the like."""
        if owner in seen:
            return ""
        seen |= {owner}
        message, home = self._names.messages.find(owner), self._names.modules.find(owner.module)
        if message is not None and home is not None:
            node = home.bound[owner.name][-1]
            own = [one.name for one in getattr(node, "body", ()) if _is_special(one)]
            why = next(filter(None, (self._body(home, owner.name, name) for name in own)), "")
            if why:
                return why
        fields = [type for _, type in message.fields] + list(message.bases) if message is not None else []
        return next(filter(None, (self.special(one, seen) for one in (*owner.arguments, *fields))), "")

    def _of_class(self, owner: Type, member: str) -> str:
        found = self._names.messages.code_of(owner, member)
        home = self._names.modules.find(found[0]) if found is not None else None
        return "" if found is None or home is None else self._body(home, found[1], member)

    def _body(self, home: Module, owner: str, member: str) -> str:
        """Why a method of a class may raise."""
        key = (home.name, f"{owner}.{member}")
        if key not in self._judged:
            self._judged[key] = f"{key[1]} calls itself"  # as long as nothing else is known
            parts = [part for one in home.bound[owner] for part in getattr(one, "body", ())]
            bodies = [part for part in parts if isinstance(part, ast.FunctionDef) and part.name == member]
            why = next(filter(None, (_Body(self, home).read(body) for body in bodies)), "")
            self._judged[key] = why and f"{key[1]} may raise: {why}"
        return self._judged[key]

    def why(self, module: str, name: str) -> str:
        """Why a function or a class of the project may raise when it is called; empty if it cannot."""
        if (module, name) not in self._judged:
            self._judged[module, name] = f"{name} calls itself"  # as long as nothing else is known
            self._judged[module, name] = self._judge(module, name)
        return self._judged[module, name]

    def _judge(self, module: str, name: str) -> str:
        home = self._names.modules.find(module)
        node = home.bound[name][-1] if home is not None and name in home.bound else None
        if home is None or node is None:
            return ""
        if isinstance(node, ast.FunctionDef):
            found = _Body(self, home).read(node)
            return found and f"{name} may raise: {found}"
        message = self._names.messages.find(Type(name, module))
        if not isinstance(node, ast.ClassDef) or message is None:
            return ""
        if message.kind == "enum":
            return f"the value may be none of {name}'s"
        if message.kind == "model":
            return f"{name} refuses values that do not fit it"
        special = [one for one in node.body if isinstance(one, ast.FunctionDef) and one.name.startswith("__")]
        found = next(filter(None, (_Body(self, home).read(one) for one in special if "init" in one.name)), "")
        inherited = (self._names.modules.resolve(home, ast.unparse(base)) for base in node.bases)
        above = next(filter(None, (self.why(one.module, one.name) for one in inherited if one and one.node)), "")
        return (found and f"{name} may raise: {found}") or above

    def portable(self, home: Module, name: str) -> Type | None:
        """The type that a name of a library stands for."""
        found = self._names.modules.resolve(home, name)
        return Type(found.name, found.module) if found and (found.module, found.name) in PORTABLE else None

    def has(self, owner: Type, member: str) -> bool:
        """Whether it is a member of a class that was read; of any of them if the type is not known."""
        classes = [Type(name, module) for module, name in self._names.messages.read]
        options = owner.arguments if owner.name == "|" else (owner,)
        found = options if owner.known else classes
        return any(self._names.messages.code_of(types.unveiled(one), member) is not None for one in found)

    def resolved(self, home: Module, node: ast.Call, partials: Partials, env: Env, facts: Facts) -> str:
        """Why a call in the text of a function may raise; empty if it cannot."""
        text = annotation.dotted(node.func)
        if not text:
            return f"{ast.unparse(node.func)} is not known"
        found = self._names.modules.resolve(home, text)
        if found is None and "." not in text:
            if text not in _BUILTINS:
                return f"{text} is not known never to"
            partial = builtin(text, node, partials, env, facts)
            return partial.why if partial else ""
        if found is None or found.node is None:
            return "" if found is not None and found.word else self._foreign(found, node)
        return self.why(found.module, found.name)

    def _foreign(self, found: Reference | None, node: ast.Call) -> str:
        if found is None:
            name = node.func.attr if isinstance(node.func, ast.Attribute) else ""  # a method of a value, as a key
            return "" if name in total_methods.TOTAL else f"{ast.unparse(node.func)} is not known never to"
        if (found.module, found.name) == ("dataclasses", "replace"):
            return ""
        if (found.module, found.name) in PORTABLE:
            partial = self._made(node, (found.module, found.name), [types.UNKNOWN] * len(node.args))
            return partial.why if partial else ""
        if (found.module, found.name) in library.TOTAL:
            return ""
        return f"{ast.unparse(node.func)} is not known never to"


def builtin(name: str, node: ast.Call, partials: Partials, env: Env, facts: Facts) -> Partial | None:
    """Why a call of a builtin may raise."""
    if (unfit := _unfit(name, node, partials, env, facts)) is not None:
        return unfit
    given = [partials.type_of(one, env) for one in node.args]
    first = node.args[0] if node.args else None
    if first is None:
        return None
    text, keywords = ast.unparse(first), {one.arg for one in node.keywords}
    match name:
        case "int" if given[0] == library.DECIMAL:
            return None
        case "float" if given[0] == library.DECIMAL:
            return Partial(node, f"{text} may be too large for a float")
        case "int" | "float" if len(node.args) > 1 or keywords:
            if not computes(node):
                return Partial(node, f"{text} may be no text of a whole number in this base")
        case "int" | "float" if given[0] not in _PLAIN and not computes(node):
            if known.said(first, "isdecimal", facts):
                return None
            asked, kind = in_brackets(first), "a whole number" if name == "int" else "a number"
            return Partial(node, f"{text} may be no text of {kind}", f"{name}({text}) if {asked}.isdecimal() else …")
        case "min" | "max" if len(node.args) == 1 and "default" not in keywords:
            if not known.length(first, facts):
                return Partial(node, f"{text} may be empty", f"{name}({text}, default=…)")
        case "divmod" if not known.nonzero(node.args[-1], facts):
            return Partial(node, f"{ast.unparse(node.args[-1])} may be zero")
        case "str" if len(node.args) > 1 or keywords:
            return Partial(node, f"{text} may hold what is no text")
        case "chr" | "ord" if not computes(node):
            return Partial(node, f"{text} may be none that {name} takes")
        case "pow":
            return Partial(node, "a power may be one of zero, or too large")
        case "range" if len(node.args) == 3 and not known.nonzero(node.args[2], facts):
            return Partial(node, "the step may be zero")
        case "bytes" if not isinstance(first, ast.Constant):
            return Partial(node, "what is given may be no bytes")
        case "zip" if "strict" in keywords:
            return Partial(node, "they may not be of one length", "zip without strict")
    return None


def _unfit(name: str, node: ast.Call, partials: Partials, env: Env, facts: Facts) -> Partial | None:
    """What a builtin is given that it does not take: None, what cannot be compared, Decimals that it may add up to too
    large a one."""
    if name in operands.TAKES_NONE or not node.args:
        return None
    for one in node.args[:1] if name == "round" else node.args:
        if partials.none(one, env, facts):
            return nothing(node, one)
    found = [partials.options(one, env, facts) for one in node.args]
    held = types.element(types.unveiled(partials.type_of(node.args[0], env))).options
    keyed = any(one.arg == "key" for one in node.keywords)
    if name in operands.COMPARES and not keyed:
        together = held if len(node.args) == 1 else tuple(part for parts in found for part in parts)
        if operands.unordered(together):
            return Partial(node, "not all of them can be compared")
    if name == "sum" and types.NONE in held:
        return Partial(node, f"not every item of {ast.unparse(node.args[0])} need be a number")
    added = (*held, *(part for parts in found[1:] for part in parts))
    if library.DECIMAL in (added if name == "sum" else found[0] if name in ("abs", "round", "divmod") else ()):
        return Partial(node, LARGE)
    return None


class _Body:
    """Reads one function's text."""

    def __init__(self, calls: Calls, home: Module) -> None:
        self._calls, self._home = calls, home
        self._env: Mapping[str, Type] = {}
        self._facts = known.NOTHING
        self._partials = Partials(
            self._type_of,
            self._inside,
            self._call,
            lambda node: False,
            lambda node, env: calls.member_of(self._type_of(node.value, env), node.attr),
            calls.special,
            owned=self._owned,
        )
        self._shared: set[str] = set()
        self._twice: set[str] = set()  # the names that are given a value in more than one place

    def read(self, node: ast.FunctionDef) -> str:
        """Why it may raise, with the first place; empty if it cannot."""
        stored = [part.id for part in ast.walk(node) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)]
        self._twice = {name for name in stored if stored.count(name) > 1}
        self._shared = total_methods.shared(node)
        assigned = set(stored)
        for argument in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs):
            if argument.annotation is not None and argument.arg not in assigned:
                try:
                    found = annotation.type_of(self._calls._names.modules, self._home, argument.annotation)
                except annotation.Unresolved:
                    continue
                self._env = {**self._env, argument.arg: found}
        return next(itertools.chain(self._block(node.body), unbound(node)), "")

    def _type_of(self, node: ast.expr, env: Env) -> Type:
        """The type of an expression, as far as the annotations of parameters and fields say it."""
        match node:
            case ast.Name(id=name):
                return env.get(name, types.UNKNOWN)
            case ast.Constant(value=value):
                return types.NONE if value is None else Type(type(value).__name__)
            case ast.Attribute(value=value, attr=attr):
                owner = self._type_of(value, env)
                parts = owner.options
                some = [part for part in parts if part != types.NONE]
                return types.union(*(attribute(self._calls._names.messages, part, attr) for part in some or parts))
            case ast.Subscript(value=value, slice=index):
                owner = types.unveiled(self._type_of(value, env))
                if owner.name == "dict" and len(owner.arguments) == 2:
                    return owner.arguments[1]
                return types.UNKNOWN if isinstance(index, ast.Slice) else types.element(owner)
            case ast.IfExp(body=body, orelse=orelse):
                return types.union(self._type_of(body, env), self._type_of(orelse, env))
            case ast.List(elts=[_, *_] as parts):
                return types.listed(types.union(*(self._type_of(one, env) for one in parts)))
            case ast.ListComp(elt=part, generators=generators) | ast.GeneratorExp(elt=part, generators=generators):
                return types.listed(self._type_of(part, self._inside(generators, env)))
            case ast.Dict() | ast.DictComp() | ast.Call(func=ast.Name(id="dict")):
                return Type("dict")
            case ast.Call(func=ast.Name(id=name)) if (found := self._calls.portable(self._home, name)) is not None:
                return found
            case ast.Call(func=ast.Attribute(value=value, attr=attr)):
                given = [self._type_of(one, env) for one in node.args]
                return methods.result(self._type_of(value, env), attr, given) or types.UNKNOWN
            case ast.BinOp(left=left, op=op, right=right):
                return library.arithmetic(self._type_of(left, env), op, self._type_of(right, env))
        return types.UNKNOWN

    def _inside(self, generators: list[ast.comprehension], env: Env) -> Env:
        for one in generators:
            found = types.element(types.unveiled(self._type_of(one.iter, env)))
            env = {**env, **dict.fromkeys(known.names_in(one.target), types.UNKNOWN)}
            if isinstance(one.target, ast.Name):
                env = {**env, one.target.id: found}
        return env

    def _call(self, node: ast.Call, env: Env, facts: Facts) -> Partial | None:
        keys = [one.value for one in node.keywords if one.arg == "key" and not isinstance(one.value, ast.Lambda)]
        for key in keys:
            called = ast.Call(key, [], [])
            if why := self._calls.resolved(self._home, called, self._partials, env, facts):
                return Partial(node, why)
        if isinstance(node.func, ast.Attribute) and self._method(node.func):
            return None
        why = self._calls.resolved(self._home, node, self._partials, env, facts)
        return Partial(node, why) if why else None

    def _method(self, function: ast.Attribute) -> bool:
        """Whether it is a method of a value, and none of a module or a class."""
        text = annotation.dotted(function)
        return not text or self._calls._names.modules.resolve(self._home, text.partition(".")[0]) is None

    def _owned(self, function: ast.Attribute, env: Env) -> bool:
        """Whether it is a method of one of Python's own values, and no function that was read."""
        if not self._method(function):
            return False
        owner = types.unveiled(self._type_of(function.value, env))
        return not self._calls.has(owner, function.attr)

    def _block(self, body: list[ast.stmt]) -> Iterator[str]:
        for statement in body:
            yield from self._statement(statement)

    def _values(self, *nodes: ast.expr | None) -> Iterator[str]:
        for node in nodes:
            if node is None:
                continue
            self._facts = known.without(self._facts, _stored(node))
            names = total_methods.changed(node)
            alone = isinstance(node, ast.Call) and not any(map(total_methods.changed, children(node)))
            if part := total_methods.in_the_midst(node):
                yield f"{part} is computed in the midst of an expression, in line {node.lineno}"
            if names and not alone:
                self._facts = total_methods.still(self._facts, names, self._shared)
            if (found := self._partials.first(node, self._env, self._facts)) is not None:
                yield f"{found.why}, in line {getattr(found.node, 'lineno', 0)}"
            if names:
                self._facts = total_methods.still(self._facts, names, self._shared)

    def _statement(self, node: ast.stmt) -> Iterator[str]:
        match node:
            case ast.Return(value=value) | ast.Expr(value=value):
                yield from self._values(value)
            case ast.Assign(targets=targets, value=value):
                yield from self._values(value)
                for target in targets:
                    yield from self._assign(target, value)
            case ast.AnnAssign(target=target, value=value):
                yield from self._values(value)
                yield from self._assign(target, value)
            case ast.AugAssign(target=target, op=op, value=value):
                yield from self._values(ast.copy_location(ast.BinOp(_loaded(target), op, value), node))
                self._facts = total_methods.augmented(self._facts, node, self._shared)
            case ast.If(test=test, body=body, orelse=orelse):
                yield from self._values(test)
                yield from self._sides(test, body, orelse)
            case ast.For(target=target, iter=iterated, body=body, orelse=orelse):
                yield from self._values(iterated)
                if self._partials.none(iterated, self._env, self._facts):
                    yield f"{ast.unparse(iterated)} may be None, in line {node.lineno}"
                self._forget(node)
                if isinstance(target, ast.Name) and target.id not in self._twice:
                    found = types.element(types.unveiled(self._type_of(iterated, self._env)))
                    self._env = {**self._env, target.id: found}
                if isinstance(target, ast.Tuple) and not _pairs(iterated):
                    yield f"not every item need have {len(target.elts)} parts, in line {node.lineno}"
                yield from self._block([*body, *orelse])
                self._forget(node)
            case ast.While(test=test, body=body, orelse=orelse):
                self._forget(node)
                yield from self._values(test)
                before = self._facts
                yield from self._sides(test, body, orelse)
                if any(isinstance(part, ast.Break) for part in ast.walk(node)):
                    self._facts = before
                self._forget(node)
            case ast.Try(body=body, handlers=handlers, orelse=orelse, finalbody=final):
                if not any(_catches_all(handler) for handler in handlers):
                    yield from self._block(body)
                self._forget(node)
                yield from self._block([*(one for handler in handlers for one in handler.body), *orelse, *final])
            case ast.Pass() | ast.Break() | ast.Continue() | ast.FunctionDef() | ast.Import() | ast.ImportFrom():
                return
            case _:
                raises = isinstance(node, ast.Raise | ast.Assert)
                yield f"{'it raises' if raises else 'a statement that may'}, in line {node.lineno}"

    def _sides(self, test: ast.expr, body: list[ast.stmt], orelse: list[ast.stmt]) -> Iterator[str]:
        before = self._facts
        ways: list[Facts] = []
        for holds, side in ((True, body), (False, orelse)):
            self._facts = known.after(before, test, holds)
            yield from self._block(side)
            if not side or not isinstance(side[-1], ast.Return | ast.Raise | ast.Continue | ast.Break):
                ways.append(self._facts)
        self._facts = frozenset.intersection(*ways) if ways else before

    def _assign(self, target: ast.expr, value: ast.expr | None) -> Iterator[str]:
        if isinstance(target, ast.Name) and target.id not in self._twice and value is not None:
            self._env = {**self._env, target.id: self._type_of(value, self._env)}
        if not isinstance(target, ast.Subscript):
            self._facts = known.without(self._facts, known.names_in(target))
        if isinstance(target, ast.Name) and isinstance(value, ast.Name) and value.id != target.id:
            self._facts = known.same(self._facts, target.id, value.id)
        if isinstance(target, ast.Tuple | ast.List):
            same = isinstance(value, ast.Tuple) and len(value.elts) == len(target.elts)
            if not same:
                yield f"there may not be {len(target.elts)} parts, in line {target.lineno}"
        elif isinstance(target, ast.Subscript):
            yield from self._values(target.value, target.slice)
            if self._type_of(target.value, self._env).name != "dict":
                yield from self._values(_loaded(target))
            self._facts = total_methods.still(self._facts, total_methods.changed(target), self._shared)
        elif isinstance(target, ast.Attribute):
            yield f"a field is set, in line {target.lineno}"

    def _forget(self, node: ast.stmt) -> None:
        self._facts = known.without(self._facts, _stored(node))
        if names := total_methods.changed(node):
            self._facts = total_methods.still(self._facts, names, self._shared)


def _loaded(target: ast.expr) -> ast.expr:
    """A target as what is read there."""
    match target:
        case ast.Subscript(value=value, slice=index):
            return ast.copy_location(ast.Subscript(value, index, ast.Load()), target)
        case ast.Name(id=name):
            return ast.copy_location(ast.Name(name, ast.Load()), target)
    return target


def _is_special(node: ast.stmt) -> bool:
    """Whether it is a method that Python calls by itself, and not to make an object."""
    name = node.name if isinstance(node, ast.FunctionDef) else ""
    return name.startswith("__") and name.endswith("__") and "init" not in name


def _stored(node: ast.AST) -> set[str]:
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)}


def _pairs(node: ast.expr) -> bool:
    """Whether what is gone through is known to give tuples of a fixed length."""
    match node:
        case ast.Call(func=ast.Name(id="enumerate" | "zip")) | ast.Call(func=ast.Attribute(attr="items")):
            return True
    return False


def _catches_all(handler: ast.ExceptHandler) -> bool:
    names = ("Exception", "BaseException")
    return handler.type is None or (isinstance(handler.type, ast.Name) and handler.type.id in names)
