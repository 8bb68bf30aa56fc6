"""Message types: what may cross between roles, read from class definitions without importing them.

A message is a frozen dataclass, a msgspec Struct or a pydantic model, an enum, a scalar, a date, a Decimal, a UUID, or
a list, tuple or dict of these. A type defined outside the project is opaque: it is let through, its fields are not
known, and the codec decides at run time.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import combinations

from accompanist import limits
from accompanist.language import types
from accompanist.language.reading import annotation, declared, library, members, tags
from accompanist.language.reading.aliases import aliases
from accompanist.language.reading.constrained import has_constraints
from accompanist.language.reading.members import Odd
from accompanist.language.reading.modules import Module, Modules, Reference
from accompanist.language.reading.plain import is_plain
from accompanist.language.types import INT, NONE, REFUSED, SCALARS, STR, UNKNOWN, Type, nested

_STRUCT, _MODEL = ("msgspec", "Struct"), ("pydantic", "BaseModel")
_OPAQUE_REFUSED = {"typing", "collections.abc", "collections", "types", "io", "builtins"}
_SEQUENCES = {
    ("collections.abc", "Sequence"),
    ("collections.abc", "Mapping"),
    ("typing", "Sequence"),
    ("typing", "Mapping"),
}


@dataclass(frozen=True, slots=True)
class MessageClass:
    """A class of the project that values are made of: `kind` is "data", "model" (pydantic's) or "enum"."""

    kind: str
    frozen: bool
    fields: tuple[tuple[str, Type], ...]
    members: tuple[str, ...] = ()
    aliases: tuple[tuple[str, str], ...] = ()  # members that are another name of an earlier one, and that one
    value: Type = UNKNOWN  # what the members of an enum stand for
    parameters: tuple[Type, ...] = ()
    code: tuple[tuple[str, str, Type], ...] = ()  # of its properties and @pure methods: name, which, what it gives
    bases: tuple[Type, ...] = ()  # classes of the project that it derives from, directly
    struct: tags.StructTag | None = None  # how a Struct says which one it is
    plain: bool = False  # see `plain`
    checked: bool = False  # whether who reads it checks more than types
    odd: Odd | None = None  # why the members of an enum cannot cross

    @property
    def tags(self) -> Mapping[str, str | int]:
        """By which of its fields a value may be told from others, and what stands there."""
        if self.struct is not None:
            return self.struct.tags
        return tags.literals(self.fields)

    def of(self, arguments: tuple[Type, ...]) -> MessageClass:
        """The class with its type variables filled in."""
        if not self.parameters or len(arguments) != len(self.parameters):
            return self
        given = dict(zip(self.parameters, arguments, strict=True))
        return replace(self, fields=tuple((name, type.given(given)) for name, type in self.fields), parameters=())

    def field(self, name: str) -> Type | None:
        return dict(self.fields).get(name)


class Messages:
    """The message classes of a project, each read once."""

    def __init__(self, modules: Modules) -> None:
        self.modules = modules
        self._known: dict[tuple[str, str], MessageClass | None] = {}
        self._refused: set[tuple[str, str, frozenset[Type]]] = set()
        self.flaws: dict[tuple[str, str], declared.Flaw | None] = {}
        """Of all classes that were looked at."""

    def find(self, type: Type) -> MessageClass | None:
        """The class behind a type; None if it is opaque or no message class."""
        key = (type.module, type.name)
        if key not in self._known:
            self._known[key] = None
            definition = self.definition(type)
            if definition is not None:
                self._known[key] = self._read(*definition)
        known = self._known[key]
        if known is None or nested(type, limits.generic_depth_max):
            return None
        return known.of(type.arguments)

    @property
    def read(self) -> list[tuple[str, str]]:
        """(module, name) of every class that was read."""
        return sorted(pair for pair, found in self._known.items() if found is not None)

    def definition(self, type: Type) -> tuple[Module, ast.ClassDef] | None:
        """Where a type of the project is defined."""
        module = self.modules.find(type.module) if type.module else None
        if module is None or type.name not in module.bound:
            return None
        node = module.bound[type.name][-1]
        if not isinstance(node, ast.ClassDef):
            return None
        if (type.module, type.name) not in self.flaws:
            self.flaws[type.module, type.name] = declared.of_class(self.modules, module, node)
        return module, node

    def always_true(self, type: Type) -> bool:
        """Whether every value of a type is true as a condition; no for what cannot be known."""
        type = types.unveiled(type)
        if (type.module, type.name) == (types.WORDS, "Outcome"):
            return True
        definition = self.definition(type)
        if definition is None or self.find(type) is None:
            return False
        module, node = definition
        bases = [annotation.reference(self.modules, module, base) for base in node.bases]
        plain = {("enum", "Enum"), _STRUCT, _MODEL, ("typing", "Generic")}
        if any(base is None or (base.module, base.name) not in plain for base in bases):
            return False
        return not any(getattr(part, "name", "") in ("__bool__", "__len__") for part in node.body)

    def unsendable(
        self, type: Type, seen: set[Type] | None = None, *, sets: bool = True, field_sets: bool = True
    ) -> str:
        """Why values of a type cannot cross; empty if they can. `sets`, `field_sets`: whether sets are a reason, in the
        type as it is written and in the fields of its messages."""
        seen = set() if seen is None else seen
        if type in seen or type.module == "literal" or type.name in SCALARS | {"...", "!"}:
            return ""
        seen.add(type)
        parts = (self.unsendable(one, seen, sets=sets, field_sets=field_sets) for one in type.arguments)
        inner = next(filter(None, parts), "")
        if type.name == "|":
            return inner or self._ambiguous(type)
        if type.name in ("set", "frozenset") and not type.module:
            if not sets:
                return inner
            return f"{type.text()} is a set, and a set has no order"
        if inner or (type.name in ("list", "tuple", "dict") and not type.module):
            if not all(one.known for one in type.arguments) and inner.startswith(types.UNKNOWN.text()):
                return f"{type.name} does not say what it holds"
            return inner or self._keys(type)
        if not type.module:
            return f"{type.text()} is not a message type"
        if self.modules.find(type.module) is None:
            return self._opaque(type)
        message = self.find(type)
        if message is None:
            kind = self._other_kind(type)
            return f"{type.name} is a {kind}" if kind else f"{type.name} is not a message type"
        if message.parameters:
            return f"{type.name} has type parameters, and they are not given: {type.name}[int]"
        if message.odd is not None:
            return message.odd.text
        for name, field in message.fields:
            reason = self.unsendable(field, seen, sets=field_sets, field_sets=field_sets)
            if reason:
                return f"the field {type.name}.{name} cannot cross: {reason}"
        return ""

    def _odd(self, type: Type) -> Odd | None:
        message = self.find(type)
        return message.odd if message is not None else None

    def _other_kind(self, type: Type) -> str:
        """Which of `typing`'s classes of records a class is, which have no names in JSON or no class at run time."""
        module, node = self.definition(type) or (None, None)
        if module is None or node is None:
            return ""
        bases = [annotation.reference(self.modules, module, base) for base in node.bases]
        kinds = (base.name for base in bases if base is not None and base.module in ("typing", "typing_extensions"))
        return next((kind for kind in kinds if kind in ("NamedTuple", "TypedDict")), "")

    def _keys(self, type: Type) -> str:
        """Why what a dict has for keys cannot be that; empty if it can. In JSON keys are texts."""
        if type.name != "dict" or len(type.arguments) != 2:
            return ""
        key = types.unveiled(type.arguments[0])
        if key.name == "|":
            return f"the keys of one dict are of one type, and these are {key.text()}"
        message = self.find(key)
        if key in (types.BOOL, NONE) or (key.name in ("list", "tuple", "dict") and not key.module):
            return f"{key.text()} cannot be the key of a dict: in JSON a key is a text"
        if message is not None and message.kind != "enum":
            return f"{key.name} cannot be the key of a dict: in JSON a key is a text"
        return ""

    def refused(self, type: Type, told: bool = False) -> bool:
        """Whether it has been said of a type in an operation's head that it cannot cross; that is said once, also where
        it is another one because of the same class. `told`: it is said now."""
        cause = self.culprit(type) or type
        key = (cause.module, cause.name, frozenset(cause.arguments))
        known = key in self._refused
        if told:
            self._refused.add(key)
        return known

    def culprit(self, type: Type) -> Type | None:
        """The class of the project because of which a type cannot cross, whatever else is in it."""
        own = (part for part in self._parts(type, set()) if part.module and self.find(part) is None)
        return next((part for part in own if self.definition(part) is not None), None)

    def instead(self, type: Type) -> str:
        """What to write in the place of a type that cannot cross."""
        if record := next((part for part in self._parts(type, set()) if self._other_kind(part)), None):
            return f"@dataclass(frozen=True) above class {record.name}, without {self._other_kind(record)} as its base"
        if odd := next((odd for part in self._parts(type, set()) if (odd := self._odd(part)) is not None), None):
            return odd.hint
        if any(not part.known for part in self._parts(type, set())):
            return "the types of what it holds in brackets: list[int], dict[str, int]"
        if (plain := self.culprit(type)) is not None:
            return f"@dataclass(frozen=True) above class {plain.name}, and its fields with their types"
        if any(self._keys(part) for part in self._parts(type, set())):
            return "a dict with keys of str, int, an enum or a date; or a list of pairs"
        union = next((part for part in self._parts(type, set()) if part.name == "|" and self._ambiguous(part)), None)
        if union is None:
            return "a frozen dataclass, an enum, a scalar, or a list, tuple or dict of these"
        kinds = {one: found.kind for one in union.arguments if (found := self.find(one)) is not None}
        model = next((one.text() for one, kind in kinds.items() if kind == "model"), "")
        if model:
            text = model.lower()
            return f'a dataclass in the place of {model}, with a last field kind: Literal["{text}"] = "{text}"'
        groups = [self._of_form(union, form) for form in ("object", "array", "text") if not self._told(union, form)]
        alike = next((parts for parts in groups if len(parts) > 1), list(union.arguments))
        return tags.to_write([(one.text(), self.find(one)) for one in alike], self._derived_from())

    def _derived_from(self) -> frozenset[str]:
        """The names of classes that others of the project's files derive from."""
        classes = (node for module in self.modules.read for node in module.tree.body if isinstance(node, ast.ClassDef))
        return frozenset(annotation.dotted(base).rpartition(".")[2] for node in classes for base in node.bases)

    def method(self, type: Type, name: str) -> Type | None:
        """What a @pure method of a message gives; None if there is none of that name."""
        message = self.find(type)
        code = () if message is None else message.code
        return next((gives for known, kind, gives in code if (known, kind) == (name, "method")), None)

    def code_of(self, type: Type, name: str) -> tuple[str, str] | None:
        """The class that defines a property or a @pure method of a message; None if it has none of that name."""
        message = self.find(type)
        if message is None or all(known != name for known, _, _ in message.code):
            return None
        definition = self.definition(type)
        own = definition is not None and any(getattr(part, "name", "") == name for part in definition[1].body)
        above = (self.code_of(base, name) for base in message.bases)
        return (type.module, type.name) if own else next(filter(None, above), None)

    def taken(self, type: Type, name: str) -> list[tuple[str, Type]]:
        """What a @pure method of a message takes beside the message: the names of its parameters, with their types."""
        found = self.code_of(type, name)
        definition = self.definition(Type(found[1], found[0])) if found is not None else None
        module, node = definition if definition is not None else (None, None)
        for part in node.body if node is not None else ():
            if module is not None and isinstance(part, ast.FunctionDef) and part.name == name:
                return self.parameters(module, part)[1:]
        return []

    def parameters(self, module: Module, node: ast.FunctionDef) -> list[tuple[str, Type]]:
        """The names of what a function takes, with their types."""
        taken = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        declared = ((one.arg, one.annotation) for one in taken)
        return [(name, self._field(module, said) if said is not None else UNKNOWN) for name, said in declared]

    def derives(self, type: Type, base: Type) -> bool:
        """Whether the instances of one class are certainly instances of another one."""
        if (type.module, type.name) == (base.module, base.name):
            return True
        message = self.find(type)
        return message is not None and any(self.derives(one, base) for one in message.bases)

    def checks(self, type: Type) -> bool:
        """Whether who reads a value of a type checks more of it than its types."""
        found = map(self.find, self._parts(type, set()))
        return any(one is not None and one.checked for one in found)

    def _parts(self, type: Type, seen: set[Type]) -> Iterator[Type]:
        """A type and all types in it, those of fields included."""
        if type in seen:
            return
        seen.add(type)
        yield type
        message = self.find(type)
        for part in (*type.arguments, *(field for _, field in (message.fields if message else ()))):
            yield from self._parts(part, seen)

    def _of_form(self, union: Type, form: str) -> list[Type]:
        """The parts of a union that share a form in JSON."""
        return [one for one in union.arguments if self._form(one) == form]

    def _opaque(self, type: Type) -> str:
        pair = (type.module, type.name)
        if pair in types.KNOWN | _SEQUENCES:
            return ""
        python = type.module.partition(".")[0] in sys.stdlib_module_names  # its own classes are all known here
        if python or type.module in _OPAQUE_REFUSED or type.module == types.WORDS:
            return f"{type.text()} is not a message type"
        return ""

    def _ambiguous(self, type: Type) -> str:
        """A union is read by the JSON form alone, so two of its parts must not share one."""
        models = [one for one in type.arguments if (found := self.find(one)) is not None and found.kind == "model"]
        if models and len([one for one in type.arguments if one != NONE]) > 1:
            return f"{models[0].text()} is a pydantic model, and one stands alone or beside None"
        told = {form for form in ("object", "array") if self._told(type, form)}
        for one, other in combinations(type.arguments, 2):
            shared = self._forms(one) & self._forms(other)
            if shared - told and not _literals(one, other):
                return f"{one.text()} and {other.text()} cannot be told apart in JSON"
        structs = [one for one in type.arguments if (found := self.find(one)) is not None and found.struct is not None]
        if len({self._form(one) for one in structs}) > 1:
            names = " and ".join(one.text() for one in structs)
            return f"{names} cannot be told apart in JSON: array_like is said of some of them only"
        return ""

    def _told(self, union: Type, form: str) -> bool:
        """Whether the parts of a union that share a form say which one each is."""
        parts = self._of_form(union, form)
        classes = {one: found.tags for one in parts if (found := self.find(types.unveiled(one))) is not None}
        return len(classes) == len(parts) > 1 and bool(tags.shared_field(classes))

    def _forms(self, type: Type) -> frozenset[str]:
        """The forms that values of a type may have in JSON."""
        if (type.module, type.name) == ("typing", "Literal"):
            return frozenset("text" if tags.plain(one.name) else "int" for one in type.arguments)
        return frozenset({self._form(type)})

    def _form(self, type: Type) -> str:
        type = types.unveiled(type)
        message = self.find(type)
        if message is not None and message.kind == "enum" and message.value == INT:
            return "int"
        if type.name == "dict" or (message is not None and message.kind != "enum"):
            return "array" if message is not None and message.struct is not None and message.struct.array else "object"
        if type.name in ("list", "tuple") and not type.module:
            return "array"
        if type.name in ("str", "bytes") or (type.module, type.name) in types.PORTABLE or message is not None:
            return "text"
        return type.text()

    def _read(self, module: Module, node: ast.ClassDef) -> MessageClass | None:
        bases = [annotation.reference(self.modules, module, base) for base in node.bases]
        pairs = {(base.module, base.name) for base in bases if base is not None}
        if pairs & members.ENUMS:
            value = Type(kind) if (kind := members.kind(self.modules, module, node)) else UNKNOWN
            plain = pairs <= members.ENUMS and is_plain(node, lambda written: UNKNOWN)
            same = tuple(aliases(self.modules, module, node).items())
            names = tuple(name for name, _ in members.assigned(node))
            odd = members.uncrossing(self.modules, module, node)
            return MessageClass("enum", True, (), names, same, value, plain=plain, odd=odd)
        fields: dict[str, Type] = {}
        inherited = [self.find(Type(base.name, base.module)) for base in bases if base is not None and base.node]
        for parent in inherited:
            fields |= dict(parent.fields if parent else ())
        frozen = self._dataclass(module, node)
        parent = next((one for one in inherited if one is not None and one.kind == "model"), None)
        model = _MODEL in pairs or parent is not None
        if model:
            frozen = _frozen_model(node, parent is not None and parent.frozen)
        if frozen is None and (_STRUCT in pairs or any(inherited)):
            frozen = any(keyword.arg == "frozen" and _true(keyword.value) for keyword in node.keywords)
        if frozen is None:
            return None
        for statement in node.body:
            if _is_field(statement):
                assert isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name)
                fields[statement.target.id] = self._field(module, statement.annotation)
        generic = [base for base in node.bases if isinstance(base, ast.Subscript)]
        parameters = dict.fromkeys(part for base in generic for part in self._variables(module, base))
        inner = all(parent is not None and parent.plain for parent in inherited)
        outer = {base and (base.module, base.name) for base in bases if base is None or not base.node}
        checked = has_constraints(node) or any(one is not None and one.checked for one in inherited)
        known = inner and outer <= {_STRUCT, ("typing", "Generic")} and not checked
        return MessageClass(
            "model" if model else "data",
            frozen,
            tuple(fields.items()),
            parameters=tuple(parameters),
            code=tuple(self._code(module, node, inherited)),
            bases=tuple(Type(base.name, base.module) for base in bases if base is not None and base.node is not None),
            struct=self._struct(node, _STRUCT in pairs, inherited),
            checked=checked,
            plain=known and not model and is_plain(node, lambda written: self._field(module, written)),
        )

    def _code(
        self, module: Module, node: ast.ClassDef, inherited: list[MessageClass | None]
    ) -> Iterator[tuple[str, str, Type]]:
        """The properties and @pure methods of a class, its own before those that it inherits."""
        for part in node.body:
            if not isinstance(part, ast.FunctionDef) or part.returns is None or len(part.decorator_list) != 1:
                continue
            decorator = part.decorator_list[0]
            found = annotation.reference(self.modules, module, decorator)
            if found is not None and found.word == "pure":
                yield part.name, "method", self._field(module, part.returns)
            elif isinstance(decorator, ast.Name) and decorator.id == "property" and found is None:
                yield part.name, "property", self._field(module, part.returns)
        for parent in inherited:
            yield from parent.code if parent is not None else ()

    def _struct(self, node: ast.ClassDef, direct: bool, inherited: list[MessageClass | None]) -> tags.StructTag | None:
        parent = next((one.struct for one in inherited if one is not None and one.struct is not None), None)
        return tags.of_struct(node, parent) if direct or parent is not None else None

    def _variables(self, module: Module, base: ast.Subscript) -> list[Type]:
        parts = base.slice.elts if isinstance(base.slice, ast.Tuple) else [base.slice]
        return [found for found in (self._field(module, part) for part in parts) if found.module == "parameter"]

    def _field(self, module: Module, node: ast.expr) -> Type:
        if (annotated := annotation.located(self.modules, module, node)) is not None:
            node = annotated[0]  # what else stands in Annotated is for whoever validates it
        try:
            return annotation.type_of(self.modules, module, node)
        except annotation.Unresolved:
            return UNKNOWN

    def _dataclass(self, module: Module, node: ast.ClassDef) -> bool | None:
        """Whether a dataclass is frozen; None if the class is no dataclass."""
        for decorator in node.decorator_list:
            call = decorator.func if isinstance(decorator, ast.Call) else decorator
            found: Reference | None = annotation.reference(self.modules, module, call)
            if found is not None and (found.module, found.name) == ("dataclasses", "dataclass"):
                keywords = decorator.keywords if isinstance(decorator, ast.Call) else []
                return any(keyword.arg == "frozen" and _true(keyword.value) for keyword in keywords)
        return None


