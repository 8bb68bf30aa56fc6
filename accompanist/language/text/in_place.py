"""What to write instead of a change in place: the name gets another value."""

from __future__ import annotations

import ast

from accompanist.language.text import advice
from accompanist.language.text.diagnostic import Write
from accompanist.language.text.source import Source


def changed(owner: str, method: str, call: ast.Call) -> str:
    """What gives `owner` the value that `owner.method(…)` would change it to; empty if no expression does."""
    given = [ast.unparse(one) for one in call.args]
    if call.keywords:
        return ""
    match method, given:
        case "append", [one]:
            return Write(f"{owner} = [*{owner}, {one}]")
        case "extend", [more]:
            return Write(f"{owner} = [*{owner}, *{more}]")
        case "insert", ["0", one]:
            return Write(f"{owner} = [{one}, *{owner}]")
        case "pop", ["0"]:
            return Write(f"{owner} = {owner}[1:]")
        case "pop", []:
            return Write(f"{owner} = {owner}[:-1]")
        case "sort", []:
            return Write(f"{owner} = sorted({owner})")
        case "reverse", []:
            return Write(f"{owner} = {owner}[::-1]")
    return f"{owner} = [*{owner}, …]" if method in ("append", "extend", "insert") else ""


def put_in(source: Source, target: ast.Subscript) -> Write | None:
    """`totals[key] = value` as a new dict under the same name; None if that is none for certain."""
    statement = advice.statement_of(source, source.span(target))
    match statement:
        case ast.Assign(targets=[ast.Subscript(value=ast.Name(id=name), slice=key)], value=value):
            new = value
        case ast.AugAssign(target=ast.Subscript(value=ast.Name(id=name), slice=key) as changed, op=op, value=value):
            new = ast.BinOp(changed, op, value)
        case _:
            return None
    if not _is_dict(source, statement, name):
        return None
    line = f"{name} = {{**{name}, {ast.unparse(key)}: {ast.unparse(new)}}}"
    return Write(line, (source.span(statement), line))


def _is_dict(source: Source, statement: ast.stmt, name: str) -> bool:
    """Whether all that a function binds a name to is written as a dict."""
    found: list[bool] = []
    for part in ast.walk(advice.function_of(source, statement)):
        match part:
            case ast.Assign(targets=[ast.Name(id=bound)], value=value) if bound == name:
                found.append(isinstance(value, ast.Dict | ast.DictComp))
            case ast.AnnAssign(target=ast.Name(id=bound), annotation=written) if bound == name:
                found.append(_says_dict(written))
            case ast.arg(arg=bound, annotation=ast.expr() as written) if bound == name:
                found.append(_says_dict(written))
    return bool(found) and all(found)


def _says_dict(written: ast.expr) -> bool:
    match written:
        case ast.Subscript(value=ast.Name(id="At"), slice=ast.Tuple(elts=[inner, *_])):
            return _says_dict(inner)
        case ast.Subscript(value=ast.Name(id="dict")):
            return True
    return False
