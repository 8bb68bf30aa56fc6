"""`accompanist openrpc FILE --role ROLE`: prints the methods that a role's worker must serve, as an OpenRPC document.

It is for authors of workers in other languages: methods, parameters and results with their JSON schemas, and the errors
with a meaning. `accompanist conformance` tests such a worker.

Unlike `check`, this imports the file, for its message types.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec

from accompanist import Role, terminal
from accompanist.cli.output import show
from accompanist.cli.source import root_of
from accompanist.errors import AuthorError, catalogue
from accompanist.language.values.tagged import readable
from accompanist.rpc import envelope
from accompanist.rpc.meta import Meta
from accompanist.worker.contract import COMPENSATION, QUERY, TRANSACTION, OperationContract, contract_of
from accompanist.worker.sdk import CLOSE, FORGET

NO_CONTRACT = catalogue(
    "ACC825",
    "a role's contract cannot be printed",
    "The file cannot be imported, or has no such role class, or a type of an operation has no JSON schema.",
    "Name a Python file with a role class, and, if it has several, which one with --role.",
)

OPENRPC = "1.3.2"
_REF = "#/components/schemas/{name}"
_ERRORS = {
    envelope.DECLINED: "declined: final, with the reason in data",
    envelope.RETRY_LATER: "retry later: nothing is decided",
    envelope.CLOSED: "closed: the session takes no more forward calls",
    envelope.REUSED: "key reused with other arguments",
}
_MAY_ANSWER = {
    TRANSACTION: tuple(_ERRORS),
    COMPENSATION: (envelope.RETRY_LATER, envelope.REUSED),
    QUERY: (envelope.DECLINED, envelope.RETRY_LATER),
}


def openrpc(file: Path, role: str) -> None:
    """Print the document, always as JSON. Raises AuthorError."""
    document = contract(_chosen(_imported(file), file, role))
    show(document, False, terminal.json(msgspec.json.format(msgspec.json.encode(document)).decode()))


def contract(role: type[Role]) -> dict[str, Any]:
    """The OpenRPC document of a role. Raises AuthorError."""
    operations = contract_of(role)
    types = [hint for operation in operations.values() for hint in (*operation.parameters.values(), operation.returns)]
    try:
        [meta, *schemas], components = msgspec.json.schema_components([Meta, *map(readable, types)], ref_template=_REF)
    except TypeError as problem:
        raise AuthorError(NO_CONTRACT, f"{role.__name__}: {problem}") from None
    left = iter(schemas)
    methods = [_method(role, operation, left, meta) for operation in operations.values()]
    return {
        "openrpc": OPENRPC,
        "info": {"title": role.__name__, "version": "1", "description": inspect.getdoc(role) or ""},
        "methods": [*methods, *_reserved()],
        "components": {"schemas": components},
    }


def _method(role: type[Role], operation: OperationContract, schemas: Any, meta: Any) -> dict[str, Any]:
    declared = inspect.getattr_static(role, operation.written)  # getattr gives what stands in for it
    said = inspect.getdoc(getattr(declared, "operation", declared))
    params = [{"name": name, "required": True, "schema": next(schemas)} for name in operation.parameters]
    key = {"name": "_meta", "required": operation.kind != QUERY, "schema": meta}
    return {
        "name": operation.name,
        "summary": said or f"A {operation.kind}.",
        "paramStructure": "by-name",
        "params": [*params, key],
        "result": {"name": "reply", "schema": next(schemas)},
        "errors": [{"code": code, "message": _ERRORS[code]} for code in _MAY_ANSWER[operation.kind]],
        "x-accompanist-kind": operation.kind,
    }


def _reserved() -> list[dict[str, Any]]:
    """The methods of the fence. A worker without one leaves them out."""
    text, any_ = {"type": "string"}, {"type": "object"}
    session = {"type": "string", "format": "uuid"}
    return [
        {
            "name": CLOSE,
            "summary": "Refuse every later transaction of (session, role) and answer what was executed, in commit "
            "order; unless the call of a site has replied: then answer its reply and refuse nothing.",
            "paramStructure": "by-name",
            "params": [
                {"name": "session", "required": True, "schema": session},
                {"name": "role", "required": True, "schema": text},
                {"name": "unless", "required": False, "schema": {"type": ["string", "null"]}},
            ],
            "result": {"name": "closing", "schema": any_},
        },
        {
            "name": FORGET,
            "summary": "Forget sessions that are over everywhere.",
            "paramStructure": "by-name",
            "params": [{"name": "sessions", "required": True, "schema": {"type": "array", "items": session}}],
            "result": {"name": "forgotten", "schema": any_},
        },
    ]


def _imported(file: Path) -> ModuleType:
    root = root_of(file)
    name = ".".join(file.resolve().relative_to(root).with_suffix("").parts)
    if file.suffix != ".py" or not file.is_file():
        raise AuthorError(NO_CONTRACT, f"{file} is not a Python file")
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    try:
        return importlib.import_module(name)
    except Exception as problem:
        raise AuthorError(NO_CONTRACT, f"importing {file} failed: {type(problem).__name__}: {problem}") from None


def _played(module: ModuleType, role: str) -> set[str]:
    """The role classes of participants with this name in the module's choreographies."""
    tree = ast.parse(inspect.getsource(module))
    classes = {
        ast.unparse(one.annotation)
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
        for one in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
        if one.arg == role and one.annotation is not None
    }
    return classes if len(classes) == 1 else set()


def _chosen(module: ModuleType, file: Path, role: str) -> type[Role]:
    found = {
        name: value
        for name, value in vars(module).items()
        if isinstance(value, type) and issubclass(value, Role) and value is not Role
    }
    if role in found:
        return found[role]
    if played := _played(module, role) & found.keys():
        return found[min(played)]
    if not role and len(found) == 1:
        return next(iter(found.values()))
    known = ", ".join(sorted(found)) or "none"
    raise AuthorError(
        NO_CONTRACT, f"{file} has no role {role}" if role else f"which role of {file}?", f"it has {known}"
    )
