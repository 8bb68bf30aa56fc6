"""Advice that is a change of the text: what to write, and where.

The hints of diagnostics that can be followed without thinking are made here, or are a `Write` at the place where the
mistake is found. Each of them can be written into the file as it stands.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache

from accompanist import limits
from accompanist.language.text.codes import PURE_HINT
from accompanist.language.text.diagnostic import Edit, Write
from accompanist.language.text.nodes import children
from accompanist.language.text.python import parsed
from accompanist.language.text.source import Source, Span
from accompanist.language.types import PORTABLE, WORDS

WORDS_OF_THE_LANGUAGE = ("At", "Outcome", "Role", "Secret", "attempt", "choreography", "com", "pure", "query", "share")
_SOMETIMES = (ast.ListComp, ast.DictComp, ast.GeneratorExp, ast.Lambda, ast.BoolOp, ast.IfExp)


def instead_of(source: Source, places: list[Span], text: str) -> Write:
    """A text that takes the place of something else than what is underlined, wherever that stands in the line."""
    return Write(f"{text} in place of {source.text(places[0])}", *((place, text) for place in places))


def before(source: Source, span: Span, line: str, *others: Edit) -> Write | str:
    """A line of its own before the statement that holds a span, and other changes with it."""
    statement = statement_of(source, span)
    if statement is None or (isinstance(statement, ast.While) and others):
        return f"{line} {above(source, span)}, and the name here"
    indent = indented(source, statement)
    there = Span(span.file, statement.lineno, 0, statement.lineno, 0)
    then = "".join(f", and {text} in place of {source.text(place)}" for place, text in others)
    return Write(f"{line} {above(source, span)}{then}", (there, f"{indent}{line}\n"), *others)


def above(source: Source, span: Span, lines: int = 1) -> str:
    """Where lines stand that come before the statement which holds a span."""
    statement = statement_of(source, span)
    line = span.line if statement is None else statement.lineno
    if isinstance(statement, ast.While):  # the condition is read again in each turn, the line is not
        return f"before the loop of line {line} and at the end of each turn"
    return f"on a line of its own before line {line}" if lines == 1 else f"on lines of their own before line {line}"


def first_line(source: Source, span: Span) -> int:
    """Where the statement around a span begins."""
    statement = statement_of(source, span)
    return span.line if statement is None else statement.lineno


def indented(source: Source, statement: ast.stmt) -> str:
    """What stands before a statement in its line: spaces or tabs."""
    return source.line(statement.lineno)[: statement.col_offset]


def together(hints: Iterable[str]) -> str:
    """All that is to be done, each once; a piece of program if each of them is one."""
    parts = list(dict.fromkeys(hints))
    written = [part for part in parts if isinstance(part, Write)]
    if len(parts) < 2 or len(written) < len(parts):
        return parts[0] if len(parts) == 1 else "; ".join(parts)
    edits = list(dict.fromkeys(edit for part in written for edit in part.edits))
    return Write("; ".join(parts), *edits, said=any(part.said for part in written))


def led(source: Source, span: Span, function: str, sender: str, receiver: str) -> str:
    """The least that lets a role know that another one came so far: a reading of its clock. What the other one made
    tells as much, if it may be told. `function`: where the roles are called so; a line is written only there."""
    line = f"com({sender}.now(), to={receiver})"
    if home(source, span) != function:
        return f"let a message lead from {sender} to {receiver} before: {line}"
    return before(source, span, line)


def as_often(source: Source, span: Span, what: str, bound: bool, comprehension: bool) -> str:
    """What does a call as often as it would be done where it stands: a loop, a branch, or a line before. `bound`: it
    reads a name of the comprehension or lambda around it."""
    if bound or (comprehension and not comes_first(source, span)):
        return looped(source, span) or "a `for` loop, with the call in its turns"
    if (branch := branched(source, span)) is not None:
        return branch
    if span.end_line > span.line or not comes_first(source, span):
        return f"an `if` statement, with {what}(…) in its branch: before the line it would happen in any case"
    name = free(source, "moved" if what in ("com", "share") else what.rpartition(".")[2])
    return before(source, span, f"{name} = {source.text(span)}", (span, name))


def branched(source: Source, span: Span) -> Write | None:
    """The statement that holds a span, as an `if` statement, where its value is a conditional expression or an and/or
    that does what is in the span only sometimes. None where its other parts would be done in another order."""
    statement = statement_of(source, span)
    if statement is None or statement.lineno != statement.end_lineno:
        return None
    behind = source.line(statement.lineno)[source.span(statement).end_column :].strip()
    if behind and not behind.startswith("#"):
        return None
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            first = then = f"{name} = "
        case ast.AnnAssign(target=ast.Name(id=name), annotation=kind, value=ast.expr() as value):
            first, then = f"{name}: {ast.unparse(kind)} = ", f"{name} = "
        case ast.Return(value=ast.expr() as value):
            name = free(source, "found")
            first = then = f"{name} = "
        case _:
            return None
    returned = isinstance(statement, ast.Return)
    match value:
        case ast.IfExp(test=test, body=body, orelse=orelse) if not _within(source, test, span):
            first, then = ("return ", "return ") if returned else (first, then)
            lines = [f"if {_text(source, test)}:", f"    {first}{_text(source, body)}"]
            lines += ["else:", f"    {then}{_text(source, orelse)}"]
        case ast.BoolOp(op=op, values=[*values]) if not _within(source, values[0], span):
            at = next(at for at, one in enumerate(values) if _within(source, one, span))
            joint = " and " if isinstance(op, ast.And) else " or "
            left, right = (joint.join(_part(source, one) for one in part) for part in (values[:at], values[at:]))
            asked = name if isinstance(op, ast.And) else f"not {name}"
            lines = [f"{first}{left}", f"if {asked}:", f"    {then}{right}"]
            lines += [f"return {name}"] if returned else []
        case _:
            return None
    indent = indented(source, statement)
    return Write("\n".join(lines), (source.span(statement), f"\n{indent}".join(lines)))


def looped(source: Source, span: Span) -> Write | None:
    """The statement that holds a span, as a `for` loop, where its value is a list comprehension that does what is in
    the span once in each turn. None where a name would get another meaning."""
    match statement := statement_of(source, span):
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.ListComp() as value):
            first = f"{name} = []"
        case ast.AnnAssign(target=ast.Name(id=name), annotation=kind, value=ast.ListComp() as value):
            first = f"{name}: {ast.unparse(kind)} = []"
        case ast.Return(value=ast.ListComp() as value):
            first = f"{(name := free(source, 'found'))} = []"
        case _:
            return None
    around = [part for part in ast.walk(value) if isinstance(part, ast.expr) and _within(source, part, span)]
    if any(part is not value and isinstance(part, (*_SOMETIMES, ast.SetComp)) for part in around):
        return None
    own = {part.id for one in value.generators for part in ast.walk(one.target) if isinstance(part, ast.Name)}
    if name in {part.id for part in ast.walk(value) if isinstance(part, ast.Name)} or own & _given(source, statement):
        return None
    lines, deep = [first], ""
    for one in value.generators:
        lines.append(f"{deep}for {ast.unparse(one.target)} in {_flat(source, one.iter)}:")
        tests = [f"{deep}    {'    ' * at}if {_flat(source, test)}:" for at, test in enumerate(one.ifs)]
        lines, deep = [*lines, *tests], deep + "    " * (1 + len(tests))
    lines.append(f"{deep}{name} = [*{name}, {_flat(source, value.elt)}]")
    lines += [f"return {name}"] if isinstance(statement, ast.Return) else []
    whole, indent = source.span(statement), indented(source, statement)
    behind = source.line(whole.end_line)[whole.end_column :].strip()
    if behind and not behind.startswith("#"):
        return None
    return Write("\n".join(lines), (whole, f"\n{indent}".join(lines)))


def _given(source: Source, statement: ast.stmt) -> set[str]:
    """The names that a function around a statement gives a value outside of comprehensions."""
    found: set[str] = set()
    inside: list[ast.AST] = [function_of(source, statement)]
    while inside:
        part = inside.pop()
        if isinstance(part, ast.arg):
            found.add(part.arg)
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
            found.add(part.id)
        if isinstance(part, ast.MatchAs | ast.MatchStar) and part.name is not None:
            found.add(part.name)
        if not isinstance(part, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp | ast.Lambda):
            inside.extend(children(part))
    return found


def _flat(source: Source, node: ast.expr) -> str:
    """An expression in one line."""
    text = _text(source, node)
    return ast.unparse(node) if "\n" in text or isinstance(node, ast.Tuple | ast.NamedExpr) else text


def comes_first(source: Source, span: Span) -> bool:
    """Whether a span is what its statement evaluates first, once and in any case, but for names and constants."""
    statement = statement_of(source, span)
    if not isinstance(statement, (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Return, ast.Expr)):
        return False
    parts = [part for part in ast.walk(statement) if isinstance(part, ast.expr)]
    around = [part for part in parts if _within(source, part, span) and not _once(source, part, span)]
    if any(isinstance(part, ast.SetComp) or sometimes(part) for part in around):
        return False
    ended = [(source.span(part), part) for part in parts]
    before = [part for at, part in ended if (at.end_line, at.end_column) <= (span.line, span.column)]
    return all(isinstance(part, (ast.Name, ast.Constant)) for part in before)


def left_out(source: Source, span: Span, text: str = "leave it out", *, unreached: bool = False) -> Write | str:
    """The statement around a span is not needed. What is `unreached` has others before it and is cut out, too."""
    statement = statement_of(source, span)
    if statement is None:
        return text
    whole = source.span(statement)
    if unreached:
        return Write(text, (replace(whole, column=0, end_line=whole.end_line + 1, end_column=0), ""), said=True)
    return Write(text, (whole, "pass"), said=True)


def stands_alone(source: Source, node: ast.expr) -> bool:
    """Whether an expression is all of its statement."""
    statement = statement_of(source, source.span(node))
    return isinstance(statement, ast.Expr) and source.span(statement) == source.span(node)


def from_library(source: Source, name: str) -> Write | None:
    """The import of a name that everybody knows, of the standard library or of the language; None for another name."""
    modules = {known: module for module, known in PORTABLE} | dict.fromkeys(WORDS_OF_THE_LANGUAGE, WORDS)
    modules |= {"Enum": "enum", "IntEnum": "enum", "dataclass": "dataclasses", "replace": "dataclasses"}
    module = modules.get(name)
    if module is None:
        return None
    body = _tree(source).body
    same = [
        one for one in body if isinstance(one, ast.ImportFrom) and one.module == module and one.names[0].name != "*"
    ]
    line = f"from {module} import {name}"
    if same:
        last = source.span(same[0].names[-1])
        return Write(line, (replace(last, line=last.end_line, column=last.end_column), f", {name}"))
    first = next(
        (one.lineno for one in body if isinstance(one, (ast.Import, ast.ImportFrom)) and not _of_future(one)), 0
    )
    if not first:
        return None
    return Write(line, (Span(source.path, first, 0, first, 0), f"{line}\n"))


def star_import(source: Source) -> tuple[Span, Write] | None:
    """`from accompanist import *`, and the words by name that the file uses."""
    tree = _tree(source)
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module == WORDS and node.names[0].name == "*":
            used = {part.id for part in ast.walk(tree) if isinstance(part, ast.Name)}
            words = [word for word in (*WORDS_OF_THE_LANGUAGE, "transaction") if word in used]
            if words:
                return source.span(node), Write(f"from {WORDS} import {', '.join(words)}")
    return None


def frozen(source: Source, name: str) -> Write | None:
    """A plain `@dataclass` of this file, frozen."""
    for node in _tree(source).body:
        if isinstance(node, ast.ClassDef) and node.name == name:
            for one in node.decorator_list:
                if isinstance(one, ast.Name) and one.id == "dataclass":
                    text = "dataclass(frozen=True)"
                    return Write(f"@{text} above class {name}", (source.span(one), text))
    return None


def of_form(node: ast.expr) -> Write | None:
    """The nearest form of the language to one that is not in it, where there is one that says the same."""
    match node:
        case ast.Await(value=value) | ast.YieldFrom(value=value) | ast.Yield(value=ast.Call() as value):
            return Write(ast.unparse(value))
        case ast.Set(elts=parts) if not any(isinstance(part, ast.Starred) for part in parts):
            return Write(ast.unparse(ast.Tuple(parts, ast.Load())))
        case ast.GeneratorExp() if not any(isinstance(part, ast.Call) for part in ast.walk(node)):
            return Write(ast.unparse(ast.ListComp(node.elt, node.generators)))
    return None


def pure_above(source: Source, definition: ast.FunctionDef, span: Span) -> str:
    """A function is made @pure. `span` is where it is called, in `source`."""
    text = f"@pure above def {definition.name}(…)"
    known = next((node for node in _tree(source).body if ast.dump(node) == ast.dump(definition)), None)
    if not isinstance(known, ast.FunctionDef) or known.decorator_list:
        return f"decorate it: {text}"
    made = Write(text, (Span(span.file, known.lineno, 0, known.lineno, 0), "@pure\n"))
    return imported(source, "pure", made, span)


def two_lines(source: Source, span: Span) -> Write | None:
    """`x, y = a, b` as two assignments; None if the one could change what the other reads."""
    statement = statement_of(source, span)
    match statement:
        case ast.Assign(targets=[ast.Tuple(elts=names)], value=ast.Tuple(elts=values)) if len(names) == len(values):
            pass
        case _:
            return None
    plain = [name.id for name in names if isinstance(name, ast.Name)]
    read = {part.id for value in values for part in ast.walk(value) if isinstance(part, ast.Name)}
    if len(set(plain)) < len(names) or read & set(plain):
        return None
    lines = [f"{name} = {ast.unparse(value)}" for name, value in zip(plain, values, strict=True)]
    indent = indented(source, statement)
    return Write("\n".join(lines), (source.span(statement), f"\n{indent}".join(lines)))


def imported(source: Source, word: str, made: Write, span: Span) -> Write:
    """Advice that uses a word of the language, with the word's import if the file has none."""
    names = [node for node in _tree(source).body if isinstance(node, ast.ImportFrom) and node.module == WORDS]
    if not names or any(word == one.name for node in names for one in node.names):
        return made
    last = source.span(names[0].names[-1])
    there = replace(last, line=last.end_line, column=last.end_column)
    return Write(f"{made}; import {word}, too", *(made.edits or ((span, str(made)),)), (there, f", {word}"))


