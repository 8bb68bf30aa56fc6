"""What Python has and the language has not."""

from __future__ import annotations

import ast

from accompanist.language.text import codes

FORMS: dict[type[ast.AST], tuple[str, str, str]] = {
    ast.NamedExpr: (
        codes.WALRUS,
        "`:=` assigns inside an expression",
        "the assignment on a line before, and its name here",
    ),
    ast.Lambda: (
        codes.NESTED,
        "a lambda is a function inside the choreography",
        "a comprehension, or a @pure function",
    ),
    ast.Await: (codes.AWAIT, "a choreography does not await", "leave the word out"),
    ast.Yield: (codes.AWAIT, "a choreography does not yield", "leave the word out"),
    ast.YieldFrom: (codes.AWAIT, "a choreography does not yield", "leave the word out"),
    ast.Starred: (codes.STAR, "a star stands for a number of values that is not known", "write each value"),
    ast.GeneratorExp: (codes.EXPRESSION, "`(… for …)` can be used up only once", "a list comprehension"),
    ast.AsyncFor: (codes.AWAIT, "`async for` is not in the language", "a plain `for`"),
    ast.Try: (codes.TRY, "`try` is not in the language", "attempt(role.operation(…)), then `if`"),
    ast.TryStar: (codes.TRY, "`try` is not in the language", "attempt(role.operation(…)), then `if`"),
    ast.Raise: (codes.TRY, "`raise` is not in the language", 'role.abort("reason")'),
    ast.Assert: (codes.TRY, "`assert` is not in the language", 'if not …: role.abort("reason")'),
    ast.With: (
        codes.WITH,
        "`with` is not in the language",
        "a transaction of a role; what undoes it is its compensation",
    ),
    ast.AsyncWith: (codes.WITH, "`async with` is not in the language", "a transaction and its compensation"),
    ast.FunctionDef: (codes.NESTED, "a function inside the choreography", "a @pure function at the top level"),
    ast.AsyncFunctionDef: (codes.NESTED, "a function inside the choreography", "a @pure function at the top level"),
    ast.ClassDef: (codes.NESTED, "a class inside the choreography", "define it at the top level"),
    ast.Global: (
        codes.SCOPE,
        "`global` is not in the language",
        "keep it at a role's worker, and ask for it by an operation",
    ),
    ast.Nonlocal: (codes.SCOPE, "`nonlocal` is not in the language", "keep state in workers"),
    ast.Delete: (codes.SCOPE, "`del` is not in the language", "leave it out"),
    ast.Import: (codes.STATEMENT, "an import inside the choreography", "import at the top of the file"),
    ast.ImportFrom: (codes.STATEMENT, "an import inside the choreography", "import at the top of the file"),
    ast.Break: (codes.LOOP, "`break` belongs to a loop", "leave it out, or branch with if and else"),
    ast.Continue: (codes.LOOP, "`continue` belongs to a loop", "leave it out, or branch with if and else"),
}
"""Code, text, and what to write instead."""
