"""Which fields of a dataclass or a Struct Python would refuse when it imports the file: one without a default behind
one that has a default, say, or a default that can be changed in place.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from accompanist.language.reading import annotation
from accompanist.language.reading.modules import Module, Modules

_FIELDS = {("dataclasses", "field"), ("msgspec", "field")}
_CHANGEABLE = frozenset({"list", "dict", "set", "bytearray"})
_HOPS = 20
Found = tuple[ast.AST, str, str]
"""Where, what is wrong, and what to write instead."""


@dataclass(frozen=True, slots=True)
class _ClassField:
    node: ast.AnnAssign
    default: bool
    in_place: bool  # whether it is a parameter that is given in its place


@dataclass(frozen=True, slots=True)
class _Class:
    """A dataclass or a Struct as it says itself."""

    module: Module
    node: ast.ClassDef
    struct: bool
    said: dict[str, bool]  # the keywords of its decorator, or of the class


def wrong(modules: Modules, module: Module, node: ast.ClassDef) -> Iterator[Found]:
    """What is wrong with the fields of a class."""
    found = _read(modules, module, node)
    if found is None:
        return
    yield from _unannotated(modules, found)
    yield from _defaults(modules, found)
    yield from _frozen(modules, found)
    yield from _order(modules, found)


def _read(modules: Modules, module: Module, node: ast.ClassDef, hops: int = _HOPS) -> _Class | None:
    for decorator in node.decorator_list:
        call = decorator.func if isinstance(decorator, ast.Call) else decorator
        named = annotation.reference(modules, module, call)
        if named is not None and (named.module, named.name) == ("dataclasses", "dataclass"):
            return _Class(module, node, False, _said(decorator.keywords if isinstance(decorator, ast.Call) else []))
    for base in node.bases if hops else ():
        named = annotation.reference(modules, module, base)
        above = _above(modules, module, base)
        if named is not None and (named.module, named.name) == ("msgspec", "Struct"):
            return _Class(module, node, True, _said(node.keywords))
        if above is not None and (found := _read(modules, *above, hops - 1)) is not None and found.struct:
            return _Class(module, node, True, _said(node.keywords))
    return None


def _said(keywords: list[ast.keyword]) -> dict[str, bool]:
    constants = ((one.arg, one.value) for one in keywords)
    return {name: value.value is True for name, value in constants if name and isinstance(value, ast.Constant)}


def _above(modules: Modules, module: Module, base: ast.expr) -> tuple[Module, ast.ClassDef] | None:
    named = annotation.reference(modules, module, base.value if isinstance(base, ast.Subscript) else base)
    home = modules.find(named.module) if named is not None else None
    return (home, named.node) if named is not None and home and isinstance(named.node, ast.ClassDef) else None


def _field(modules: Modules, module: Module, value: ast.expr | None) -> dict[str, ast.expr] | None:
    """What `field(…)` says; None for anything else."""
    if not isinstance(value, ast.Call):
        return None
    named = annotation.reference(modules, module, value.func)
    if named is None or (named.module, named.name) not in _FIELDS:
        return None
    return {one.arg: one.value for one in value.keywords if one.arg}


def _own(modules: Modules, found: _Class) -> Iterator[tuple[str, _ClassField]]:
    by_name = found.said.get("kw_only", False)
    for part in found.node.body:
        match part:
            case ast.AnnAssign(target=ast.Name(id=name), annotation=said, value=value):
                text = ast.unparse(said)
                if text.rpartition(".")[2] == "KW_ONLY":
                    by_name = True
                elif "ClassVar" not in text:
                    given = _field(modules, found.module, value)
                    default = value is not None if given is None else bool({"default", "default_factory"} & set(given))
                    apart = {one: _is(given or {}, one) for one in ("init", "kw_only")}
                    named = by_name if apart["kw_only"] is None else apart["kw_only"]
                    yield name, _ClassField(part, default, not named and apart["init"] is not False)


def _is(given: dict[str, ast.expr], name: str) -> bool | None:
    value = given.get(name)
    return value.value if isinstance(value, ast.Constant) and isinstance(value.value, bool) else None


def _all(modules: Modules, found: _Class, hops: int = _HOPS) -> dict[str, _ClassField]:
    """All fields in their order; one that is written again has its first place."""
    fields: dict[str, _ClassField] = {}
    for base in reversed(found.node.bases) if hops else ():
        above = _above(modules, found.module, base)
        parent = _read(modules, *above) if above is not None else None
        if parent is not None and parent.struct == found.struct:
            fields |= _all(modules, parent, hops - 1)
    return fields | dict(_own(modules, found))


def _order(modules: Modules, found: _Class) -> Iterator[Found]:
    own = dict(_own(modules, found))
    given = ""
    for name, field in _all(modules, found).items():
        if not field.in_place:
            continue
        if field.default:
            given = given or name
        elif given:
            text = f"{name} of {found.node.name} has no default and stands behind {given}, which has one"
            yield (
                (field.node if name in own else found.node),
                f"{text}; Python refuses that",
                _behind(found, name, given, own),
            )
            return


def _behind(found: _Class, name: str, given: str, own: dict[str, _ClassField]) -> str:
    """What to write instead of a field that stands behind one with a default."""
    if name in own and given in own:
        return f"{name} above {given}"
    if name not in own:
        return f"a default for {name}, or none for {given}"
    if found.struct:
        return f"kw_only=True in class {found.node.name}(…)"
    said = [*(f"{word}={value}" for word, value in found.said.items()), "kw_only=True"]
    return f"@dataclass({', '.join(said)}) above class {found.node.name}"


def _defaults(modules: Modules, found: _Class) -> Iterator[Found]:
    for name, field in _own(modules, found):
        given = _field(modules, found.module, field.node.value)
        if given is not None and {"default", "default_factory"} <= given.keys():
            yield (
                field.node,
                f"{name} has two defaults, and Python refuses that",
                "default or default_factory, not both",
            )
            continue
        default = field.node.value if given is None else given.get("default")
        if default is None or not _changeable(modules, found, default):
            continue
        text = f"the default of {name} is one value that can be changed in place, and Python refuses that"
        factory = ast.unparse(default) if not isinstance(default, ast.Call) or default.args or default.keywords else ""
        makes = f"lambda: {factory}" if factory else ast.unparse(default)[:-2]
        makes = {"[]": "list", "{}": "dict"}.get(factory, makes)
        yield field.node, text, f"{name}: {ast.unparse(field.node.annotation)} = field(default_factory={makes})"


def _changeable(modules: Modules, found: _Class, default: ast.expr) -> bool:
    match default:
        case ast.List(elts=[]) | ast.Dict(keys=[]):
            return not found.struct
        case ast.List() | ast.Dict() | ast.Set() | ast.ListComp() | ast.DictComp() | ast.SetComp():
            return True
        case ast.Call(func=ast.Name(id=name), args=args) if name in _CHANGEABLE and name not in found.module.bound:
            return not found.struct or bool(args)
        case ast.Call(func=function) if not found.struct:
            above = _above(modules, found.module, function)
            made = _read(modules, *above) if above is not None else None
            own = {getattr(one, "name", "") for one in made.node.body} if made is not None else set()
            said = made.said if made is not None else {}
            hashed = said.get("frozen", False) or said.get("unsafe_hash", False) or not said.get("eq", True)
            return made is not None and not made.struct and not hashed and "__hash__" not in own
    return False


def _frozen(modules: Modules, found: _Class) -> Iterator[Found]:
    """A frozen dataclass derives from frozen ones, and one that is not from such."""
    frozen = found.said.get("frozen", False)
    for base in found.node.bases if not found.struct else ():
        above = _above(modules, found.module, base)
        parent = _read(modules, *above) if above is not None else None
        if parent is not None and not parent.struct and parent.said.get("frozen", False) != frozen:
            text = (
                f"{found.node.name} is {'' if frozen else 'not '}frozen and derives from {parent.node.name}, which is"
            )
            hint = f"@dataclass(frozen=True) above class {parent.node.name if frozen else found.node.name}"
            yield found.node, f"{text} {'not' if frozen else 'so'}; Python refuses that", hint


def _unannotated(modules: Modules, found: _Class) -> Iterator[Found]:
    for part in found.node.body if not found.struct else ():
        match part:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                if _field(modules, found.module, value) is not None:
                    text = f"{name} is a field of {found.node.name} without a type, and Python refuses that"
                    yield part, text, f"{name}: Type = {ast.unparse(value)}"