def home(source: Source, span: Span) -> str:
    """The function at the top of a file in which a span lies."""
    inside = (node for node in _tree(source).body if isinstance(node, ast.FunctionDef) and _holds(node, span))
    return next((node.name for node in inside), "")


def free(source: Source, wanted: str) -> str:
    """A name that stands nowhere in a file yet."""
    taken = _names(source)
    while wanted in taken:
        wanted += "_"
    return wanted


def sometimes(node: ast.expr) -> bool:
    """Whether an expression has parts that are evaluated more or less often than once."""
    return any(
        isinstance(part, _SOMETIMES) or (isinstance(part, ast.Compare) and len(part.ops) > 1) for part in ast.walk(node)
    )


def statement_of(source: Source, span: Span) -> ast.stmt | None:
    """The innermost statement around a span before which a line can stand."""
    found = None
    inside: list[ast.AST] = [_tree(source)]
    while inside:  # a file may have as many mistakes as lines, so each is looked for from the outside in
        node = inside.pop()
        if isinstance(node, ast.stmt):
            opening = source.line(node.lineno)
            if not opening[: node.col_offset].strip() and not opening.strip().startswith("elif"):
                found = node
        for part in children(node):
            if isinstance(part, ast.stmt | ast.match_case | ast.ExceptHandler) and _holds(part, span):
                inside = [part]
    return None if isinstance(found, (ast.FunctionDef, ast.ClassDef)) else found


