"""Methods of Python's own values that take every value of their types, and so never raise; and those that change their
object in place, after which what was asked of it may no longer hold.

A method that is not here may raise. Some raise unless what they are given is written out or was asked before: `partial`
knows of them.
"""

from __future__ import annotations

import ast

from accompanist.language.checks.raising import facts as known
from accompanist.language.checks.raising.facts import Facts
from accompanist.language.checks.raising.indexes import within
from accompanist.language.reading.methods import CHANGING

_OF_TEXTS = """
    capitalize casefold center count endswith expandtabs find hex isalnum isalpha isascii isdecimal isdigit isidentifier
    islower isnumeric isprintable isspace istitle isupper join ljust lower lstrip partition removeprefix removesuffix
    replace rfind rjust rpartition rsplit rstrip split splitlines startswith strip swapcase title upper zfill
"""
_OF_CONTAINERS = """
    add append clear copy difference difference_update discard extend fromkeys get insert intersection
    intersection_update isdisjoint issubset issuperset items keys reverse setdefault sort symmetric_difference
    symmetric_difference_update union update values
"""
_OF_OTHERS = """
    bit_count bit_length conjugate copy_abs copy_negate copy_sign ctime date dst is_finite is_infinite is_integer is_nan
    is_signed is_zero isocalendar isoformat isoweekday model_copy model_dump time timetuple timetz toordinal
    total_seconds tzname utcoffset weekday _asdict _replace
"""
TOTAL = frozenset((_OF_TEXTS + _OF_CONTAINERS + _OF_OTHERS).split())
_IN_PLACE = CHANGING | {"difference_update", "intersection_update", "symmetric_difference_update", "move_to_end"}
_BUILTINS = """
    any all bool dict enumerate frozenset int isinstance len list range reversed set sorted str sum tuple zip
"""
_COPIES = frozenset(_BUILTINS.split())
_SOMETIMES = (ast.IfExp, ast.BoolOp, ast.ListComp, ast.DictComp, ast.SetComp, ast.GeneratorExp, ast.Lambda)
_LOSING = {"clear", "discard", "pop", "popitem", "remove"} | {name for name in _IN_PLACE if name.endswith("ce_update")}
_ANEW = frozenset({"copy", "split", "rsplit", "splitlines", "union", "intersection", "difference", "fromkeys"})


def takes_out(method: str, node: ast.Call, owner: ast.expr, facts: Facts, kind: str = "") -> bool:
    """Whether what a method takes out of its object is certainly in it, or has a default. `kind`: the name of the
    object's type: a list takes out at a place, a dict by a key."""
    first = node.args[0] if node.args else None
    match method, len(node.args):
        case "pop", 0:
            return known.length(owner, facts) > 0
        case "pop", 1 if kind != "dict" and known.number(node.args[0]) in (0, -1) and known.length(owner, facts):
            return True
        case "pop", 1 if kind == "list":
            return first is not None and within(first, owner, facts)
        case (("pop" | "remove"), 1):
            return first is not None and known.member(first, owner, facts)
        case "pop", 2:
            return True
        case "popitem", 0:
            return known.length(owner, facts) > 0
    return False


def changed(node: ast.AST) -> set[str]:
    """The names whose values are changed in place by a method, an assignment to a part or `del`; "" for what has no
    name of its own."""
    found: set[str] = set()
    for part in ast.walk(node):
        match part:
            case ast.Call(func=ast.Attribute(value=value, attr=method)) if method in _IN_PLACE:
                found.add(value.id if isinstance(value, ast.Name) else "")
            case ast.Subscript(value=value, ctx=ast.Store() | ast.Del()):
                found.add(value.id if isinstance(value, ast.Name) else "")
    return found


