"""What Python itself says of a text: its syntax tree, or why it refuses it. Nothing is executed.

Its parser takes more than its compiler does: a keyword that is given twice, two parameters of one name, `return` and
`break` where they do not belong, an assignment to `__debug__`. Whoever imports such a file is refused, so a file is
compiled here as well, and what comes of it is thrown away. Warnings are for those who run the file.
"""

from __future__ import annotations

import ast
import sys
import warnings
from collections.abc import Iterator

from accompanist.language.text import codes
from accompanist.language.text.diagnostic import Findings
from accompanist.language.text.source import Source, Span


def parsed(text: str) -> ast.Module:
    """The syntax tree of a text. Raises what `ast.parse` raises."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(text)


def hiding(name: str, tree: ast.Module) -> ast.stmt | None:
    """The import of a module of the standard library, in a file that is called so itself: Python would find the file.
    `name`: of the file's own module."""
    for node in _statements(tree) if name in sys.stdlib_module_names else ():
        match node:
            case ast.Import(names=names) if any(one.name.partition(".")[0] == name for one in names):
                return node
            case ast.ImportFrom(module=str(module), level=0) if module.partition(".")[0] == name:
                return node
    return None


def check_compiles(source: Source, tree: ast.Module, findings: Findings) -> None:
    """Report what Python refuses of a file that it could parse, unless something else has been said of that statement:
    Python says less, and does not know what to write instead."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile("\n".join(source.lines), "<choreography>", "exec", dont_inherit=True, optimize=0)
    except SyntaxError as problem:
        span = _place(source, problem)
        said = _statement(source, tree, span)
        if not any(found.file == source.path and found.line in said for found in findings):
            findings.add(codes.SYNTAX, source, span, problem.msg)
    except ValueError as problem:  # 3.13 does not compile half a pair of surrogates in a docstring
        findings.add(codes.SYNTAX, source, Span(source.path, 1, 0, 1, 0), str(problem))
    except (RecursionError, MemoryError):
        text = "the file is nested too deep for Python's own compiler"
        findings.add(codes.TOO_LARGE, source, Span(source.path, 1, 0, 1, 0), text, "flat code")


def _place(source: Source, problem: SyntaxError) -> Span:
    """Where the compiler points: unlike the parser it counts columns in bytes, as syntax trees do."""
    line, column = problem.lineno or 1, max(0, (problem.offset or 1) - 1)
    end_line, end = problem.end_lineno or line, (problem.end_offset or column + 2) - 1
    if (end_line, end) <= (line, column):
        end_line, end = line, column + 1
    return source.span(ast.Pass(lineno=line, col_offset=column, end_lineno=end_line, end_col_offset=end))


def _statement(source: Source, tree: ast.Module, span: Span) -> range:
    """The lines of the innermost statement around a place, its decorators among them."""
    around = [range(span.line, span.line + 1)]
    for node in _statements(tree):
        first = min([node, *getattr(node, "decorator_list", [])], key=lambda part: part.lineno)
        whole, above = source.span(node), source.span(first)
        if (above.line, above.column) <= (span.line, span.column) < (whole.end_line, whole.end_column):
            around.append(range(above.line, whole.end_line + 1))
    return around[-1]


def _statements(tree: ast.AST) -> Iterator[ast.stmt]:
    """All statements, those around others first."""
    return (node for node in ast.walk(tree) if isinstance(node, ast.stmt))
