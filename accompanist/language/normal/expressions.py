"""Local expressions: what may be computed at one place, between two role calls.

Attributes, indices, arithmetic, comparisons, ternaries, f-strings, comprehensions; constructors of message types, enum
members, @pure functions, safe builtins. A role call, com, share or attempt inside an expression is hoisted out of it,
left to right, so that it happens exactly once. Where Python would evaluate it only sometimes, it is refused: that is a
choice, and choices are written with `if`.
"""

from __future__ import annotations

import ast
import difflib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from accompanist.language.checks.determinism import identity, machine
from accompanist.language.checks.determinism.determinism import writes_a_log
from accompanist.language.checks.determinism.impure import forbidden
from accompanist.language.checks.determinism.state import ModuleState
from accompanist.language.checks.raising import moments
from accompanist.language.checks.types import instances
from accompanist.language.ir import Expression
from accompanist.language.normal.beside_roles import listed
from accompanist.language.normal.scope import Scope
from accompanist.language.reading import annotation, constants, library, methods, unknown_names
from accompanist.language.reading.modules import Reference
from accompanist.language.reading.names import Names
from accompanist.language.text import advice, codes, in_place, unsupported
from accompanist.language.text.diagnostic import Findings, Write
from accompanist.language.text.instead import name_it, standing
from accompanist.language.text.nodes import head_of
from accompanist.language.text.source import Span
from accompanist.language.types import ATTEMPTED, PORTABLE, WORDS, Type
from accompanist.language.vocabulary import BUILTINS

_USES_UP = frozenset({"all", "any", "dict", "list", "max", "min", "sorted", "sum", "tuple"})
"""Builtins that go through all of a generator before they answer. One that is kept would read its names later, when
they may mean something else."""

Hoist = Callable[[ast.Call], str | None]
"""Binds a role call, com, share or attempt and answers the name it is bound to; None if the call is none of these."""

Assign = Callable[[ast.Name, ast.expr], str]
"""Gives a variable a value at once, before what is read next, and answers its name."""


