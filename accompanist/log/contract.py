"""The SQL contract of a log as text: what a schema is at the newest revision, with a service's names put in.

It is for people who read it, and for deployments that compare it with what they have. Nothing here runs it: revisions
make and change schemas (`log.provision`). A test holds the two alike, `tests/log/test_contract.py`.
"""

from __future__ import annotations

from pathlib import Path

from accompanist.log import names
from accompanist.log.schema import head, migrations

FIRST = ("schema.sql", "attributes_of.sql", "tables.sql", "types.sql", "speaker.sql", "accept.sql")
"""What others need when they are made: a column its function, a function its tables and types, `deliver` what it
calls."""


def folder() -> Path:
    return migrations() / "contract"


def files(service: str, schema: str) -> dict[str, str]:
    """Name to text, in an order that runs. Raises ValueError for a name that cannot be an identifier."""
    put_in = {
        ':"owner"': names.owner_role(service),
        ':"sidecar"': names.sidecar_role(service),
        ':"worker"': names.worker_role(service),
        ':"schema"': names.identifier(schema),
        ":'service'": f"'{service}'",
    }
    others = sorted({file.name for file in folder().glob("*.sql")} - set(FIRST))
    texts = {name: (folder() / name).read_text() for name in (*FIRST, *others)}
    for variable, name in put_in.items():
        texts = {file: text.replace(variable, name) for file, text in texts.items()}
    return texts


def script(service: str, schema: str) -> str:
    """All files as one transaction."""
    begin = f"-- The log of {service} in the schema {schema}, as revision {head()} has it.\nBEGIN;"
    parts = (f"-- {name}\n\n{text.strip()}" for name, text in files(service, schema).items())
    return "\n\n".join((begin, *parts, "COMMIT;"))
