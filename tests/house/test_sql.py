"""What stands in the text of a statement besides text: a closed list, of identifiers and of our own constants.

Values travel as parameters. Where a name of a schema or a role has to stand in the text it has the closed form that
needs no quoting (`log.names`, `worker.identifiers`). Whatever else is put into a statement that reaches the driver
fails here, however it was put in: by an f-string, `+`, `%` or `format`.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TREES = ("accompanist", "migrations", "workers")
ASKING = {"execute", "executemany", "fetch", "fetchval", "fetchrow", "cursor", "prepare", "exec_driver_sql", "text"}
DRIVEN = ("accompanist/log/", "accompanist/worker/", "migrations/", "workers/")
"""Where there is a driver (`test_floors`)."""

PUT_IN = {
    "accompanist/log/databases.py": {
        "names.identifier(name)": "of the closed form",
        "names.identifier(role)": "of the closed form",
        "quoted": "a number that was read, written in hexadecimal digits",
    },
    "accompanist/log/queries.py": {
        "query": "`search.statement`: conditions are constants there, values are parameters"
    },
    "accompanist/log/pooler.py": {
        "_local(told)": "constants of `settings`, the program's name, and a schema that passed `names.identifier`",
        "_local(settings.later(connection))": "constants of `settings`",
    },
    "accompanist/log/postgres.py": {
        "query": "the notifier's own constant, over this pool; in `_marked` one of two constants, parameters by number",
    },
    "accompanist/log/provision.py": {
        "'LOGIN' if login else 'NOLOGIN'": "two words",
        "connections_max": "a bound, as a decimal number",
        "statement_ms": "a bound, as a decimal number",
        "setting": "one of two constants",
        "names.identifier(name)": "of the closed form",
        "names.identifier(role)": "of the closed form",
        "owner": "`names.owner_role`",
        "holder": "the owner's role, or the worker's",
        "sidecar": "`names.sidecar_role`",
        "worker": "`names.worker_role`",
        "schema": "`migrate` gave it to `names.identifier`",
        "service": "`migrate` gave it to `names.owner_role`, which takes names of the closed form only",
        "place": "the schema, which `bootstrap` gave to `names.identifier`, or the worker's role",
    },
    "accompanist/log/revision.py": {"text": "an SQL file of `migrations/`"},
    "accompanist/log/health_facts.py": {
        "query": "a constant of the module, as its docstring says",
        "bound": "a parameter by number",
    },
    "accompanist/worker/adapters/database.py": {"query": "the fence's own, which `_MARK` is asked with"},
    "accompanist/worker/adapters/django.py": {
        "_BEGUN[isolation, readonly]": "one of four constants",
        "_PARAMETER.sub('%s', query)": "the fence's own, and those of `database.py`",
    },
    "accompanist/worker/adapters/psycopg.py": {"query.encode()": "the fence's own, and those of `database.py`"},
    "accompanist/worker/adapters/sqlalchemy.py": {
        "_statement(query)": "the fence's own, and those of `database.py`",
        "re.sub('\\\\$(\\\\d+)', ':p\\\\1', query)": "the same",
    },
    "accompanist/worker/conformance/ledger.py": {"schema_name(schema)": "of the closed form"},
    "accompanist/worker/fence.py": {
        "schema": "of the closed form: `schema_name` stands before each, or where the worker was made",
        "_SQL.read_text()": "the fence's own file",
        "_STORAGE.read_text()": "the fence's own file",
    },
    "accompanist/worker/pipelining.py": {
        "query": "the driver's BEGIN and COMMIT, the fence's own, and what an operation asks",
    },
    "accompanist/worker/provision.py": {
        "await asyncio.to_thread(tables.read_text)": "the file of tables that the worker's author wrote",
    },
    "workers/gallery/two_phase_commit.py": {"com(what, to=member)": "`prepare` is a role's operation, no statement"},
}
"""What is put into statements, by file, and why it may be. Constants of the package have names in capitals."""


def assigned(module: ast.Module) -> dict[str, list[ast.expr]]:
    """What each name of a module, or attribute of a `self`, is given anywhere in it."""
    given: dict[str, list[ast.expr]] = defaultdict(list)
    for node in ast.walk(module):
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                given[ast.unparse(target)].append(node.value)
    return given


def put_in(text: ast.expr, given: dict[str, list[ast.expr]], seen: frozenset[str] = frozenset()) -> Iterator[str]:
    """The expressions whose values become part of a statement's text."""
    match text:
        case ast.Constant():
            return
        case ast.JoinedStr(values=parts):
            shown = (ast.unparse(part.value) for part in parts if isinstance(part, ast.FormattedValue))
            yield from (one for one in shown if not one.rsplit(".", 1)[-1].isupper())
        case ast.BinOp(left=left, right=right):
            yield from put_in(left, given, seen)
            yield from put_in(right, given, seen)
        case ast.IfExp(body=body, orelse=orelse):
            yield from put_in(body, given, seen)
            yield from put_in(orelse, given, seen)
        case ast.Call(func=ast.Attribute(value=pattern, attr="format"), args=arguments, keywords=named):
            yield from put_in(pattern, given, seen)
            for argument in (*arguments, *(one.value for one in named)):
                yield from put_in(argument, given, seen)
        case ast.Name() | ast.Attribute() if (name := ast.unparse(text)) in given and name not in seen:
            for value in given[name]:
                yield from put_in(value, given, seen | {name})
        case ast.List() | ast.Tuple() | ast.Dict():
            return  # a name that elsewhere in the module is no statement
        case ast.Call(func=ast.Name(id="text")):
            return  # it is asked about itself
        case _ if not ast.unparse(text).rsplit(".", 1)[-1].lstrip("_").isupper():
            yield ast.unparse(text)


def put_into(module: ast.Module) -> set[str]:
    """What is put into the statements that a module has the driver carry out."""
    given = assigned(module)
    put: set[str] = set()
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and node.args and isinstance(node.func, ast.Attribute | ast.Name):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id
            if name in ASKING and (isinstance(node.func, ast.Attribute) or name == "text"):
                put.update(put_in(node.args[0], given))
    return put


def found() -> dict[str, set[str]]:
    files = [file for tree in TREES for file in sorted((ROOT / tree).rglob("*.py"))]
    driven = {str(file.relative_to(ROOT)): file for file in files if str(file.relative_to(ROOT)).startswith(DRIVEN)}
    put = {name: put_into(ast.parse(file.read_text())) for name, file in driven.items()}
    return {name: expressions for name, expressions in put.items() if expressions}


def test_what_is_put_into_statements_is_on_the_list() -> None:
    assert found() == {file: set(reasons) for file, reasons in PUT_IN.items()}


@pytest.mark.parametrize(
    "line",
    [
        'await connection.execute(f"SELECT {value}")',
        'await connection.fetch("SELECT " + value)',
        'await connection.fetchval("SELECT %s" % value)',
        'await connection.fetchrow("SELECT {}".format(value))',
        'query = f"SELECT {value}"; await connection.fetch(query)',
        'self._q = "SELECT " + value; await connection.fetch(self._q)',
        "await connection.fetch(value)",
    ],
)
def test_a_value_that_becomes_text_is_seen(line: str) -> None:
    assert put_into(ast.parse(line)) == {"value"}


def test_parameters_and_constants_are_no_matter() -> None:
    assert put_into(ast.parse('Q = "SELECT $1"; await c.fetch(Q, value); await c.execute(other.QUERY, value)')) == set()