def in_the_midst(node: ast.expr) -> str:
    """What loses items in a part of an expression that is computed only sometimes, or more than once."""
    sides = [node] if not isinstance(node, ast.IfExp) else [node.body, node.orelse]
    parts: list[ast.AST] = [one for part in sides for one in (ast.iter_child_nodes(part) if _loses(part) else (part,))]
    parts += [node.test] if isinstance(node, ast.IfExp) else []
    lost = (part for one in parts for part in ast.walk(one) if _loses(part))
    found = next(lost, None) if any(isinstance(part, _SOMETIMES) for part in ast.walk(node)) else None
    return ast.unparse(found) if found is not None else ""


def _loses(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _LOSING


def shared(node: ast.FunctionDef) -> set[str]:
    """The names whose values may have another name too, or be a part of another value; "" stands for all such."""
    found = {one.arg for one in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)} | {""}
    for part in ast.walk(node):
        match part:
            case ast.Assign(value=value, targets=targets):
                found |= _given(value)
                if not _fresh(value) or not all(isinstance(one, ast.Name) for one in targets) or len(targets) > 1:
                    found |= {name for one in targets for name in known.names_in(one)}
            case ast.AnnAssign(value=ast.expr() as value, target=target):
                found |= _given(value)
                if not _fresh(value):
                    found |= known.names_in(target)
            case ast.NamedExpr(value=value, target=target):
                found |= _given(value) | {target.id}
            case ast.For(target=target) | ast.comprehension(target=target):
                found |= known.names_in(target)
            case ast.For(iter=value) | ast.Lambda(body=value):
                found |= _given(value)
            case ast.Call(func=ast.Name(id=name)) if name in _COPIES:
                continue
            case ast.Call(func=function, args=args, keywords=keywords):
                copies = isinstance(function, ast.Attribute) and function.attr in ("extend", "update", "join", "union")
                if not copies:
                    found |= {name for one in (*args, *(one.value for one in keywords)) for name in _given(one)}
            case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts) | ast.Dict(values=parts):
                found |= {name for one in parts for name in _given(one)}
            case ast.ListComp(elt=value) | ast.GeneratorExp(elt=value) | ast.DictComp(value=value):
                found |= _given(value)
    return found


def _given(node: ast.expr) -> set[str]:
    """The names whose very values an expression may give."""
    match node:
        case ast.Name(id=name):
            return {name}
        case ast.IfExp(body=body, orelse=orelse):
            return _given(body) | _given(orelse)
        case ast.BoolOp(values=values):
            return {name for one in values for name in _given(one)}
        case ast.NamedExpr(value=value):
            return _given(value)
    return set()


def _fresh(node: ast.expr) -> bool:
    """Whether an expression makes a value of its own."""
    match node:
        case ast.Call(func=ast.Name(id=name)):
            return name in _COPIES
        case ast.Call(func=ast.Attribute(attr=method)):
            return method in _ANEW
        case ast.Constant() | ast.BinOp() | ast.JoinedStr() | ast.List() | ast.Dict() | ast.Set() | ast.Compare():
            return True
        case ast.ListComp() | ast.DictComp() | ast.SetComp():
            return True
        case ast.Subscript(slice=ast.Slice()):
            return True
    return False


def still(facts: Facts, names: set[str], shared: set[str]) -> Facts:
    """What still holds when the values of these names were changed in place."""
    return known.NOTHING if names & shared else known.without(facts, names)


def augmented(facts: Facts, node: ast.AugAssign, shared: set[str]) -> Facts:
    """What still holds behind `x += y`, which changes a list or a set in place, and gives a number another value."""
    facts = known.without(facts, known.names_in(node.target))
    number = isinstance(node.op, ast.Add | ast.Sub) and known.number(node.value) is not None
    names = {node.target.id} if isinstance(node.target, ast.Name) else set()
    if number or isinstance(
        node.op, ast.Div | ast.FloorDiv | ast.Mod | ast.Pow | ast.LShift | ast.RShift | ast.MatMult
    ):
        names = set()
    return still(facts, changed(node.target) | names, shared)
