"""What the members of an enum stand for. A member crosses as its value, so that is a text for all of them, or a whole
number for all.

Read is what is written: a member is one name with one value, on a line of its own. What is written otherwise may be a
member in Python all the same, and a match over the others would leave it out.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from accompanist.language.reading import annotation
from accompanist.language.reading.modules import Module, Modules

ENUMS = frozenset(("enum", name) for name in ("Enum", "IntEnum", "StrEnum"))
INT, STR = "int", "str"
OTHER, MISMADE = "other", "mismade"
"""Kinds: what is not said to be a text or an integer; a text in an enum of integers, or a number in one of texts."""
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_TEXTS = frozenset({"lower", "upper", "title", "strip", "capitalize", "replace", "removeprefix", "removesuffix"})
_NUMBERS = (ast.Add, ast.Sub, ast.Mult, ast.FloorDiv, ast.Mod, ast.LShift, ast.RShift, ast.BitOr, ast.BitAnd)
_HOPS = 8
_ONLY = "only texts and integers can cross"
_LARGEST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Odd:
    """What is wrong with a member of an enum: where, what, and what to write instead."""

    node: ast.AST
    text: str
    hint: str


def is_enum(modules: Modules, module: Module, node: ast.ClassDef) -> bool:
    bases = [annotation.reference(modules, module, base) for base in node.bases]
    return any(base is not None and (base.module, base.name) in ENUMS for base in bases)


def odd(modules: Modules, module: Module, node: ast.ClassDef) -> Iterator[Odd]:
    """What is wrong with an enum, whether its members cross or not."""
    yield from _unread(node)
    read = _MemberReader(modules, module, node)
    kinds: dict[str, ast.expr] = {}
    for name, written in assigned(node):
        kind = read.kind(written)
        kinds.setdefault(kind, written)
        if kind not in (INT, STR, MISMADE, OTHER):
            yield Odd(written, f"a member of {node.name} stands for {_short(written)}, and {_ONLY}", _text(name))
    if {INT, STR} <= kinds.keys():
        text = f"the members of {node.name} stand for texts and for integers, and a reader could not tell them apart"
        yield Odd(kinds[INT], text, "texts for all, or integers for all")


def uncrossing(modules: Modules, module: Module, node: ast.ClassDef) -> Odd | None:
    """Why the members of an enum cannot cross, though they may well be used where they are."""
    if next(odd(modules, module, node), None) is not None:
        return None  # that is said of the enum itself
    read = _MemberReader(modules, module, node)
    if (base := read.odd_base()) is not None:
        text = f"the members of {node.name} are made by {ast.unparse(base)}, and {_ONLY}"
        return Odd(base, text, f"class {node.name}(Enum): with a text for each member")
    for name, written in assigned(node):
        kind = read.kind(written)
        wrong = _wrong(written)
        if kind == MISMADE:
            wrong = f"{_short(written)}, and its members are of type {read.made}"
        elif kind not in (INT, STR):
            wrong = f"{_short(written)}, and {_ONLY}"
        if wrong:
            return Odd(written, f"{node.name}.{name} stands for {wrong}", _text(name))
    return None


def _short(written: ast.expr) -> str:
    text = ast.unparse(written)
    return text if len(text) < 60 else f"{text[:50]}…"


def kind(modules: Modules, module: Module, node: ast.ClassDef) -> str:
    """Of which type the values of all members are; empty where that is not known."""
    read = _MemberReader(modules, module, node)
    kinds = {read.kind(written) for _, written in assigned(node)}
    return kinds.pop() if len(kinds) == 1 and kinds <= {INT, STR} else ""


def assigned(node: ast.ClassDef) -> Iterator[tuple[str, ast.expr]]:
    """The members of an enum, with what they stand for."""
    for part in node.body:
        if isinstance(part, ast.Assign):
            names = [target.id for target in part.targets if isinstance(target, ast.Name)]
            yield from ((name, part.value) for name in names if not name.startswith("_"))


def _text(name: str) -> str:
    return f'a text for each member: {name} = "{name.lower()}"'


def _unread(node: ast.ClassDef) -> Iterator[Odd]:
    """What makes members and is not read as one."""
    for part in node.body:
        match part:
            case ast.Assign(targets=targets) if all(isinstance(one, ast.Name) for one in targets):
                continue
            case ast.AnnAssign(value=None) | ast.Expr(value=ast.Constant()):
                continue
            case ast.AnnAssign(target=ast.Name(id=name)) if name.startswith("_"):
                continue
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                text = f"{name} is a member of {node.name} in Python, and has a type beside it that no member has"
                yield Odd(part, text, f"{name} = {ast.unparse(value)}")
            case ast.ClassDef(name=name):
                text = f"{name} may be a member of {node.name}, and {_ONLY}"
                yield Odd(part, text, f"class {name} above class {node.name}")
            case _ if not isinstance(part, _FUNCTIONS) and _binds(part):
                text = f"the members of {node.name} are not each on a line of their own, and so cannot be told"
                yield Odd(part, text, 'one member a line: FIRST = "first"')


def _binds(part: ast.stmt) -> bool:
    """Whether a statement gives a value to a name that may be a member's."""
    names = (one.id for one in ast.walk(part) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store))
    return any(not name.startswith("_") for name in names)


