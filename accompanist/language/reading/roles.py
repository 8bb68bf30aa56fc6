"""Role classes: which operations a role's worker offers, read from the class definition.

An operation is a method without a body, decorated `@transaction`, `@query` or `@other.compensation`, each with what
`language.tries` knows if it is to be asked for otherwise than usual. A compensation takes exactly its transaction's
parameters and returns None, because it must be callable when the reply is unknown.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from accompanist import limits
from accompanist.language import refusal, tries, waits
from accompanist.language.reading import annotation, crossing_sets
from accompanist.language.reading.declared import head
from accompanist.language.reading.messages import Messages
from accompanist.language.reading.modules import Module, Modules, Reference
from accompanist.language.text import codes
from accompanist.language.text.diagnostic import Findings, Write
from accompanist.language.text.source import Span
from accompanist.language.tries import UNSAID, Tries
from accompanist.language.types import FLOAT, NONE, REFUSED, Type

RESERVED = frozenset({"now", "uuid", "random", "sleep", "timeout", "event", "log", "abort", "commit"})


@dataclass(frozen=True, slots=True)
class Offer:
    """An operation as its role class declares it."""

    name: str
    kind: str
    parameters: tuple[tuple[str, Type], ...]
    returns: Type
    compensation: str | None = None
    retriable: bool = False
    line: int = 0
    tries: Tries = UNSAID
    written: str = ""  # the name of the method, where the service calls the operation otherwise

    @property
    def attribute(self) -> str:
        """What a choreography calls it by."""
        return self.written or self.name

    @property
    def pivot(self) -> bool:
        """Whether it commits the saga: a transaction that cannot be undone and may decline, or the record of it."""
        return self.recorded or (self.kind == "transaction" and self.compensation is None and not self.retriable)

    @property
    def recorded(self) -> bool:
        """Whether it is the commit point's record, which does nothing and never declines."""
        return self.kind == "commit"

    @property
    def irrevocable(self) -> bool:
        """Whether it cannot be undone and never declines: what comes after the commit point."""
        return self.kind == "transaction" and self.compensation is None and self.retriable

    @property
    def may_decline(self) -> bool:
        """Whether the contract lets a worker decline it."""
        return refusal.may_decline(self)

    @property
    def drawn(self) -> bool:
        """Whether the sidecar itself answers, from its clock, by chance, for the record or from outside; the answer is
        logged like any reply."""
        return self.name.startswith("role.")

    @property
    def title(self) -> str:
        """What people call it."""
        told = waits.event_in(self.name)
        return self.name.removeprefix("role.") if told is None else f"event {told}"


DRAWN = {
    "now": Offer("role.now", "query", (), FLOAT),
    "uuid": Offer("role.uuid", "query", (), Type("UUID", "uuid")),
    "random": Offer("role.random", "query", (), FLOAT),
    "commit": Offer("role.commit", "commit", (), NONE),
    "sleep": Offer(waits.SLEEP, "query", (("seconds", FLOAT),), NONE),
}
"""What every role can be asked without declaring it."""


def event(name: str, type: Type) -> Offer:
    """Waiting for a fact that is told from outside."""
    return Offer(waits.event(name), "query", (), type)


def timeout(name: str, type: Type) -> Offer:
    """Waiting for it for so long."""
    return Offer(waits.timeout(name), "query", (("seconds", FLOAT),), type)


@dataclass(frozen=True, slots=True)
class RoleClass:
    """A role's class: its name, where it is defined, its operations by name."""

    name: str
    module: str
    offers: tuple[Offer, ...]
    refused: Mapping[str, Findings] = field(default_factory=dict, compare=False)
    """What is wrong with each operation that is declared and is none."""

    def offer(self, name: str) -> Offer | None:
        return next((offer for offer in self.offers if offer.name == name), None)

    def method(self, attribute: str) -> Offer | None:
        """The operation that a choreography calls by this name."""
        return next((offer for offer in self.offers if offer.attribute == attribute), None)


