"""How messages of a union are told apart, read from class definitions without importing them.

A Struct has a tag (`tag=True`, `tag="put"`), which msgspec writes in a member of its own. A dataclass says which one it
is by a field of one literal text: `kind: Literal["put"] = "put"`. `tagged` reads such values; it goes by the same rule.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING

from accompanist.language.types import Type
from accompanist.language.values.tagged import shared_field

if TYPE_CHECKING:
    from accompanist.language.reading.messages import MessageClass

__all__ = ["StructTag", "literals", "of_struct", "shared_field", "to_write"]
_FIELD = "type"  # where msgspec writes a tag if nothing else is said


@dataclass(frozen=True, slots=True)
class StructTag:
    """What a Struct's definition says of its tag. `said`: the tag, True for the class's own name, None for no tag."""

    name: str
    said: str | int | bool | None
    field: str
    array: bool = False

    @property
    def tags(self) -> Mapping[str, str | int]:
        return {} if self.said is None else {self.field: self.name if isinstance(self.said, bool) else self.said}


def of_struct(node: ast.ClassDef, parent: StructTag | None) -> StructTag:
    """The tag of a Struct; what it does not say it has from its parent, as in msgspec."""
    given = {keyword.arg: keyword.value for keyword in node.keywords}
    said, field = (parent.said, parent.field) if parent is not None else (None, "")
    if "tag_field" in given:
        field = str(_constant(given["tag_field"]))
        said = True if said is None else said
    if "tag" in given:
        said = _said(given["tag"], node.name)
    array = bool(_constant(given["array_like"])) if "array_like" in given else parent is not None and parent.array
    return StructTag(node.name, said, field or _FIELD, array)


def _said(node: ast.expr, name: str) -> str | int | bool | None:
    match node:
        case ast.Attribute(value=ast.Name(id="str"), attr="lower" | "upper" | "title" as way):
            return str(getattr(name, way)())
    value = _constant(node)
    return (value or None) if isinstance(value, bool) else value


def _constant(node: ast.expr) -> str | int | bool | None:
    value = node.value if isinstance(node, ast.Constant) else None
    return value if isinstance(value, (str, int)) else None


def literals(fields: Iterable[tuple[str, Type]]) -> dict[str, str | int]:
    """The fields of a class that can only be one text, with it."""
    found: dict[str, str | int] = {}
    for name, type in fields:
        if (type.module, type.name) == ("typing", "Literal") and len(type.arguments) == 1:
            value = ast.literal_eval(type.arguments[0].name) if plain(type.arguments[0].name) else None
            if isinstance(value, str):
                found[name] = value
    return found


def plain(text: str) -> bool:
    """Whether a literal, as written, is a text."""
    return text[:1] in ("'", '"')


def to_write(parts: Sequence[tuple[str, MessageClass | None]], above: Set[str] = frozenset()) -> str:
    """What tells parts of a union apart that have the same form in JSON. `above`: classes that others derive from, and
    may have fields without a default."""
    classes = [(name, found) for name, found in parts if found is not None and found.kind == "data"]
    arrays = [name for name, found in classes if found.struct is not None and found.struct.array]
    if 0 < len(arrays) < len([found for _, found in classes if found.struct is not None]):
        return f"no array_like in class {', '.join(arrays)}"
    if len(classes) != len(parts):
        names = " and ".join(name for name, _ in parts)
        return f'a dataclass for each of {names}, with a last field that says which: kind: Literal["…"] = "…"'
    fields = [field for _, found in classes for field in found.tags]
    if len(set(fields)) > 1 and len(fields) == len(classes):
        names = " and ".join(name for name, found in classes if found.struct is not None)
        kept = next((field for _, found in classes if found.struct is None for field in found.tags), fields[0])
        return f'tag_field="{kept}" in class {names}'
    return ", ".join(_tag(name, found, name in above) for name, found in classes)


def _tag(name: str, found: MessageClass, above: bool) -> str:
    text = name.lower()
    if found.struct:
        return f'tag="{text}" in class {name}'
    if above or found.bases:
        return f'kind: Literal["{text}"] = field(default="{text}", kw_only=True) in class {name}'
    return f'kind: Literal["{text}"] = "{text}" as the last field of class {name}'
