"""Types of what moves: every com and share gets the type that its receiver decodes.

Types flow forward with the values; at a join they unite, and at the head of a loop: which types a name may have is a
may-fact, and what conditions have said of it a must-fact. A type that still grows after a few turns (`x = (x,)`) is not
known. Reported are moves of values whose type is not known, is no
message type, or, if shared, can be changed in place. What may not have its wire form yet is put in it (`faithful`).
"""

from __future__ import annotations

import ast
import difflib
from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from accompanist import limits
from accompanist.language import types
from accompanist.language.checks import iterators
from accompanist.language.checks.as_declared import AsDeclared
from accompanist.language.checks.begun import Begun
from accompanist.language.checks.determinism import machine
from accompanist.language.checks.order import attempted as set_attempted
from accompanist.language.checks.order import errors as set_errors
from accompanist.language.checks.order import total as set_total
from accompanist.language.checks.raising import always_raises, misfit_calls
from accompanist.language.checks.raising.misfits import Misfits
from accompanist.language.checks.sets import addresses
from accompanist.language.checks.sets import names as set_names
from accompanist.language.checks.types import changeable, narrow, summed
from accompanist.language.checks.types.faithful import Faithful
from accompanist.language.checks.types.infer import Inference, unpacked
from accompanist.language.flow.forward import Flow, Joining, Turn
from accompanist.language.flow.reports import Reports
from accompanist.language.ir import (
    THEN,
    Abort,
    Block,
    ChoreographyHead,
    Enter,
    Expression,
    If,
    Invoke,
    Let,
    Loop,
    Move,
    Return,
    Statement,
)
from accompanist.language.reading import crossing_sets, held_sets, library, methods
from accompanist.language.reading.names import Names
from accompanist.language.reading.signatures import signatures
from accompanist.language.text import advice, codes
from accompanist.language.text.diagnostic import Findings, Write
from accompanist.language.text.instead import shown
from accompanist.language.text.nodes import every_node
from accompanist.language.text.source import Span
from accompanist.language.types import REFUSED, WORDS, Type

Env = Mapping[str, Type]