class RoleClasses:
    """The role classes of a project, each read and checked once."""

    def __init__(self, modules: Modules, messages: Messages, findings: Findings) -> None:
        self._modules, self._messages, self._findings = modules, messages, findings
        self._known: dict[tuple[str, str], RoleClass | None] = {}
        self._unknown: set[tuple[str, str]] = set()  # what has been said of names that are not known, by module

    def find(self, type: Type) -> RoleClass | None:
        """The role class of a type, None if it is not one."""
        key = (type.module, type.name)
        if key not in self._known:
            definition = self._messages.definition(type)
            self._known[key] = None
            if definition is not None and self._is_role(*definition):
                self._known[key] = self._read(*definition)
        return self._known[key]

    def _is_role(self, module: Module, node: ast.ClassDef) -> bool:
        for base in node.bases:
            found = annotation.reference(self._modules, module, base)
            if found is not None and (found.word == "Role" or self._inherited(found) is not None):
                return True
        return False

    def _inherited(self, found: Reference) -> RoleClass | None:
        """The role class that another one derives from."""
        return self.find(Type(found.name, found.module)) if isinstance(found.node, ast.ClassDef) else None

    def _read(self, module: Module, node: ast.ClassDef) -> RoleClass:
        offers: dict[str, Offer] = {}
        above = annotation.reference(self._modules, module, node.bases[0])
        parent = self._inherited(above) if above is not None else None
        if parent is not None:  # its operations are known all the same, or each call of one would be told of as well
            offers = {offer.attribute: offer for offer in parent.offers}
            text = f"{node.name} derives from {parent.name}; the operations of a role all stand in its own class"
            self._add(codes.ROLE_CLASS, module, node, text, f"class {node.name}(Role): with {', '.join(offers)} in it")
        elif len(node.bases) != 1 or node.keywords:
            self._add(
                codes.ROLE_CLASS, module, node, f"{node.name} has more bases than Role", f"class {node.name}(Role):"
            )
        refused: dict[str, Findings] = {}
        for statement in node.body:
            if _documents(statement):
                continue
            if not isinstance(statement, ast.FunctionDef):
                self._add(
                    codes.ROLE_CLASS,
                    module,
                    statement,
                    f"{node.name} holds something that is not an operation",
                    "keep only methods decorated @transaction, @query or @name.compensation in a role",
                )
                continue
            outer, self._findings = self._findings, Findings()
            offer = self._offer(module, node, statement, offers)
            if offer is None:
                refused[statement.name] = self._findings
            outer.take(self._findings)
            self._findings = outer
            same = [] if offer is None else [one for one in offers.values() if _alike(one, offer)]
            if offer is not None and same:
                text, hint = _twice(same[0], offer)
                self._add(codes.ROLE_CLASS, module, statement, f"{node.name} has two operations {text}", hint)
            elif offer is not None:
                offers[offer.attribute] = offer
        return RoleClass(node.name, module.name, tuple(offers.values()), refused)

    def _offer(
        self, module: Module, owner: ast.ClassDef, node: ast.FunctionDef, offers: dict[str, Offer]
    ) -> Offer | None:
        parameters, returns = self._signature(module, owner, node)
        if node.name in RESERVED or node.name.startswith("_") or len(node.name) > limits.name_chars_max:
            hint = f"choose a public name of at most {limits.name_chars_max} letters; reserved are {_list(RESERVED)}"
            if node.name in RESERVED:
                hint = f'def {node.name}_(…), and name="{node.name}" in its decorator: the service keeps the name'
            self._add(codes.ROLE_CLASS, module, node, f"an operation cannot be called {node.name}", hint)
            return None
        if not all(_documents(statement) for statement in node.body):
            self._add(
                codes.ROLE_CLASS,
                module,
                node.body[0],
                f"{owner.name}.{node.name} has a body",
                "write `...`; the operation's program is the worker's",
            )
        if len(node.decorator_list) != 1:
            self._undecorated(module, owner, node)
            return None
        decorator = node.decorator_list[0]
        called = decorator if isinstance(decorator, ast.Call) else ast.Call(decorator, [], [])
        offer = Offer(self._name(module, node, called), "", parameters, returns, line=node.lineno, written=node.name)
        said = [keyword for keyword in called.keywords if keyword.arg in tries.WORDS]
        others = [keyword for keyword in called.keywords if keyword.arg not in (*tries.WORDS, "name")]
        head = called.func
        if isinstance(head, ast.Attribute) and head.attr == "compensation" and not (others or called.args):
            offer = replace(offer, kind="compensation", tries=self._tries(module, said, undoes=True))
            return self._compensation(module, owner, node, offer, head.value, offers)
        found = annotation.reference(self._modules, module, head)
        word = found.word if found is not None else ""
        if word == "query" and not (others or called.args):
            return replace(offer, kind="query", tries=self._tries(module, said))
        plain = all(keyword.arg == "retriable" and isinstance(keyword.value, ast.Constant) for keyword in others)
        if word == "transaction" and plain and not called.args:
            retriable = any(isinstance(k.value, ast.Constant) and k.value.value is True for k in others)
            made = self._tries(module, said, endless=retriable)
            return replace(offer, kind="transaction", retriable=retriable, tries=made)
        self._undecorated(module, owner, node)
        return None

    def _name(self, module: Module, node: ast.FunctionDef, decorator: ast.Call) -> str:
        """What the service calls the operation: as the method is called, unless the decorator says otherwise."""
        for keyword in decorator.keywords:
            if keyword.arg != "name":
                continue
            match keyword.value:
                case ast.Constant(value=str(name)) if name.isidentifier() and name[0] != "_":
                    if len(name) <= limits.name_chars_max:
                        return name
            text = f"the name of an operation is a name of at most {limits.name_chars_max} letters, written out"
            self._add(codes.ROLE_CLASS, module, keyword.value, text, f'name="{node.name.strip("_")}"')
        return node.name

    def _tries(self, module: Module, said: list[ast.keyword], endless: bool = False, undoes: bool = False) -> Tries:
        made, mistakes = tries.read(said, endless, undoes)
        for mistake in mistakes:
            self._add(codes.TRIES, module, mistake.node, mistake.text, mistake.hint)
        return made

    def _undecorated(self, module: Module, owner: ast.ClassDef, node: ast.FunctionDef) -> None:
        self._add(
            codes.ROLE_CLASS,
            module,
            node,
            f"{owner.name}.{node.name} does not say what kind of operation it is",
            "decorate it with one of @transaction, @transaction(retriable=True), @query, @NAME.compensation",
        )

    def _compensation(
        self,
        module: Module,
        owner: ast.ClassDef,
        node: ast.FunctionDef,
        offer: Offer,
        target: ast.expr,
        offers: dict[str, Offer],
    ) -> Offer | None:
        undone = offers.get(target.id) if isinstance(target, ast.Name) else None
        if undone is None or undone.kind != "transaction":
            self._add(
                codes.COMPENSATION, module, node, f"{ast.unparse(target)} is not a transaction above it in {owner.name}"
            )
            return None
        if undone.compensation is not None:
            self._add(codes.COMPENSATION, module, node, f"{undone.name} has two compensations")
            return None
        if offer.parameters != undone.parameters or offer.returns != NONE:
            wanted = ", ".join(["self", *(f"{name}: {type.text()}" for name, type in undone.parameters)])
            text = f"{offer.name} must take exactly what {undone.name} takes, and return None"
            head = f"def {offer.attribute}({wanted}) -> None: ..."
            why = f"{text}: it may run when the reply is unknown"
            self._add(codes.COMPENSATION, module, node, why, Write(head, (_whole(module, node), head)))
        offers[undone.attribute] = replace(undone, compensation=offer.name)
        return offer

    def _signature(
        self, module: Module, owner: ast.ClassDef, node: ast.FunctionDef
    ) -> tuple[tuple[tuple[str, Type], ...], Type]:
        arguments = node.args
        plain = not (arguments.vararg or arguments.kwarg or arguments.kwonlyargs or arguments.posonlyargs)
        if not plain or arguments.defaults or not arguments.args:
            self._add(
                codes.SIGNATURE,
                module,
                node,
                f"{owner.name}.{node.name} takes more than self and plain parameters",
                "no defaults, no *, no **",
            )
        parameters = tuple(
            (argument.arg, self._type(module, argument.annotation, argument, f"the parameter {argument.arg}"))
            for argument in arguments.args[1:]
        )
        if node.returns is None and any(_undoes(decorator) for decorator in node.decorator_list):
            return parameters, REFUSED  # a compensation's whole head is said where it is compared with its transaction
        return parameters, self._type(module, node.returns, node, "the result")

    def _type(self, module: Module, node: ast.expr | None, where: ast.AST, what: str) -> Type:
        if node is None:
            self._add(
                codes.SIGNATURE,
                module,
                where,
                f"{what} has no type",
                "every parameter and result of an operation has one",
            )
            return REFUSED
        try:
            found = annotation.type_of(self._modules, module, node)
        except annotation.Unresolved as problem:
            if (module.name, str(problem)) not in self._unknown:
                self._unknown.add((module.name, str(problem)))
                self._add(codes.TYPE_UNKNOWN, module, node, str(problem))
            return REFUSED
        reason = self._messages.unsendable(found)
        if (reason or not found.known) and self._messages.refused(found, told=True):
            return REFUSED  # said where it stands first
        besides = crossing_sets.reported(self._messages, found, self._findings)
        if besides or not found.known:
            self._add(
                codes.NOT_A_MESSAGE,
                module,
                node,
                f"{what} cannot cross to the worker: {besides or 'its type is not whole'}",
                crossing_sets.instead(self._messages, found, besides),
            )
        if reason or not found.known:
            return REFUSED
        return found

    def _add(self, code: str, module: Module, node: ast.AST, text: str, hint: str = "") -> None:
        self._findings.add(code, module.source, module.source.span(head(node)), text, hint)


def _alike(one: Offer, other: Offer) -> bool:
    return one.name == other.name or one.attribute == other.attribute


def _twice(first: Offer, second: Offer) -> tuple[str, str]:
    """What is said of two operations of one name, in the class or at the service, and what to do."""
    if first.attribute == second.attribute:
        name = first.attribute
        return name, f"leave one of them out, or give it another name: def {name}2(…)"
    renamed = next(one.attribute for one in (second, first) if one.attribute != one.name)
    text = f"{first.name}: {first.attribute} and {second.attribute}"
    return text, f'leave one of them out, or name="…" above {renamed}, with another word of the service'


def _undoes(decorator: ast.expr) -> bool:
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    return isinstance(called, ast.Attribute) and called.attr == "compensation"


def _whole(module: Module, node: ast.FunctionDef) -> Span:
    """A definition without its decorators."""
    end = module.source.span(node)
    return replace(end, column=node.col_offset)


def _documents(statement: ast.stmt) -> bool:
    """A docstring, `...` or `pass`."""
    return isinstance(statement, ast.Pass) or (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and (statement.value.value is ... or isinstance(statement.value.value, str))
    )


def _list(names: frozenset[str]) -> Iterator[str] | str:
    return ", ".join(sorted(names))
