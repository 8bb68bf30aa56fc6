"""Generated text becomes a program that runs: the only module that makes a RoleProgram.

What the generated code may see is put in front of it name by name: the operations, the message types, enums and @pure
functions that the choreography names, its constants, safe builtins. Nothing else is there, and nothing can be imported.
The code is compiled under the choreography's file name and lines.

`module` gives the modules in which message types and @pure functions are defined; a sidecar imports the deployed ones.
"""

from __future__ import annotations

import ast
import builtins
import importlib
from collections.abc import Callable, Mapping
from types import CodeType, FunctionType, ModuleType
from typing import Any

from accompanist.errors import AuthorError, catalogue
from accompanist.language.program import operations
from accompanist.language.program.program import Choreography, Projection, RoleProgram
from accompanist.language.values.wire import kept_apart
from accompanist.language.vocabulary import BUILTINS, OPERATIONS

UNLOADABLE = catalogue(
    "ACC180",
    "choreography cannot be loaded",
    "The choreography names a message type or @pure function that the deployed modules do not have, a type that has no "
    "codec, or a role that it has not.",
    "Deploy the same version of the choreography and of the modules it imports; check the role's name.",
)

Provide = Callable[[str], ModuleType]


def load(choreography: Choreography, role: str, module: Provide = importlib.import_module) -> RoleProgram:
    """The program of one role, ready to run. Raises AuthorError."""
    projection = choreography.projections.get(role)
    if projection is None:
        known = ", ".join(choreography.roles)
        raise AuthorError(UNLOADABLE, f"{choreography.name} has no role {role}", f"one of {known}")
    names = namespace(choreography, module)
    function = _function(choreography, projection, names)

    def typed(text: str) -> Any:
        return evaluate(text, names, choreography)

    return RoleProgram(
        choreography=choreography,
        projection=projection,
        function=function,
        parameter_types={p.name: typed(p.type) for p in choreography.parameters if role in p.owners},
        operation_types={
            name: ({p: typed(text) for p, text in operation.parameters.items()}, typed(operation.returns))
            for name, operation in projection.operations.items()
        },
        result_type=typed(choreography.returns) if role in choreography.result_owners else type(None),
        line_of=choreography.site_lines,
    )


def namespace(choreography: Choreography, module: Provide) -> dict[str, Any]:
    """Everything that generated code and types may name."""
    allowed = {name: getattr(builtins, name) for name in (*sorted(BUILTINS), "type")}
    allowed["__import__"] = _gives_nothing
    found: dict[str, Any] = {"__builtins__": allowed, "__name__": choreography.module}
    found |= {name: getattr(operations, name) for name in sorted(OPERATIONS)}
    for alias, (module_name, name) in choreography.names.items():
        value = _resolve(module_name, name, module, choreography)
        function = isinstance(value, FunctionType) or hasattr(value, "__wrapped__")
        found[alias] = kept_apart(value) if function else value
    for line in choreography.constants:
        _define(line, found, choreography)
    return found


def _define(line: str, names: dict[str, Any], choreography: Choreography) -> None:
    """A constant. It may be made by a message class, whose own code may raise."""
    try:
        exec(compile(line, choreography.file, "exec"), names)
    except KeyboardInterrupt:
        raise
    except BaseException as problem:
        text = f"{choreography.name}: the constant `{line}` cannot be made: {type(problem).__name__}: {problem}"
        raise AuthorError(UNLOADABLE, text) from problem


def _gives_nothing(name: str, *_: object) -> None:
    """In the place of `__import__`. From Python 3.12 on a generic class that is subscripted imports `typing`, on behalf
    of whoever does that. It does not look at the answer, but takes the module that was imported long ago."""
    if name != "typing":
        raise ImportError("nothing is imported here")


def evaluate(text: str, names: Mapping[str, Any], choreography: Choreography) -> Any:
    """A type expression as a type."""
    try:
        return eval(compile(text, choreography.file, "eval"), dict(names))
    except KeyboardInterrupt:
        raise
    except BaseException as problem:
        raise AuthorError(
            UNLOADABLE, f"{choreography.name}: `{text}` is not a type: {type(problem).__name__}"
        ) from problem


def _resolve(module_name: str, name: str, module: Provide, choreography: Choreography) -> Any:
    try:
        value: Any = module(module_name)
        for part in name.split("."):
            value = getattr(value, part)
    except KeyboardInterrupt:
        raise  # it is more likely a person's than the module's
    except BaseException as problem:  # a module that exits must not end the sidecar without a word
        text = f"{choreography.name} needs {name} of {module_name}: {type(problem).__name__}: {problem}"
        raise AuthorError(UNLOADABLE, text) from problem
    return value


def _function(choreography: Choreography, projection: Projection, names: dict[str, Any]) -> Callable[..., Any]:
    code = _compile(choreography, projection)
    scope = dict(names)
    exec(code, scope)
    made: Callable[..., Any] = scope[projection.function]
    return made


def _compile(choreography: Choreography, projection: Projection) -> CodeType:
    """The generated function under the choreography's lines; imports are for readers, the namespace has them."""
    tree = ast.parse(projection.source)
    tree.body = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    for node in ast.walk(tree):
        if isinstance(node, (ast.stmt, ast.expr, ast.keyword, ast.arg, ast.pattern)):
            node.lineno = node.end_lineno = projection.lines[node.lineno - 1]
            node.col_offset = node.end_col_offset = 0
    return compile(tree, choreography.file, "exec", dont_inherit=True)
