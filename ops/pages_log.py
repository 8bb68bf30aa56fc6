"""Makes the generated parts of `docs/log.md` from a migrated log.

    python -m ops.pages_log            write them, with a throw-away Postgres, or the one that DATABASE_URL names
    python -m ops.pages_log --check    only check that the page has them

`ops.pages_log_words` says what a table or a function is for. Keys, columns, writers, callers and rights are read from
the database and from the statements of `accompanist/log`. `tests/log/test_catalogue.py` checks the page, because it has
a Postgres anyway.
"""

from __future__ import annotations

import asyncio
import re
import sys
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import asyncpg

from accompanist.log import names, provision
from accompanist.runtime.ports import Delivery, Fate, fate
from accompanist.testing.throwaway import postgres
from ops.pages_log_words import ANSWERS, FATES, FUNCTIONS, GROUPS, TABLES

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "log.md"
SERVICE, SCHEMA = "payment", "acc_payment"
WIDTH = 118

_TABLES = """
SELECT c.relname AS name,
    ARRAY(SELECT a.attname::text FROM pg_attribute a
          WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum) AS columns,
    ARRAY(SELECT a.attname::text FROM pg_index i, unnest(i.indkey) WITH ORDINALITY AS k (attnum, nth), pg_attribute a
          WHERE i.indrelid = c.oid AND i.indisprimary AND a.attrelid = c.oid AND a.attnum = k.attnum
          ORDER BY k.nth) AS key,
    ARRAY(SELECT r FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS r
          WHERE has_table_privilege($2::name, c.oid, r)) AS whole,
    ARRAY(SELECT r FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE']) AS r
          WHERE has_any_column_privilege($2::name, c.oid, r) AND NOT has_table_privilege($2::name, c.oid, r)) AS partly
FROM pg_class c WHERE c.relnamespace = $1::regnamespace AND c.relkind = 'r' ORDER BY c.relname"""
_FUNCTIONS = """
SELECT p.proname AS name, bool_or(p.prosecdef) AS definer, string_agg(p.prosrc, E'\n') AS source,
    min(pg_get_function_result(p.oid)) AS result,
    bool_or(has_function_privilege($2::name, p.oid, 'EXECUTE')) AS sidecar,
    bool_or(has_function_privilege($3::name, p.oid, 'EXECUTE')) AS peer,
    bool_or(has_function_privilege($4::name, p.oid, 'EXECUTE')) AS application
FROM pg_proc p WHERE p.pronamespace = $1::regnamespace GROUP BY p.proname ORDER BY p.proname"""

_INSERTS = re.compile(r"\bINSERT INTO (\w+)")
_CHANGES = re.compile(r"\bUPDATE (\w+)(?:\s+(?:AS\s+)?\w+)?\s+SET\b")
_REMOVES = re.compile(r"\bDELETE FROM (\w+)")
_UPSERTS = re.compile(r"\bINSERT INTO (\w+)(?:(?!INSERT INTO|DELETE FROM|;).)*?\bDO UPDATE\b", re.DOTALL)


class Writers(NamedTuple):
    """Who inserts into a table, changes it and removes from it: functions by name, modules by path."""

    inserts: set[str]
    changes: set[str]
    removes: set[str]


async def parts(dsn: str, schema: str, service: str) -> dict[str, str]:
    """The text of each marker of the page. Raises KeyError for a table or function that has no words here."""
    connection = await asyncpg.connect(dsn)
    try:
        sidecar = names.sidecar_role(service)
        tables = await connection.fetch(_TABLES, schema, sidecar)
        functions = await connection.fetch(_FUNCTIONS, schema, sidecar, names.PEER_ROLE, names.worker_role(service))
    finally:
        await connection.close()
    modules = modules_of_the_log()
    sources = {row["name"]: row["source"] for row in functions}
    return {
        "log-answers": _answers(),
        "log-tables": "\n\n".join(_table(row, _writers(row["name"], sources, modules)) for row in tables),
        "log-functions": "\n\n".join(_group(title, about, functions, modules) for title, about in GROUPS.items()),
    }


def _writers(table: str, functions: Mapping[str, str], modules: Mapping[str, str]) -> Writers:
    found = Writers(set(), set(), set())
    for name, text in {**functions, **modules}.items():
        kinds = (_INSERTS.findall(text), _CHANGES.findall(text) + _UPSERTS.findall(text), _REMOVES.findall(text))
        for kind, written in zip(found, kinds, strict=True):
            if table in written:
                kind.add(name)
    return found