class Typing(Joining[Env]):
    """Gives the moves of one choreography their types. `keep`: whether somebody asks afterwards what was known where
    an expression stands; that is much for a long program."""

    def __init__(self, names: Names, header: ChoreographyHead, findings: Findings, *, keep: bool) -> None:
        self._names, self._header = names, header
        # what is wrong in the first turn may be refused, and silent, in the next
        self._reports = Reports(findings, each_turn=True)
        self._flow = Flow(self, self._reports)
        self._sources = names.modules.source
        self.signature = signatures(names.modules)
        """The result type of a @pure function; None for a class."""
        self._infer = Inference(
            names,
            self.signature,
            self._missing,
            self._unordered,
            self._method,
            self._always,
            self._formatted,
            self._addressed,
            set_total.of_choreography(names, self.signature),
            self._attempted,
            self._summed,
        )
        self._errors = set_errors.Errors(set_names.classes(names.modules, names.messages))
        self.subjects: dict[str, Type] = {}
        """What each match is about, by the name that it is given."""
        self._wide = Inference(names, self.signature, lambda node, part, owner: None, exact=False)
        self._faithful = Faithful(names, Inference(names, self.signature, lambda node, part, owner: None))
        self._file = header.span.file  # where the expression stands that is being read
        self._keep = keep
        self.envs: dict[int, Env] = {}  # where each expression stands, by the identity of its node
        self._misfits = Misfits(names.messages, fields=False)
        self._passes = findings.passes
        self._begun = Begun(names, self._sources, self._wide.type_of)
        self._declared = AsDeclared(names.modules, names.messages, ())

    def type_moves(self, body: Block) -> Block:
        """The body with the type of every move filled in."""
        self._declared = AsDeclared(self._names.modules, self._names.messages, body)
        return self._flow.block(body, {parameter.name: parameter.type for parameter in self._header.given})[0]

    def step(self, point: Statement, env: Env) -> tuple[Statement | None, Env]:
        """A statement with what its types say, and the types of names behind it."""
        match point:
            case Let(targets=(), value=value):  # a condition that holds: it has said what it is for
                self._of(value, env)
                return None, self._after(value, env, True)
            case Let(targets=targets, value=value, unpacked=True):
                whole = self._whole(value, len(targets), env)
                if whole.refused:
                    point = replace(point, value=_parts(value, len(targets)))
                point = self._bound(point, whole, whole, env)
                for name, part in zip(targets, unpacked(whole, len(targets)), strict=True):
                    env = narrow.bound(env, name, part)
                return point, env
            case Let(targets=(target,), value=value, declared=declared):
                self._begun.given(target, point, env)
                found = self._of(value, env)
                if target.startswith("_"):
                    self.subjects[target] = types.union(self.subjects.get(target, found), found)
                if point.augmented and not self._rebinds(point, target, env):
                    found = REFUSED
                if self._declared.refuses(target, found, value.span, self._reports.now):
                    return point, narrow.bound(env, target, self._declared.type_of(target) or REFUSED)
                if declared and target[0] != "_" and self._unfit(value, found, declared, target):
                    return point, narrow.bound(env, target, declared)
                if declared is not None or found.refused:
                    point = self._bound(point, found, declared or found, env)
                    return point, narrow.bound(env, target, declared or found)
                wide = self._declared.held(target, self._widely(value, found, env), found)
                after = narrow.bound(env, target, wide, found)
                if target.startswith("_") and isinstance(value.node, ast.Name):  # what `match` is about
                    after = narrow.same(after, target, value.node.id)
                return self._bound(point, found, wide, env), after
            case Invoke(target=target, offer=offer, arguments=arguments, attempt=attempt):
                wanted = dict(offer.parameters)
                made = tuple((name, self._given(value, wanted[name], env, name)) for name, value in arguments)
                for _, value in made:
                    text = self._sources(value.span.file).text(value.span)
                    self._never(always_raises.timer(self._names, value.node, text, offer.name), value.span)
                point = replace(point, arguments=made)
                reply = Type("Outcome", WORDS, (offer.returns,)) if attempt else offer.returns
                return point, self._with(env, target, reply, point.span)
            case Move():
                typed, found = self._moved(point, env)
                return typed, self._with(env, point.target, typed.type, point.span, found)
            case Enter(target=target, arguments=arguments, type=type):
                entered = tuple((one, self._given(value, one.type, env, one.name)) for one, value in arguments)
                point = replace(point, arguments=entered)
                return point, self._with(env, target, type, point.span)
            case If(test=test):
                self._of(test, env)
                if not test.refused:
                    self._infer.ask(test.node, env)
            case Loop():
                return point, narrow.plain(env)
            case Return(value=value):
                given = self._given(value, self._header.returns, env, "the result")
                return replace(point, value=value if self._header.result_is_none else given), env
            case Abort(reason=reason):
                self._of(reason, env)
        return point, env

    def into(self, point: If, label: str, env: Env) -> Env:
        """The types of names in a side, with what the guard says of them."""
        return self._after(point.test, env, label == THEN)

    def join(self, one: Env, other: Env) -> Env:
        """Names that only one side binds have been reported where they are read."""
        said = narrow.meeting(one, other)
        one, other = narrow.plain(one), narrow.plain(other)
        both = {name: types.union(one[name], other[name]) for name in one if name in other}
        return dict.fromkeys((*one, *other), REFUSED) | both | said

    def turned(self, loop: Loop, turn: Turn[Env]) -> Env:
        """The types at the head of the next turn, of the names that are there before the loop. What still grows after
        `typing_turns_max` turns is not known."""
        after = turn.head
        for way in turn.again:
            after = {name: type for name, type in self.join(after, way).items() if name in turn.entered}
        if turn.number < limits.typing_turns_max:
            return after
        return {name: type if type == turn.head[name] else types.UNKNOWN for name, type in after.items()}

    def _with(self, env: Env, target: str | None, wide: Type, span: Span, found: Type | None = None) -> Env:
        """The environment with what a call or a move gives a name."""
        if target is None:
            return env
        if self._declared.refuses(target, found or wide, span, self._reports.now):
            return narrow.bound(env, target, self._declared.type_of(target) or REFUSED)
        return narrow.bound(env, target, self._declared.held(target, wide, found or wide), found)

    def _after(self, test: Expression, env: Env, holds: bool) -> Env:
        return env if test.refused else self._infer.after(test.node, env, holds)

    def _widely(self, value: Expression, found: Type, env: Env) -> Type:
        """The type of a value without what conditions have said, where that is known: so it is named in messages."""
        if not narrow.told(env):
            return found
        wide = self._wide.type_of(value.node, env)
        return wide if wide.known and not self._names.messages.unsendable(wide) else found

    def _bound(self, point: Let, found: Type, wanted: Type, env: Env) -> Let:
        self._used_up(point.value, at_once=point.unpacked)
        made = self._faithful.bound(point.value, found, wanted, env)
        return point if made is point.value else replace(point, value=made)

    def _used_up(self, value: Expression, at_once: bool = False) -> None:
        """Report an iterator that a name would be bound to."""
        found = (iterators.inside if at_once else iterators.kept)(value.node, self._iterates)
        if found is not None and not value.refused:
            source = self._sources(value.span.file)
            text = source.text(span := source.span(found))
            what = f"{text} is an iterator, and used up by the first role that goes through it"
            self._add(iterators.ITERATOR, span, what, Write(f"list({text})"))

    def _iterates(self, node: ast.Call) -> bool:
        pair = self._names.table.get(node.func.id) if isinstance(node.func, ast.Name) else None
        given = None if pair is None else self.signature(*pair)
        return given is not None and (given.module, given.name) in types.ITERATORS

    def _given(self, value: Expression, wanted: Type, env: Env, name: str) -> Expression:
        self._used_up(value)
        found = self._of(value, env)
        return value if self._unfit(value, found, wanted, name) else self._faithful.bound(value, found, wanted, env)

    def _unfit(self, value: Expression, found: Type, wanted: Type, name: str) -> bool:
        """Whether a value is certainly none of the type that it is wanted as; then that is reported."""
        text = self._sources(value.span.file).text(value.span)
        if wanted == types.NONE or (found == types.NONE and text != "None"):
            return False  # that a result is there or not, ACC144 says
        messages = self._names.messages
        return self._never(always_raises.given(messages, value.node, text, found, wanted, name), value.span)

    def _of(self, value: Expression, env: Env) -> Type:
        self._file = value.span.file
        if self._keep:
            self.envs[id(value.node)] = env
        if any(env[name].refused for name, _ in value.reads if name in env):
            self.envs.pop(id(value.node), None)  # nothing is said of what it may do
        if value.refused or any(name not in env for name, _ in value.reads):
            return REFUSED  # reported where it is read
        found = self._infer.type_of(value.node, env)
        type_of = partial(self._wide.type_of, env=env)
        for call, wrong in misfit_calls.in_expression(self._misfits, self._names, value.node, type_of):
            self._never(wrong, self._sources(self._file).span(call))
        for part in every_node(value.node):
            method = isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute)
            if method and id(part) not in self._infer.methods:
                assert isinstance(part, ast.Call)
                self._method(part, types.UNKNOWN)  # it stands where no types are followed
        return found

    def _whole(self, value: Expression, names: int, env: Env) -> Type:
        """The type of what is unpacked into several names; reported if it has no parts."""
        found = self._of(value, env)
        if held_sets.is_set(found) and not self._passes(codes.SET_ORDER):
            self._add(codes.SET_ORDER, value.span, "a set has no order, so its parts have none", "sorted(…) of it")
            return REFUSED
        message = self._names.messages.find(types.unveiled(found))
        if message is None and found not in (types.INT, types.FLOAT, types.BOOL):
            return found
        text = self._sources(value.span.file).text(value.span)
        fields = [f"{text}.{name}" for name, _ in message.fields][:names] if message is not None else []
        what = f"{text} is of type {found.text()}, and has no parts to unpack"
        self._add(
            codes.NO_FIELD, value.span, what, Write(", ".join(fields)) if len(fields) == names > 1 else "one name"
        )
        return REFUSED

    def _always(self, node: ast.expr, found: Type) -> None:
        span = self._sources(self._file).span(node)
        message = self._names.messages.find(types.unveiled(found))
        text = shown(node)
        hint = f"{text}.FIELD" if message is not None else Write(f"{text}.ok")
        hint = f"{text} == {found.name}.MEMBER" if message is not None and message.kind == "enum" else hint
        self._add(codes.ALWAYS_TRUE, span, f"{text} is of type {found.text()}, and always true", hint)

    def _rebinds(self, point: Let, target: str, env: Env) -> bool:
        """Whether `x += y` only gives x another value; report it if that is not certain."""
        before = env.get(target, types.REFUSED)  # what is not there has been reported where it is read
        if point.value.refused or before.refused or methods.rebinds(before):
            return True
        name, sign = self._sources(point.span.file).text(point.span).split()[:2]
        kind = f"{name} is of type {before.text()}" if before.known else f"the type of {name} is not known"
        text = f"{kind}, and an augmented assignment may change it in place"
        added = self._sources(point.span.file).text(point.span).split("=", 1)[1].strip()
        hint: str = f"a new value: {name} = {name} {sign.rstrip('=')} …"
        if before.name in ("list", "dict", "set") and not added.endswith("…"):
            hint = Write(f"{name} = {name} {sign.rstrip('=')} {added}")
        self._add(codes.MUTATION, point.span, text, hint)
        return False

    def _moved(self, point: Move, env: Env) -> tuple[Move, Type]:
        """The move, and the type of what it moves as far as conditions have said it."""
        found = self._movable(point, self._of(point.value, env))
        if found.refused:
            return replace(point, type=found), found
        wide = self._widely(point.value, found, env)
        return replace(point, value=self._faithful.moved(point.value, found, wide, env), type=wide), found

    def _movable(self, point: Move, found: Type) -> Type:
        if found.refused or (point.value.constant and point.target is None):
            return REFUSED  # said already
        text = self._sources(point.value.span.file).text(point.value.span)
        if not found.known:
            what, hint = f"the type of {text} is not known", f"name: SomeType = {text}, then move name"
            if (begun := self._begun.said(point.value.names)) is not None:
                what, hint = f"{what}, because {begun[0]}", begun[1]
            if begun is None or begun[1]:
                self._add(codes.TYPE_UNKNOWN, point.value.span, f"{what}, and its receiver must decode it", hint)
            return REFUSED
        reason = self._names.messages.unsendable(found)
        if reason and self._names.messages.refused(found):
            return REFUSED
        if reason:
            self._add(
                codes.NOT_A_MESSAGE,
                point.value.span,
                f"{text} cannot be sent: {reason}",
                self._sendable(found, text, reason),
            )
            return REFUSED
        asked = point.shared and not self._passes(codes.NOT_FROZEN)
        changed = changeable.parts(found, self._names.messages) if asked else []
        if changed:
            source, said = self._sources(point.value.span.file), ", and ".join(one.text for one in changed)
            hint = advice.together([changeable.instead(one, text, source) for one in changed])
            self._add(codes.NOT_FROZEN, point.value.span, f"{text} is shared, but {said}", hint)
            return REFUSED
        return found

    def _sendable(self, found: Type, text: str, reason: str) -> str:
        """What to move instead of a value that has no form in JSON."""
        if not any(self._names.messages.unsendable(part) for part in found.arguments) and not found.module:
            if found.name in ("set", "frozenset"):
                return Write(f"tuple(sorted({text}))")
            if found.name == "iterator":
                return Write(f"tuple({text})")
        return crossing_sets.instead(self._names.messages, found, reason)

    def _missing(self, node: ast.Attribute, part: Type, owner: Type) -> None:
        message = self._names.messages.find(part)
        fields = [name for name, _ in message.fields] if message else []
        span = self._sources(self._file).span(node)
        close = difflib.get_close_matches(node.attr, fields, 1)
        hint = f"one of {', '.join(fields)}"
        if owner.name == "|":
            has = next((one for one in owner.arguments if one.name != part.name and self._has(one, node.attr)), part)
            hint = f"match {shown(node.value)}: case {has.name}(…), or isinstance"
        elif close and span.end_line == span.line:
            there = replace(span, column=span.end_column - len(node.attr))
            hint = Write(close[0], (there, close[0]))
        self._add(codes.NO_FIELD, span, f"{part.name} has no field {node.attr}", hint)

    def _has(self, part: Type, name: str) -> bool:
        message = self._names.messages.find(part)
        return message is not None and message.field(name) is not None

    def _method(self, node: ast.Call, owner: Type) -> None:
        span = self._sources(self._file).span(node)
        if not isinstance(node.func, ast.Attribute):
            text, hint = (
                "the type of what replace is given is not known here",
                "it under a name with its type: order: Order = …",
            )
            self._add(codes.METHOD, span, text, hint)
            return
        text = shown(node.func)
        if node.func.attr == "strftime" and library.is_moment(owner):
            value = shown(node.func.value)
            self._add(codes.NONDETERMINISM, span, machine.depends(value), f"str({value}), or its parts")
        elif owner.known:
            what = f"{text} is a method of {owner.text()}; what it does is not known to be pure"
            self._add(codes.METHOD, span, what, "define a @pure function that calls the method, and call that")
        else:
            what, value = f"{text} is a method of a value whose type is not known here", shown(node.func.value)
            begun = self._begun.said(part.id for part in every_node(node.func) if isinstance(part, ast.Name))
            if begun is None:
                name = advice.free(self._sources(span.file), "value")
                hint = f"{name}: … = {value}, with its type, on a line before; then {name}.{node.func.attr}(…)"
                self._add(codes.METHOD, span, what, hint)
            elif begun[1]:
                self._add(codes.METHOD, span, f"{what}, because {begun[0]}", begun[1])

    def _unordered(self, node: ast.expr, found: Type) -> None:
        span = self._sources(self._file).span(node)
        text = "this goes through a set, and its order differs between runs"
        hint = held_sets.advised(self._names.messages, self._sources(span.file).text(span), found, node)
        self._add(codes.SET_ORDER, span, text, hint)

    def _attempted(self, node: ast.expr, env: Env) -> None:
        """Report what is attempted, where the order of a set says what the name of its error is."""
        type_of = partial(self._wide.type_of, env=env)
        for part, raised in set_attempted.shown(node, self._errors, self._names, type_of):
            span = self._sources(self._file).span(part)
            self._add(codes.SET_ORDER, span, raised.text(self._names.module), set_errors.THERE)

    def _summed(self, node: ast.expr, found: Type) -> bool:
        wrong = not found.refused and summed.floats(self._names.messages, found)
        wrong = wrong and not self._passes(codes.NONDETERMINISM)
        if wrong:
            span, hint = self._sources(self._file).span(node), summed.instead(node, found)
            names = (part.id for part in every_node(node) if isinstance(part, ast.Name))
            begun = self._begun.said(names) if not found.known else None
            self._add(
                codes.NONDETERMINISM,
                span,
                summed.text(node, begun[0] if begun else ""),
                begun[1] if begun and begun[1] else hint,
            )
        return wrong

    def _addressed(self, node: ast.expr) -> None:
        span = self._sources(self._file).span(node)
        text = addresses.text(self._sources(span.file).text(span))
        self._add(codes.NONDETERMINISM, span, text, addresses.INSTEAD)

    def _formatted(self, node: ast.JoinedStr | ast.BinOp, part: ast.expr, found: Type) -> None:
        """Report what a format does not take, and a date that has a format of its own in an f-string."""
        span = self._sources(self._file).span(node)
        if isinstance(node, ast.BinOp):
            self._never(always_raises.percent(node.left, part, found), span)
        elif isinstance(part, ast.FormattedValue) and not library.is_moment(found):
            self._never(always_raises.formatted(self._names.messages, part, found), span)
        elif isinstance(part, ast.FormattedValue) and not library.same_everywhere(part):
            self._dated(node, part, span)

    def _never(self, wrong: always_raises.CertainError | None, span: Span) -> bool:
        """Report what raises whatever its values are."""
        if wrong is not None:
            self._add(always_raises.ALWAYS, span, wrong.text, wrong.hint)
        return wrong is not None

    def _dated(self, node: ast.JoinedStr, part: ast.FormattedValue, span: Span) -> None:
        value = shown(part.value)
        parts = part.format_spec.values if isinstance(part.format_spec, ast.JoinedStr) else []
        spec = "".join(str(one.value) if isinstance(one, ast.Constant) else "%" for one in parts)
        made = library.written_out(value, spec) if isinstance(part.value, ast.Name | ast.Attribute) else ""
        text = machine.depends(value)
        hint = made or f"str({value}), or its parts"
        if made and len(node.values) == 1 and span.line == span.end_line:
            hint = Write(f'f"{made}"')
        self._add(codes.NONDETERMINISM, span, text, hint)

    def _add(self, code: str, span: Span, text: str, hint: str) -> None:
        self._reports.now.add(code, self._sources(span.file), span, text, hint)


def _parts(value: Expression, count: int) -> Expression:
    """What stands for a value that was refused, with as many parts as there are names."""
    parts: list[ast.expr] = [ast.Constant(None) for _ in range(count)]
    return replace(value, node=ast.copy_location(ast.Tuple(parts, ast.Load()), value.node), refused=True)