def _literals(one: Type, other: Type) -> bool:
    """Whether one of two types is some values of the other, or both are values. Then it does not matter which it is."""
    is_literal = [(type.module, type.name) == ("typing", "Literal") for type in (one, other)]
    return all(is_literal) or (any(is_literal) and bool({one, other} & {STR, INT}))


def attribute(messages: Messages, owner: Type, name: str) -> Type:
    """The type of `value.name`; unknown where the class is opaque. A field that is missing is `missing`'s business."""
    owner = types.unveiled(owner)
    if owner.refused:
        return REFUSED
    if (owner.module, owner.name) == (types.WORDS, "Outcome") and owner.arguments:
        return {"ok": types.BOOL, "value": owner.arguments[0], "reason": types.STR}.get(name, UNKNOWN)
    message = messages.find(owner)
    if message is None:
        return library.field(owner, name)
    if message.kind == "enum":
        return types.STR if name == "name" else message.value
    given = (gives for known, kind, gives in message.code if (known, kind) == (name, "property"))
    return message.field(name) or next(given, UNKNOWN)


def missing(messages: Messages, owner: Type, name: str) -> bool:
    """Whether a value of this type certainly has no field of that name."""
    message = messages.find(types.unveiled(owner))
    if message is None:
        return False
    if message.kind == "enum":
        return name not in ("name", "value")
    return message.field(name) is None and all(known != name for known, _, _ in message.code)


def _is_field(statement: ast.stmt) -> bool:
    if not isinstance(statement, ast.AnnAssign) or not isinstance(statement.target, ast.Name):
        return False
    return statement.target.id != "model_config" and "ClassVar" not in ast.unparse(statement.annotation)


def _frozen_model(node: ast.ClassDef, inherited: bool) -> bool:
    """`class M(BaseModel, frozen=True)` or `model_config = ConfigDict(frozen=True)`."""
    keywords = list(node.keywords)
    for part in node.body:
        target = part.targets[0] if isinstance(part, ast.Assign) else getattr(part, "target", None)
        value = part.value if isinstance(part, (ast.Assign, ast.AnnAssign)) else None
        if isinstance(target, ast.Name) and target.id == "model_config" and isinstance(value, ast.Call):
            keywords += value.keywords
    said = [_true(keyword.value) for keyword in keywords if keyword.arg == "frozen"]
    return said[-1] if said else inherited


def _true(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is True