def _table(row: asyncpg.Record, writers: Writers) -> str:
    words = TABLES[row["name"]]
    rights = [*row["whole"], *(f"{right} (some columns)" for right in row["partly"])]
    others = _codes(column for column in row["columns"] if column not in row["key"])
    lines = [
        f"{words.kind}. Key: {_codes(row['key']) or 'none'}." + (f" Other columns: {others}." if others else ""),
        f"Inserted by {_who(writers.inserts, 'the revisions')}; changed by {_who(writers.changes)}; "
        f"removed by {_who(writers.removes)}.",
        f"Collected: {words.collected}",
        f"The sidecar's login may: {', '.join(rights) or 'nothing'}.",
    ]
    return "\n".join([f"### `{row['name']}`", "", _wrapped(words.purpose), "", *map(_item, lines)])


def _group(title: str, about: str, rows: Sequence[asyncpg.Record], modules: Mapping[str, str]) -> str:
    sources = {row["name"]: row["source"] for row in rows}
    known = {row["name"]: row for row in rows}
    listed = [name for name, words in FUNCTIONS.items() if words.group == title]
    missing = known.keys() - FUNCTIONS.keys()
    if missing:
        raise KeyError(f"no words for the functions {sorted(missing)}")
    items = [_item(_function(known[name], sources, modules)) for name in listed]
    return "\n".join([f"### {title}", "", _wrapped(about), "", *items])


def _function(row: asyncpg.Record, functions: Mapping[str, str], modules: Mapping[str, str]) -> str:
    name = row["name"]
    callers = callers_of(name, functions, modules)
    said = ["peers may call it"] if row["peer"] else []
    said += ["applications may call it"] if row["application"] else []
    said += ["*as the owner*"] if row["definer"] else []
    if row["result"] == "trigger":
        said.append("run by a trigger")
    elif callers or not row["application"]:
        said.append(f"called by {_who(callers)}" if callers else "used in a column")
    return f"`{name}`: {FUNCTIONS[name].does} ({'; '.join(said)})"


def callers_of(name: str, functions: Mapping[str, str], modules: Mapping[str, str]) -> set[str]:
    """Functions by name, and modules by path, that call this function; both are given by their texts."""
    callers = {one for one, text in functions.items() if one != name and re.search(rf"\b{name}\(", text)}
    asked = re.compile(rf"(?:SELECT|FROM|,) {name}\((?:\$|{{|\)|owner|header)")
    return callers | {path for path, text in modules.items() if asked.search(text)}


def modules_of_the_log() -> dict[str, str]:
    """The texts of `accompanist/log`, by path."""
    return {str(file.relative_to(ROOT)): file.read_text() for file in sorted((ROOT / "accompanist/log").glob("*.py"))}


def _answers() -> str:
    rows = [
        f"| `{answer}` | {ANSWERS[answer]} | {FATES[fate(answer)]} |"
        for answer in sorted(Delivery, key=lambda answer: list(Fate).index(fate(answer)))
    ]
    return "\n".join(["| answer | when | what the sender does |", "| --- | --- | --- |", *rows])


def _who(found: Iterable[str], otherwise: str = "nobody") -> str:
    """Functions first, then modules."""
    return _codes(sorted(found, key=lambda name: ("/" in name, name))) or otherwise


def _codes(found: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in found)


def _wrapped(text: str) -> str:
    return textwrap.fill(text, WIDTH, break_long_words=False, break_on_hyphens=False)


def _item(text: str) -> str:
    return textwrap.fill(f"- {text}", WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)


def replaced(page: str, made: Mapping[str, str]) -> str:
    """The page with these parts between their markers. Raises ValueError for a part that has no place in it."""
    for name, text in made.items():
        begin, end = f"<!-- migrated: {name} -->", f"<!-- end of migrated: {name} -->"
        before, found, rest = page.partition(begin)
        _, closed, after = rest.partition(end)
        if not found or not closed:
            raise ValueError(f"the page has no place for {name}")
        page = f"{before}{begin}\n\n{text}\n\n{end}{after}"
    return page


async def _made(dsn: str) -> dict[str, str]:
    await provision.bootstrap(dsn, {SERVICE: SCHEMA})
    await provision.migrate(dsn, SERVICE, SCHEMA)
    return await parts(dsn, SCHEMA, SERVICE)


def main(arguments: Sequence[str]) -> int:
    with postgres() as server, server.database() as dsn:
        made = asyncio.run(_made(dsn))
    before = PAGE.read_text()
    after = replaced(before, made)
    if "--check" in arguments:
        print(f"{PAGE.relative_to(ROOT)}: {'as it is' if after == before else 'differs'}")
        return int(after != before)
    PAGE.write_text(after)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