class Expressions:
    """Checks and canonicalises the expressions of one choreography."""

    def __init__(self, scope: Scope, findings: Findings, hoist: Hoist, assign: Assign) -> None:
        self.scope = scope
        self._findings, self._hoist, self._assign = findings, hoist, assign
        self._outer: list[list[tuple[str, Span]]] = []  # what the expressions around this one have read
        self._hidden = ""  # why nothing may be hoisted from here
        self._bound: tuple[str, ...] = ()  # names of enclosing comprehensions
        self._reads: list[tuple[str, Span]] = []
        self._refused = False
        self._told: set[Type] = set()  # the classes that were refused

    @property
    def _names(self) -> Names:
        return self.scope.names

    def read(self, node: ast.expr) -> Expression:
        """The local expression that is left of a node when what must be hoisted has been."""
        outer = self._reads, self._refused
        self._reads, self._refused = [], False
        local = self._local(node)
        made = Expression(local, tuple(self._reads), self.span(node), refused=self._refused, spoken=self.scope.spoken)
        self._reads, self._refused = outer[0], outer[1]
        return made

    def span(self, node: ast.AST) -> Span:
        return self._names.module.source.span(node)

    def refuse(self, code: str, node: ast.AST, text: str, hint: str = "") -> ast.expr:
        """Report, and stand in for what was refused."""
        self._findings.add(code, self._names.module.source, self.span(node), text, hint)
        self._refused = True
        return ast.copy_location(ast.Constant(None), node)

    def refuse_again(self, found: Findings) -> None:
        """Something is refused for what was reported elsewhere: it is the same cause, which is kept once."""
        self._findings.take(found)
        self._refused = True

    def hidden(self, node: ast.Call, what: str) -> bool:
        """Report a call that would be hoisted out of a place where it happens only sometimes."""
        if not self._hidden:
            return False
        loop = "comprehension" in self._hidden
        why = "and a comprehension cannot call an operation" if loop else "where it may or may not happen"
        text = f"{what} stands {self._hidden}, {why}"
        bound = any(isinstance(part, ast.Name) and part.id in self._bound for part in ast.walk(node))
        turns = bound or "comprehension" in self._hidden
        hint = advice.as_often(self._names.module.source, self.span(node), what, bound, turns)
        self.refuse(codes.HIDDEN_CHOICE, node, text, hint)
        return True

    @contextmanager
    def _sometimes(self, why: str) -> Iterator[None]:
        outer, self._hidden = self._hidden, self._hidden or why
        yield
        self._hidden = outer

    def _local(self, node: ast.expr) -> ast.expr:
        made = self._form(node)
        return made if made is node else ast.copy_location(made, node)

    def _all(self, nodes: list[ast.expr]) -> list[ast.expr]:
        return [self._local(node) for node in nodes]

    def _elements(self, nodes: list[ast.expr]) -> list[ast.expr]:
        """The parts of a tuple or list; `*values` among them is as good as naming each, since nobody counts them."""
        return [
            ast.copy_location(ast.Starred(self._local(node.value), ast.Load()), node)
            if isinstance(node, ast.Starred)
            else self._local(node)
            for node in nodes
        ]

    def _form(self, node: ast.expr) -> ast.expr:
        match node:
            case ast.Constant(value=value):
                if value is ... or isinstance(value, complex):
                    return self.refuse(codes.EXPRESSION, node, f"{ast.unparse(node)} cannot be a value here")
                return node
            case ast.Name():
                return self._name(node)
            case ast.Attribute():
                return self._attribute(node)
            case ast.Call():
                return self._call(node)
            case ast.Subscript(value=value, slice=index):
                return ast.Subscript(self._local(value), self._local(index), ast.Load())
            case ast.Slice(lower=lower, upper=upper, step=step):
                parts = [part and self._local(part) for part in (lower, upper, step)]
                return ast.Slice(*parts)
            case ast.BinOp(left=left, op=op, right=right):
                return ast.BinOp(self._local(left), op, self._local(right))
            case ast.UnaryOp(op=op, operand=operand):
                return ast.UnaryOp(op, self._local(operand))
            case ast.Tuple(elts=parts) | ast.List(elts=parts) if of_roles := listed(node, self.scope.roles):
                names = ", ".join(of_roles)
                text = "roles are no values, and so there is no list of them"
                return self.refuse(
                    codes.ROLE_AS_VALUE, node, text, f"a loop over the roles themselves: for role in ({names})"
                )
            case ast.Tuple(elts=parts):
                return ast.Tuple(self._elements(parts), ast.Load())
            case ast.List(elts=parts):
                return ast.List(self._elements(parts), ast.Load())
            case ast.Dict(keys=keys, values=values):
                pairs = [(key and self._local(key), self._local(v)) for key, v in zip(keys, values, strict=True)]
                return ast.Dict([key for key, _ in pairs], [value for _, value in pairs])
            case ast.Set(elts=parts):
                return ast.Set(self._elements(parts))
            case ast.JoinedStr(values=values):
                return ast.JoinedStr(self._all(values))
            case ast.FormattedValue(value=value, conversion=conversion, format_spec=spec):
                return ast.FormattedValue(self._local(value), conversion, spec and self._local(spec))
        return self._conditional(node)

    def _conditional(self, node: ast.expr) -> ast.expr:
        match node:
            case ast.Compare(left=left, ops=ops, comparators=[second, *others]):
                if (asked := instances.instead_of_type(node, self._names)) is not None:
                    text = f"{ast.unparse(node)} compares classes, and a class is no value here"
                    return self.refuse(codes.EXPRESSION, node, text, asked)
                if hint := identity.instead(node, lambda side: identity.single(side, self._names)):
                    self.refuse(identity.IDENTITY, node, identity.text(node), hint)
                first = self._local(left)
                compared = [self._local(second)]
                with self._sometimes("behind another comparison"):
                    compared += self._all(others)
                return ast.Compare(first, ops, compared)
            case ast.BoolOp(op=op, values=[head, *tail]):
                first = self._local(head)
                with self._sometimes("to the right of and/or"):
                    return ast.BoolOp(op, [first, *self._all(tail)])
            case ast.IfExp(test=test, body=body, orelse=orelse):
                guard = self._local(test)
                with self._sometimes("inside a conditional expression"):
                    return ast.IfExp(guard, self._local(body), self._local(orelse))
            case ast.ListComp(elt=element, generators=generators):
                return self._comprehension(generators, lambda: ast.ListComp(self._local(element), []))
            case ast.SetComp(elt=element, generators=generators):
                return self._comprehension(generators, lambda: ast.SetComp(self._local(element), []))
            case ast.NamedExpr() if not self._hidden and isinstance(node.target, ast.Name):
                return self._assigned(node, node.target)
            case ast.DictComp(key=key, value=value, generators=generators):
                return self._comprehension(generators, lambda: ast.DictComp(self._local(key), self._local(value), []))
        code, text, hint = unsupported.FORMS.get(
            type(node), (codes.EXPRESSION, f"`{ast.unparse(node)}` is not in the language", "")
        )
        hint = advice.of_form(node) or hint
        return self.refuse(code, node, text, hint)

    def _assigned(self, node: ast.NamedExpr, target: ast.Name) -> ast.expr:
        """`name := value` where it certainly happens, which is before all that stands to the right of it."""
        if any(
            name == self.scope.variables.get(target.id) for reads in (self._reads, *self._outer) for name, _ in reads
        ):
            text = f"{target.id} is read to the left of where `:=` assigns it"
            return self.refuse(codes.WALRUS, node, text, "assign on a line of its own")
        name = self._assign(target, node.value)
        self._reads.append((name, self.span(node)))
        return ast.Name(name, ast.Load())

    def _comprehension(self, generators: list[ast.comprehension], make: Callable[[], ast.expr]) -> ast.expr:
        outer = self._bound
        made: list[ast.comprehension] = []
        with self._sometimes("inside a comprehension"):
            for generator in generators:
                if generator.is_async:
                    self.refuse(codes.AWAIT, generator.iter, *unsupported.FORMS[ast.Await][1:])
                iterated = self._local(generator.iter)
                for target in ast.walk(generator.target):
                    if isinstance(target, ast.Name):
                        self._bound = (*self._bound, target.id)
                    elif not isinstance(target, (ast.Tuple, ast.Store)):
                        self.refuse(codes.MUTATION, generator.target, "a comprehension binds plain names only")
                made.append(ast.comprehension(generator.target, iterated, self._all(generator.ifs), 0))
            result = make()
        self._bound = outer
        assert isinstance(result, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp))
        result.generators = made
        return result

    # -- names --

    def _name(self, node: ast.Name) -> ast.expr:
        name = node.id
        if name in self._bound:
            return ast.Name(name, ast.Load())
        if name == "_":
            return self.refuse(codes.TAKEN_NAME, node, "_ is for values that are not used", "a name")
        if name in self.scope.roles:
            # the name that a loop gives to each of its roles is nobody's name in a text
            text = f'; its name is a text: "{name}"' if self.scope.roles[name] == name else ""
            hint = f"call one of its operations: {name}.OPERATION(…){text}"
            return self.refuse(codes.ROLE_AS_VALUE, node, f"the role {name} is not a value", hint)
        if name in self.scope.variables:
            self._reads.append((self.scope.variables[name], self.span(node)))
            return self._standing(ast.Name(self.scope.variables[name], ast.Load()), node)
        found = self._names.resolve(node)
        if found is None:
            if name in BUILTINS:
                return self.refuse(codes.EXPRESSION, node, *unknown_names.of_python(name))
            hint = self._meant(name, "assign it before, define it in this file, or import it")
            return self.refuse(codes.NAME_UNKNOWN, node, f"the name {name} is not known here", hint)
        return self._global(node, found)

    def _standing(self, made: ast.expr, node: ast.expr) -> ast.expr:
        """What stands in the normal form where the author writes a node."""
        return standing(made, node, self._names.module.source)

    def _global(self, node: ast.expr, found: Reference) -> ast.expr:
        text, assigned = ast.unparse(node), isinstance(found.node, (ast.Assign, ast.AnnAssign))
        value = self._names.value(found) if assigned or found.node is None else None
        if value is not None and constants.changeable(value):
            wrong = ModuleState(self._names.modules, self._names.messages).written(found, text)
            if wrong is not None:
                return self.refuse(codes.OUTER_STATE, node, wrong.text, wrong.hint)
            return name_it(value, text)
        if value is not None:
            return name_it(ast.Name(self._names.constant(found) or "", ast.Load()), text)
        if assigned and writes_a_log(found.node):
            hint = "leave it out; `accompanist sessions show ID` tells what every role did"
            return self.refuse(codes.NONDETERMINISM, node, f"{text} writes, and again in every replay", hint)
        if assigned:
            home = self._names.modules.find(found.module)
            assert home is not None
            return self.refuse(
                codes.OUTER_STATE,
                node,
                f"{text} is not a constant: {constants.why_not(self._names.modules, home, found)}",
                constants.instead(self._names.modules, home, found),
            )
        reason = forbidden(found)
        if reason:
            return self.refuse(codes.NONDETERMINISM, node, f"{text} {reason}", codes.PURE_HINT)
        return self.refuse(
            codes.EXPRESSION,
            node,
            f"{text} is not a value in a choreography",
            "use what it gives, not the thing itself",
        )

    def _attribute(self, node: ast.Attribute) -> ast.expr:
        head = head_of(node)
        if isinstance(head, ast.Name) and head.id in self.scope.roles and head.id not in self._bound:
            return self.refuse(
                codes.ROLE_AS_VALUE,
                node,
                f"{ast.unparse(node)} is an operation and is called",
                f"{ast.unparse(node)}(…)",
            )
        if isinstance(head, ast.Name) and head.id not in self._bound and head.id not in self.scope.variables:
            member = self._names.member(node, self._names.module)
            if member is not None:
                return self._standing(member, node)
            if isinstance(node.value, ast.Attribute) and (inner := self._names.member(node.value, self._names.module)):
                return ast.Attribute(ast.copy_location(inner, node.value), node.attr, ast.Load())
            found = self._names.resolve(node)
            if found is not None:
                return self._global(node, found)
            if self._names.resolve(head) is not None and not self._is_constant(node.value):
                owner = self._names.resolve(node.value)
                if owner is not None and isinstance(owner.node, (ast.Assign, ast.AnnAssign)):
                    return self._global(node.value, owner)
                return self.refuse(codes.NAME_UNKNOWN, *unknown_names.of_owner(self._names, node))
        if node.attr.startswith("_"):
            return self.refuse(codes.EXPRESSION, node, f"{node.attr} is private", "read public fields of messages only")
        return ast.Attribute(self._local(node.value), node.attr, ast.Load())

    def _known(self, node: ast.Name) -> bool:
        return node.id in {*self.scope.variables, *self._bound, *BUILTINS} or self._names.resolve(node) is not None

    def _meant(self, name: str, otherwise: str) -> str:
        return unknown_names.meant(name, (*self.scope.variables, *self._bound), self._names.module, otherwise)

    def _is_constant(self, node: ast.expr) -> bool:
        found = self._names.resolve(node)
        return found is not None and self._names.constant(found) is not None

    # -- calls --

    def _call(self, node: ast.Call) -> ast.expr:
        name = self._hoist(node)
        if name is not None:
            self._reads.append((name, self.span(node)))
            return self._standing(ast.Name(name, ast.Load()), node)
        if any(isinstance(one, ast.Starred) for one in node.args) or any(one.arg is None for one in node.keywords):
            return self.refuse(codes.STAR, node, "arguments are spread with * or **", "write each argument")
        function = node.func
        if isinstance(function, ast.Name) and function.id in {*self.scope.variables, *self._bound}:
            text = f"{function.id} is a value and cannot be called"
            return self.refuse(codes.METHOD, node, text, f"@pure above `def {function.id}(…)` at the top of the file")
        found = self._names.resolve(function)
        if found is None and isinstance(function, ast.Name):
            if function.id in BUILTINS:
                used_up = function.id in _USES_UP
                return ast.Call(ast.Name(function.id, ast.Load()), self._arguments(node, used_up), self._keywords(node))
            reason = forbidden(Reference("builtins", function.id))
            if function.id == "print":
                hint = "leave it out; `accompanist sessions show ID` tells what every role did"
                if advice.stands_alone(self._names.module.source, node):
                    hint = advice.left_out(self._names.module.source, self.span(node), hint)
                return self.refuse(codes.NONDETERMINISM, node, "print() writes, and again in every replay", hint)
            if function.id in ("map", "filter"):
                text, hint = f"{function.id} is not in the language", "a comprehension: [… for x in values if …]"
                return self.refuse(codes.EXPRESSION, node, text, hint)
            if reason:
                return self.refuse(codes.NONDETERMINISM, node, f"{function.id}() {reason}", codes.PURE_HINT)
            text, hint = advice.unknown(function.id)
            meant = hint if "of Python" in text else self._meant(function.id, hint)
            return self.refuse(codes.NAME_UNKNOWN, function, text, meant)
        if found is None:
            return self._method(node)
        if found.word == "attempt":
            return self._attempted(node)
        if annotation.new_type(self._names.modules, found) is not None and len(node.args) == 1 and not node.keywords:
            return self._local(node.args[0])
        alias = self._callable(node, found)
        if alias is None:
            return ast.copy_location(ast.Constant(None), node)
        called = self._standing(ast.Name(alias, ast.Load()), node.func)
        used_up = (found.module, found.name) in library.USE_UP
        return ast.Call(called, self._arguments(node, used_up), self._keywords(node))

    def _attempted(self, node: ast.Call) -> ast.expr:
        """`attempt` of an expression: what it raises is a value. It is computed where it stands, by a function that is
        called at once."""
        with self._sometimes("inside attempt"):
            body = self._local(node.args[0])
        nothing = ast.arguments([], [], None, [], [], None, [])
        compute = ast.copy_location(ast.Lambda(nothing, body), node)
        return ast.Call(ast.Name(self._names.alias(*ATTEMPTED), ast.Load()), [compute], [])

    def _method(self, node: ast.Call) -> ast.expr:
        text = ast.unparse(node.func)
        head = node.func.value if isinstance(node.func, ast.Attribute) else None
        if isinstance(head, ast.Name) and not self._known(head):
            close = difflib.get_close_matches(head.id, self.scope.roles, 1)
            hint = f"one of {', '.join(self.scope.roles)}"
            hint = Write(f"{close[0]}.{text.partition('.')[2]}(…)", (self.span(head), close[0])) if close else hint
            return self.refuse(codes.ROLE_UNKNOWN, head, f"{head.id} is neither a role nor a value here", hint)
        if isinstance(node.func, ast.Attribute) and node.func.attr in methods.CHANGING:
            owner = ast.unparse(node.func.value)
            alone = advice.stands_alone(self._names.module.source, node) and isinstance(node.func.value, ast.Name)
            hint = in_place.changed(owner, node.func.attr, node) if alone else ""
            hint = hint or "a new value, by a comprehension or a @pure function"
            head = head_of(node.func.value)
            if isinstance(head, ast.Name) and head.id not in (*self.scope.variables, *self._bound):
                hint = "keep it at a role's worker, and change it by an operation"
            return self.refuse(codes.MUTATION, node, f"{text} changes {owner} in place", hint)
        if not isinstance(node.func, ast.Attribute):
            return self.refuse(codes.METHOD, node, f"{text} is not the name of a function", "define a @pure function")
        if (named := machine.by_name(node)) is not None and not self._findings.passes(codes.NONDETERMINISM):
            return self.refuse(codes.NONDETERMINISM, node, named.text, Write(named.hint))
        # whether such a value has the method, and whether it is known to be pure, is typed's business
        method = ast.copy_location(ast.Attribute(self._local(node.func.value), node.func.attr, ast.Load()), node.func)
        return ast.Call(method, self._arguments(node, node.func.attr == "join"), self._keywords(node))

    def _callable(self, node: ast.Call, found: Reference) -> str | None:
        """The alias of a constructor or @pure function; reports and answers None for anything else."""
        text = ast.unparse(node.func)
        definition = found.node
        if isinstance(definition, ast.FunctionDef):
            words = self._decorators(found, definition)
            if "pure" in words:
                return self._names.alias(found.module, found.name)
            self.refuse(
                codes.NOT_PURE,
                node,
                f"{text} is not a @pure function",
                advice.pure_above(self._names.module.source, definition, self.span(node)),
            )
            return None
        if isinstance(definition, ast.ClassDef):
            messages, made = self._names.messages, Type(found.name, found.module)
            if messages.find(made) is not None:
                return self._names.alias(found.module, found.name)
            self._refused = True
            if made not in self._told and not messages.refused(made):
                self._told.add(made)
                self.refuse(codes.NOT_A_MESSAGE, node, messages.unsendable(made), messages.instead(made))
            return None
        pair = (found.module, found.name)
        reason = forbidden(found) or library.rounded(*pair) or moments.local(pair, node)
        if not reason and (pair in PORTABLE or pair in library.FUNCTIONS or pair == ("dataclasses", "replace")):
            return self._names.alias(found.module, found.name)
        if reason:
            clock = advice.clock(pair, next(iter(self.scope.roles)))
            self.refuse(codes.NONDETERMINISM, node, f"{text}() {reason}", moments.instead(pair) or clock)
        elif found.module == WORDS:
            self.refuse(codes.EXPRESSION, node, f"{text} cannot be used here")
        else:
            self.refuse(
                codes.NOT_PURE,
                node,
                f"{text} is not a @pure function of this project",
                "define a @pure function that calls it, if its result depends on its arguments alone",
            )
        return None

    def _decorators(self, found: Reference, node: ast.FunctionDef) -> set[str]:
        module = self._names.modules.find(found.module)
        if module is None:
            return set()
        resolved = (self._names.modules.resolve(module, ast.unparse(one)) for one in node.decorator_list)
        return {reference.word if reference is not None else "" for reference in resolved}

    def _arguments(self, node: ast.Call, used_up: bool) -> list[ast.expr]:
        made: list[ast.expr] = []
        for argument in node.args:
            if used_up and isinstance(argument, ast.GeneratorExp):
                made.append(self._generator(argument))
            elif self._is_type(node, argument):
                made.append(instances.written(argument, self._names))
            else:
                made.append(self._local(argument))
        return made

    def _generator(self, node: ast.GeneratorExp) -> ast.expr:
        """A generator expression may only be used up at once, by the builtin that it is given to."""
        made = self._comprehension(node.generators, lambda: ast.GeneratorExp(self._local(node.elt), []))
        return ast.copy_location(made, node)

    def _is_type(self, node: ast.Call, argument: ast.expr) -> bool:
        """The second argument of isinstance is a class, and a class is not a value elsewhere."""
        if not (isinstance(node.func, ast.Name) and node.func.id == "isinstance" and node.args.index(argument) == 1):
            return False
        return instances.are_classes(argument, self._names)

    def _keywords(self, node: ast.Call) -> list[ast.keyword]:
        made: list[ast.keyword] = []
        for keyword in node.keywords:
            key = keyword.arg == "key" and isinstance(keyword.value, ast.Lambda)
            value = self._lambda(keyword.value) if key else self._local(keyword.value)
            made.append(ast.copy_location(ast.keyword(keyword.arg, value), keyword))
        return made

    def _lambda(self, node: ast.expr) -> ast.expr:
        """`key=lambda x: …` of sorted, min or max: used up at once, like a generator there."""
        assert isinstance(node, ast.Lambda)
        arguments = node.args
        if arguments.vararg or arguments.kwarg or arguments.defaults or arguments.kwonlyargs:
            return self.refuse(codes.SIGNATURE, node, "a key takes one plain argument", "key=lambda x: …")
        outer, self._bound = self._bound, (*self._bound, *(argument.arg for argument in arguments.args))
        with self._sometimes("inside a lambda"):
            body = self._local(node.body)
        self._bound = outer
        return ast.copy_location(ast.Lambda(arguments, body), node)
