"""The contract of a role's operations, read from the role's class, and the check of handlers against it.

The class is imported, for its types. Which methods are transactions, compensations and queries is read from their
decorators in the source, as the compiler reads it, so that worker and choreography cannot disagree. A handler must take
the open transaction and then exactly the operation's parameters, by name and type, and return its type. This is checked
when the worker starts.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, get_type_hints

from accompanist import Role
from accompanist.errors import AuthorError, catalogue

MISMATCH = catalogue(
    "ACC510",
    "the worker does not keep to its role",
    "Each operation of the role needs one handler with its name. The handler takes the transaction and then the "
    "operation's parameters, with the same types and return type. Choreographies are checked against the role, so the "
    "worker has to match it, too.",
    "Write the handler as the role declares the operation, or change the role and check the choreographies again.",
)

TRANSACTION, COMPENSATION, QUERY = "transaction", "compensation", "query"


@dataclass(frozen=True, slots=True)
class OperationContract:
    """One operation: its kind, its parameters' types by name in order, and its return type."""

    name: str
    kind: str
    parameters: Mapping[str, Any]
    returns: Any
    written: str  # the name of the role's method, which a handler may have as well


def contract_of(role: type[Role]) -> dict[str, OperationContract]:
    """The operations of a role, by name. Raises AuthorError for a class that is no role."""
    if not (isinstance(role, type) and issubclass(role, Role) and role is not Role):
        raise AuthorError(MISMATCH, f"{role!r} is not a role class")
    found: dict[str, OperationContract] = {}
    for owner in reversed(role.__mro__):
        if issubclass(owner, Role) and owner is not Role:
            for written, (name, kind) in _kinds(owner).items():
                declared = owner.__dict__[written]
                hints = get_type_hints(getattr(declared, "operation", declared))
                returns = hints.pop("return", None)
                found[name] = OperationContract(name, kind, hints, returns, written)
    if not found:
        raise AuthorError(MISMATCH, f"{role.__name__} declares no operations")
    return found


def _kinds(owner: type[Role]) -> dict[str, tuple[str, str]]:
    """The operations that this class declares, each with the name and kind from its decorator."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(owner)))
    except (OSError, TypeError):
        raise AuthorError(MISMATCH, f"the source of {owner.__name__} is not at hand") from None
    [declared] = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    kinds: dict[str, tuple[str, str]] = {}
    for node in declared.body:
        if isinstance(node, ast.FunctionDef) and node.decorator_list:
            kind = _kind(node.decorator_list[0])
            if kind is not None:
                kinds[node.name] = (_name(node.decorator_list[0]) or node.name, kind)
    return kinds


def _name(decorator: ast.expr) -> str:
    """The operation's name in a decorator such as `@transaction(name="commit")`; empty if it has none."""
    keywords = decorator.keywords if isinstance(decorator, ast.Call) else []
    values = [one.value.value for one in keywords if one.arg == "name" and isinstance(one.value, ast.Constant)]
    return str(values[0]) if values else ""


def _kind(decorator: ast.expr) -> str | None:
    if isinstance(decorator, ast.Call):  # @transaction(retriable=True)
        decorator = decorator.func
    name = decorator.attr if isinstance(decorator, ast.Attribute) else getattr(decorator, "id", None)
    return name if name in (TRANSACTION, COMPENSATION, QUERY) else None


def check_handler(
    role: str, operation: OperationContract, handler: Callable[..., Any], *, threaded: bool = False
) -> None:
    """Raise AuthorError unless the handler has the operation's parameters and return type. `threaded`: it is to be a
    plain function, because the worker's driver blocks; else an async one."""
    name = f"{role}.{operation.name}"
    if inspect.iscoroutinefunction(handler) == threaded:
        wanted = "a plain function, as the worker's driver needs it" if threaded else "an async function"
        raise AuthorError(MISMATCH, f"the handler of {name} is not {wanted}")
    parameters = list(inspect.signature(handler).parameters.values())
    if not parameters or any(p.kind is not p.POSITIONAL_OR_KEYWORD for p in parameters):
        raise AuthorError(MISMATCH, f"the handler of {name} takes the transaction, then plain parameters")
    taken, declared = [p.name for p in parameters[1:]], list(operation.parameters)
    if taken != declared:
        raise AuthorError(MISMATCH, f"the handler of {name} takes {_words(taken)}, the role says {_words(declared)}")
    hints = get_type_hints(handler)
    for parameter, wanted in operation.parameters.items():
        if hints.get(parameter) != wanted:
            text = f"{_type(hints.get(parameter))}, the role says {_type(wanted)}"
            raise AuthorError(MISMATCH, f"parameter {parameter!r} of the handler of {name} is {text}")
    if hints.get("return") != operation.returns:
        text = f"{_type(hints.get('return'))}, the role says {_type(operation.returns)}"
        raise AuthorError(MISMATCH, f"the handler of {name} returns {text}")


def _words(names: list[str]) -> str:
    return "(" + ", ".join(names) + ")"


def _type(hint: Any) -> str:
    return getattr(hint, "__name__", None) or ("no type" if hint is None else str(hint))