def _wrong(written: ast.expr) -> str:
    """Why a text or a number is none that can cross."""
    try:
        value = ast.literal_eval(written)
    except ValueError:
        value = None
    if isinstance(value, int) and not -_LARGEST - 1 <= value <= _LARGEST:
        return "an integer of more than 64 bits"
    if isinstance(value, str) and "\0" in value:
        return "a text with the character U+0000, which no database keeps"
    if isinstance(value, str) and any("\ud800" <= letter <= "\udfff" for letter in value):
        return "a text with half of a character, which cannot be written in UTF-8"
    return ""


class _MemberReader:
    """Says of which type a value is that stands in one class."""

    def __init__(self, modules: Modules, module: Module, node: ast.ClassDef) -> None:
        self._modules, self._module, self._node = modules, module, node
        bases = [annotation.reference(modules, module, base) for base in node.bases]
        of_base = {"IntEnum": INT, "StrEnum": STR}
        self.made = next((of_base[one.name] for one in bases if one is not None and one.name in of_base), "")
        self.made = next((name for base in node.bases if (name := self._builtin(base)) in (INT, STR)), self.made)
        self._functions = {one.name: one for one in node.body if isinstance(one, ast.FunctionDef)}

    def _builtin(self, base: ast.expr) -> str:
        name = base.id if isinstance(base, ast.Name) else ""
        return "" if name in self._module.bound else name

    def odd_base(self) -> ast.expr | None:
        """A base that makes members of another type than a text or an integer."""
        return next((base for base in self._node.bases if not self._plain(self._module, base, _HOPS)), None)

    def _plain(self, module: Module, base: ast.expr, hops: int) -> bool:
        if isinstance(base, ast.Name) and base.id in (INT, STR, "object") and base.id not in module.bound:
            return True
        found = annotation.reference(self._modules, module, base)
        home = self._modules.find(found.module) if found is not None else None
        if found is not None and (found.module, found.name) in ENUMS:
            return True
        if home is None or found is None or not isinstance(found.node, ast.ClassDef) or hops == 0:
            return False
        own = {one.name for one in found.node.body if isinstance(one, ast.FunctionDef)}
        above = found.node.bases
        return (
            "__new__" not in own
            and not found.node.decorator_list
            and all(self._plain(home, b, hops - 1) for b in above)
        )

    def kind(self, written: ast.expr) -> str:
        """INT or STR; OTHER for anything else, and for what is not known to be one of these."""
        if "__new__" in self._functions and not self._keeps_value():
            return OTHER
        found = self._kind(written, self._module, _HOPS)
        if self.made and found in (INT, STR, ""):
            return self.made if found in (self.made, "") else MISMADE
        return found or OTHER

    def _keeps_value(self) -> bool:
        """Whether what `__new__` makes stands for the value that is written."""
        made = self._functions["__new__"]
        given = {one.arg for one in made.args.args}
        values = [one for one in ast.walk(made) if isinstance(one, ast.Assign) and "_value_" in ast.unparse(one)]
        return all(isinstance(one.value, ast.Name) and one.value.id in given for one in values)

    def _kind(self, written: ast.expr, module: Module, hops: int) -> str:
        """As what is written; empty where that does not say it."""
        inner = [part for part in ast.iter_child_nodes(written) if isinstance(part, ast.expr)]
        match written:
            case ast.Constant(value=value):
                return type(value).__name__
            case ast.JoinedStr():
                return STR
            case ast.UnaryOp(op=ast.USub() | ast.UAdd() | ast.Invert()) if self._kind(inner[0], module, hops) == INT:
                return INT
            case ast.BinOp(op=op):
                return self._computed(op, [self._kind(part, module, hops) for part in inner], inner)
            case ast.Name() | ast.Attribute() if hops:
                return self._named(written, module, hops)
            case ast.Call():
                return self._called(written, module, hops)
            case ast.Tuple() | ast.List() | ast.Dict() | ast.Set() | ast.Lambda():
                return "several"
        return OTHER

    def _computed(self, op: ast.operator, kinds: list[str], parts: list[ast.expr]) -> str:
        if kinds == [INT, INT]:
            small = isinstance(parts[1], ast.Constant) and isinstance(parts[1].value, int) and parts[1].value < 63
            if isinstance(op, ast.Pow):
                return INT if small and isinstance(parts[0], ast.Constant) and parts[0].value == 2 else OTHER
            return INT if isinstance(op, _NUMBERS) and (small or not isinstance(op, ast.LShift)) else OTHER
        return STR if kinds == [STR, STR] and isinstance(op, ast.Add) else "" if "" in kinds else OTHER

    def _named(self, written: ast.expr, module: Module, hops: int) -> str:
        of_class = assigned(self._node) if module is self._module else ()
        before = {name: value for name, value in of_class if value.lineno < written.lineno}
        if isinstance(written, ast.Name) and written.id in before:
            return self._kind(before[written.id], module, hops - 1)
        found = annotation.reference(self._modules, module, written)
        home = self._modules.find(found.module) if found is not None else None
        match found.node if found is not None else None:
            case ast.Assign(value=value, targets=[ast.Name()]) | ast.AnnAssign(value=ast.expr() as value) if home:
                return self._kind(value, home, hops - 1)
        return ""

    def _called(self, written: ast.Call, module: Module, hops: int) -> str:
        found = annotation.reference(self._modules, module, written.func)
        if found is not None and (found.module, found.name) == ("enum", "auto"):
            return self._generated()
        match written.func:
            case ast.Name(id="str" | "int" | "len" | "ord" | "chr" as name) if name not in module.bound:
                return STR if name in (STR, "chr") else INT
            case ast.Attribute(value=value, attr=attr) if attr in _TEXTS and self._kind(value, module, hops) == STR:
                return STR
        outside = found is not None and self._modules.find(found.module) is None
        return OTHER if outside else ""

    def _generated(self) -> str:
        """What `auto()` stands for: a number, or what the class says."""
        own = self._functions.get("_generate_next_value_")
        if own is None:
            return self.made or INT
        given = own.args.args[0].arg if own.args.args else ""
        returned = [one.value for one in ast.walk(own) if isinstance(one, ast.Return)]
        return STR if returned and all(_of_text(one, given) for one in returned) else ""


def _of_text(written: ast.expr | None, name: str) -> bool:
    """Whether a text is made of the text that a name stands for."""
    match written:
        case ast.Name(id=found):
            return found == name
        case ast.Call(func=ast.Attribute(value=value, attr=attr)) if attr in _TEXTS:
            return _of_text(value, name)
    return isinstance(written, ast.JoinedStr)
