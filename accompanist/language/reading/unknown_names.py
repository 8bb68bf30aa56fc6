"""What may have been meant by a name that nothing binds, and what to write instead.

A guess is offered where one of the known names is spelled nearly so; a builtin only where it is spelled very nearly so,
because short names resemble many builtins.
"""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterable

from accompanist.language.reading.modules import Module, Reference
from accompanist.language.reading.names import Names
from accompanist.language.text import advice
from accompanist.language.text.diagnostic import Write
from accompanist.language.types import Type
from accompanist.language.vocabulary import BUILTINS

_BUILTIN_FROM = 0.75
"""How alike a builtin must be, as `SequenceMatcher.ratio` counts it; the others are taken from 0.6 on."""


def of_python(name: str) -> tuple[str, str]:
    """What is said of one of Python's own functions that stands where a value belongs."""
    return (
        f"{name} is a function, and no value in a choreography",
        f"call it: {name}(…); as a key: lambda one: {name}(one)",
    )


def meant(name: str, local: Iterable[str], module: Module, otherwise: str) -> str:
    """What to write for `name`: from the standard library, from the names known here, or `otherwise`."""
    library = advice.from_library(module.source, name)
    if library is not None:
        return library
    close = difflib.get_close_matches(name, [*local, *module.bound, *BUILTINS], 1)
    if close and (close[0] not in BUILTINS or difflib.SequenceMatcher(None, name, close[0]).ratio() > _BUILTIN_FROM):
        return Write(close[0])
    starred = any(isinstance(part, ast.ImportFrom) and part.names[0].name == "*" for part in module.tree.body)
    return "import it by its name; what `import *` brings is not known here" if starred else otherwise


def of_owner(names: Names, node: ast.Attribute) -> tuple[ast.Attribute, str, str]:
    """What is said of `Kind.NONE` where an enum, or a module, has no such name, and what to write; the part of the text
    that is meant."""
    while (owner := names.resolve(node.value)) is None and isinstance(node.value, ast.Attribute):
        node = node.value
    return node, *_of_owner(names, owner, node)


def _of_owner(names: Names, owner: Reference | None, node: ast.Attribute) -> tuple[str, str]:
    whole, text = ast.unparse(node.value), ast.unparse(node)
    message = names.messages.find(Type(owner.name, owner.module)) if owner is not None else None
    if message is not None and message.members:
        why = f"{text} is not known here, since {whole} has no member {node.attr}"
        members = {one: f"{whole}.{one}" for one in message.members}
        close = difflib.get_close_matches(node.attr, members, 1)
        return why, Write(members[close[0]]) if close else f"one of {', '.join(members.values())}"
    if message is not None:
        return f"{text} is not known here, since {whole} is a class", f"the field of a value: order.{node.attr}"
    return f"{text} is not known here", "a member of an enum, or a field of a value"
