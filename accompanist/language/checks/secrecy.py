"""Secrets stay at their role: what is typed `Secret[T]` is neither moved nor told, whatever it was made into.

A value is secret if its type says so, if a field of its type does, or if it was computed from a secret. What a branch
on a secret assigns is secret too, and no other role may act in such a branch: that it was taken would tell it.

A secret is declassified in one way only, which can be searched for: a @pure function that takes `Secret[…]` and
returns a type without it. Its signature is the decision, and `accompanist check --learns` shows what is then sent.

What is not promised: that the role's own worker keeps it, which is asked with it and may answer what it likes; that a
saga's end says nothing (a role may abort on a secret, but the reason given may not read it); that the client who
starts the choreography and reads its result at that role is not told. The log of the role holds the value, as it must
for replay; telemetry never holds any value.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping

from accompanist.errors import catalogue
from accompanist.language.checks.types.infer import Inference, unpacked
from accompanist.language.ir import (
    Abort,
    Block,
    Enter,
    Expression,
    Header,
    If,
    Invoke,
    Let,
    Loop,
    Move,
    Owners,
    Return,
    Select,
    Statement,
    Whole,
    actors,
    walk,
)
from accompanist.language.reading import annotation
from accompanist.language.reading.names import Names
from accompanist.language.text import codes
from accompanist.language.text.diagnostic import Findings
from accompanist.language.text.nodes import children
from accompanist.language.text.source import Sources, Span
from accompanist.language.types import SECRET, UNKNOWN, WORDS, Type, reached

LEAVES = catalogue(
    "ACC170",
    "secret leaves its role",
    "What is typed Secret[T], or was computed from it, stays at the role that owns it: it is not moved, not given as "
    "the reason of an abort, and not returned as a plain result.",
    "Send what the other role needs instead: a @pure function that takes Secret[T] and returns a plain type "
    "declassifies.",
)
DECIDES = catalogue(
    "ACC171",
    "secret decides what others do",
    "Other roles act in a branch whose guard reads a secret. That the branch was taken would tell them of it.",
    "Declassify the condition with a @pure function that takes Secret[T] and returns bool, or let the others act after "
    "the branch.",
)

Env = Mapping[str, Type]


def check_secrets(whole: Whole, names: Names, header: Header, sources: Sources, findings: Findings) -> None:
    """Report every secret that leaves a choreography or a procedure of it; `whole` is located, typed and amended."""
    SecrecyCheck(names, header, sources, findings).check(whole.body)
    for procedure in whole.procedures:
        SecrecyCheck(names, procedure.header, sources, findings).check(procedure.body)


def may_be_secret(whole: Whole, names: Names, header: Header, sources: Sources) -> Callable[[Expression], bool]:
    """Whether a value may be secret, asked of a choreography that may still be wrong. What is found out for the answer
    is found out at the first question."""
    asked: list[SecrecyCheck] = []

    def secret(value: Expression) -> bool:
        if not asked:
            for head, body in ((header, whole.body), *((one.header, one.body) for one in whole.procedures)):
                asked.append(SecrecyCheck(names, head, sources, Findings()))
                asked[-1].check(body)
        return any(one.reads(value) for one in asked)

    return secret


class SecrecyCheck:
    """Checks one choreography. `_secret` are the names that hold something computed from a secret."""

    def __init__(self, names: Names, header: Header, sources: Sources, findings: Findings) -> None:
        self._names, self._header, self._sources, self._findings = names, header, sources, findings
        self._infer = Inference(names, self._returns, lambda node, part, owner: None)
        self._secret: frozenset[str] = frozenset()
        self._env: Env = {given.name: given.type for given in header.given}

    def check(self, body: Block) -> None:
        """Report every secret that leaves; `body` is located, typed and amended."""
        self._block(body, under=False)

    def _block(self, block: Block, under: bool) -> None:
        for point in block:
            self._point(point, under)

    def _point(self, point: Statement, under: bool) -> None:
        match point:
            case Let(targets=()):
                pass  # a condition that holds
            case Let(targets=targets, value=value, declared=declared):
                found = declared or self._infer.type_of(value.node, self._env)
                kinds = unpacked(found, len(targets)) if point.unpacked else [found]
                self._bind(dict(zip(targets, kinds, strict=True)), under or self.reads(value))
            case Invoke(target=target, offer=offer, attempt=attempt) if target is not None:
                reply = Type("Outcome", WORDS, (offer.returns,)) if attempt else offer.returns
                self._bind({target: reply}, under)
            case Move(target=target, value=value, receivers=receivers, type=kind):
                told = bool(receivers) and self.reads(value)
                if told:
                    self._leaves(value.span, f"is sent to {' and '.join(receivers)}, but it is a secret")
                if target is not None:  # what becomes of it where it was sent has been said with that
                    secret = under or (not receivers and self.reads(value))
                    self._bind({target: UNKNOWN if told else kind}, secret)
            case Enter(target=target, arguments=arguments, type=kind):
                for given, value in arguments:
                    if self.reads(value) and not self.holds(given.type):
                        self._leaves(value.span, f"is given as the plain parameter {given.name}, but it is a secret")
                if target is not None:
                    self._bind({target: kind}, under)
            case If():
                self._branch(point, under)
            case Loop(body=body):
                while True:  # a turn may read what the one before it made secret
                    before = self._secret, self._env
                    self._block(body, under)
                    self._join(before)
                    if self._secret == before[0]:
                        break
            case Abort(reason=reason) if self.reads(reason):
                self._leaves(reason.span, "is told to every role as the reason, but it is a secret")
            case Return(value=value) if not value.is_none and not self.holds(self._header.returns):
                if under or self.reads(value):
                    self._leaves(value.span, "is a plain result, but it depends on a secret")

    def _branch(self, point: If, under: bool) -> None:
        reads = self.reads(point.test)
        decides = reads and not (_aborts(point.then) or _aborts(point.orelse))
        sides = [block for _, block in point.branches if decides or _aborts(block)]
        others = sorted({role for block in sides for role in _concerned(block, point.site)} - point.owners)
        if reads and others:
            text = f"`{self._text(point.test.span)}` reads a secret, and {' and '.join(others)} would learn of it"
            hint = "a @pure function whose parameter is typed Secret[…], and whose result is a bool"
            self._findings.add(DECIDES, self._sources(point.test.span.file), point.test.span, text, hint)
            decides = False  # what is made in the branch depends on the secret for this cause, which is said
        begun = self._secret, self._env
        self._block(point.then, under or decides)
        then = self._secret, self._env
        self._secret, self._env = begun
        self._block(point.orelse, under or decides)
        self._join(then)

    def _bind(self, found: Mapping[str, Type], secret: bool) -> None:
        self._env = {**self._env, **found}
        names = frozenset(found)
        self._secret = self._secret | names if secret else self._secret - names

    def _join(self, other: tuple[frozenset[str], Env]) -> None:
        """Where paths meet, a name is secret if one of them made it so, and is of either type."""
        secret, env = other
        self._secret = self._secret | secret
        both = {name: self._env.get(name, kind) for name, kind in env.items()}
        either = {name: kind if kind == env[name] else Type("|", "", (kind, env[name])) for name, kind in both.items()}
        self._env = {**self._env, **either}

    def reads(self, value: Expression) -> bool:
        """Whether an expression holds a secret or was computed from one."""
        return not value.refused and self._of(value.node)

    def _of(self, node: ast.AST) -> bool:
        """Whether an expression holds a secret or was computed from one."""
        match node:
            case ast.Name(id=name):
                return name in self._secret or self.holds(self._env.get(name, UNKNOWN))
            case ast.Attribute(value=value) if self._of(value):
                parts = self._infer.type_of(value, self._env).options
                known = all(self._names.messages.find(part) is not None for part in parts) and not self._tainted(value)
                return self.holds(self._infer.type_of(node, self._env)) if known else True
            case ast.Call(func=ast.Name(id="isinstance"), args=[asked, _]):
                return self._of_class(asked)
            case ast.Call(func=ast.Name(id=alias)):
                return self._call(node, alias)
        return any(self._of(part) for part in children(node))

    def _of_class(self, node: ast.expr) -> bool:
        """Whether the class of a value is secret. That of a message with a secret in it is not."""
        parts = self._infer.type_of(node, self._env).options
        open = all((part.module, part.name) != SECRET and part.known for part in parts) and not self._tainted(node)
        return self._of(node) and not open

    def _tainted(self, node: ast.expr) -> bool:
        return any(isinstance(part, ast.Name) and part.id in self._secret for part in ast.walk(node))

    def _call(self, node: ast.Call, alias: str) -> bool:
        """A call of a @pure function that takes a secret as such answers what its signature says."""
        arguments: list[tuple[str | int, ast.expr]] = [*enumerate(node.args)]
        arguments += [(keyword.arg or "", keyword.value) for keyword in node.keywords]
        secret = [where for where, value in arguments if self._of(value)]
        pair = self._names.table.get(alias)
        signature = None if pair is None else self._signature(*pair)
        if signature is None:
            return bool(secret)
        takes, returns = signature
        by_name = dict(takes)
        for where in secret:
            kind = (
                takes[where][1] if isinstance(where, int) and where < len(takes) else by_name.get(str(where), UNKNOWN)
            )
            if not self.holds(kind):
                return True
        return self.holds(returns)

    def holds(self, kind: Type) -> bool:
        """Whether a type is a secret or has one in it."""
        return any((one.module, one.name) == SECRET for one in reached(kind, self._parts))

    def _parts(self, kind: Type) -> list[Type]:
        message = self._names.messages.find(kind)
        return [*kind.arguments, *(field for _, field in (message.fields if message else ()))]

    def _signature(self, module: str, name: str) -> tuple[list[tuple[str, Type]], Type] | None:
        """Parameters and result of a @pure function; None for a class."""
        home = self._names.modules.find(module)
        node = home.bound[name][-1] if home is not None and name in home.bound else None
        if home is None or not isinstance(node, ast.FunctionDef):
            return None

        def kind(written: ast.expr | None) -> Type:
            try:
                return UNKNOWN if written is None else annotation.type_of(self._names.modules, home, written)
            except annotation.Unresolved:
                return UNKNOWN

        arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        return [(one.arg, kind(one.annotation)) for one in arguments], kind(node.returns)

    def _returns(self, module: str, name: str) -> Type | None:
        signature = self._signature(module, name)
        return None if signature is None else signature[1]

    def _leaves(self, span: Span, what: str) -> None:
        self._findings.add(LEAVES, self._sources(span.file), span, f"{self._text(span)} {what}", codes.DECLASSIFY)

    def _text(self, span: Span) -> str:
        return self._sources(span.file).text(span)


def _concerned(block: Block, site: str) -> Owners:
    """The roles that act in a side of the branch at `site`, or are told of it."""
    told = (point for point in walk(block) if isinstance(point, Select) and point.site == site)
    return actors(block) | {point.receiver for point in told}


def _aborts(block: Block) -> bool:
    """Whether every path through a block aborts. Then all roles see which way was taken, and that is not protected."""
    match block[-1:]:
        case (Abort(),):
            return True
        case (If(then=then, orelse=orelse),):
            return _aborts(then) and _aborts(orelse)
    return False