def _once(source: Source, node: ast.expr, span: Span) -> bool:
    """Whether a span stands in what a comprehension goes through: that is asked for once, before its turns."""
    turns = isinstance(node, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp))
    return turns and _within(source, node.generators[0].iter, span)  # type: ignore[attr-defined]


def _within(source: Source, node: ast.expr, span: Span) -> bool:
    there = source.span(node)
    return (there.line, there.column) <= (span.line, span.column) and (span.end_line, span.end_column) <= (
        there.end_line,
        there.end_column,
    )


def _text(source: Source, node: ast.expr) -> str:
    return source.text(source.span(node))


def _part(source: Source, node: ast.expr) -> str:
    """A part of and/or, in the brackets that it may need and that do not belong to its span."""
    text = _text(source, node)
    return f"({text})" if isinstance(node, (ast.BoolOp, ast.IfExp, ast.Lambda, ast.NamedExpr)) else text


def _holds(node: ast.stmt | ast.match_case | ast.ExceptHandler, span: Span) -> bool:
    if isinstance(node, ast.match_case):
        return any(_holds(one, span) for one in node.body)
    return node.lineno <= span.line and span.end_line <= (node.end_lineno or node.lineno)


def _of_future(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"


@lru_cache(maxsize=limits.files_advised_max)
def _names(source: Source) -> frozenset[str]:
    parts = list(ast.walk(_tree(source)))
    return frozenset(
        [part.id for part in parts if isinstance(part, ast.Name)]
        + [part.arg for part in parts if isinstance(part, ast.arg)]
    )


@lru_cache(maxsize=limits.files_advised_max)
def _tree(source: Source) -> ast.Module:
    return parsed("\n".join(source.lines))


def function_of(source: Source, statement: ast.stmt) -> ast.AST:
    """The function that a statement stands in."""
    tree = _tree(source)
    functions = (one for one in tree.body if isinstance(one, ast.FunctionDef))
    return next((one for one in functions if one.lineno <= statement.lineno <= (one.end_lineno or 0)), tree)


def asked_at(source: Source, statement: ast.stmt, test: ast.expr, roles: Iterable[str]) -> str:
    """The role that a condition is known to, as far as the text says where its names live; else the first role."""
    roles = tuple(roles)
    tree = function_of(source, statement)
    for name in (part.id for part in ast.walk(test) if isinstance(part, ast.Name)):
        for part in ast.walk(tree):
            match part:
                case ast.arg(arg=bound, annotation=ast.Subscript(slice=ast.Tuple(elts=[_, ast.Constant(value=role)]))):
                    pass
                case ast.Assign(
                    targets=[ast.Name(id=bound)],
                    value=ast.Call(func=ast.Attribute(value=ast.Name(id=role)))
                    | ast.Call(func=ast.Name(id="com"), keywords=[ast.keyword(value=ast.Name(id=role))]),
                ):
                    pass
                case _:
                    continue
            if bound == name and role in roles:
                return next(one for one in roles if one == role)
    return roles[0]


def clock(asked: tuple[str, str], role: str) -> str:
    """What to write instead of what is not the same on every run: a clock is that of a role."""
    seconds = f"{role}.now()"
    if asked == ("time", "time"):
        return Write(seconds)
    if asked[0] == "datetime":
        moment = f"datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds={seconds})"
        return f"({moment}).date()" if asked[1].startswith("date.") else moment
    return PURE_HINT


def unknown(name: str) -> tuple[str, str]:
    """What is wrong with the name of a function that nothing defines, and what to write."""
    if name == "next":
        return "next of Python is not in the language", "found = [… for … in …], and found[0] if found else …"
    if hasattr(builtins, name):
        return f"{name} of Python is not in the language", "a @pure function that calls it"
    return f"the name {name} is not known here", "define it in this file, or import it"
