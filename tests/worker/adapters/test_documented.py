"""The examples of docs/workers.md run as they stand there: each as a program, with a database."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import asyncpg
import pytest

from accompanist.rpc.client import connect
from accompanist.runtime.answers import Declined, Replied
from ops.local import ROOT
from tests.postgres import Database
from tests.worker.calling import Caller

EXAMPLES = dict(re.findall(r"```python\n# (\S+\.py)\n(.*?)```", (ROOT / "docs" / "workers.md").read_text(), re.DOTALL))
PROGRAMS = [name for name in EXAMPLES if name != "payment.py"]
TABLE = "CREATE TABLE IF NOT EXISTS charge (session uuid PRIMARY KEY, order_number text NOT NULL, cents int NOT NULL)"
SETTINGS = """
INSTALLED_APPS = ["shop"]
DATABASES = {{"default": {{
    "ENGINE": "django.db.backends.postgresql", "CONN_MAX_AGE": None, "OPTIONS": {{"options": "-c search_path=payment"}},
    "NAME": {name!r}, "USER": {user!r}, "PASSWORD": {password!r}, "HOST": {host!r}, "PORT": {port!r},
}}}}
"""
MODELS = """
from django.db import models

class Charge(models.Model):
    session = models.UUIDField(primary_key=True)
    order_number = models.TextField()
    cents = models.IntegerField()

    class Meta:
        db_table = "charge"
        managed = False
"""


def written(place: Path, dsn: str) -> None:
    """The examples, and the Django project that one of them belongs to."""
    for name, text in EXAMPLES.items():
        (place / name).write_text(text)
    (place / "payment.sql").write_text(TABLE)
    parts = urlsplit(dsn)
    told = parse_qs(parts.query)
    shop = place / "shop"
    shop.mkdir()
    (shop / "__init__.py").touch()
    (shop / "models.py").write_text(MODELS)
    (shop / "settings.py").write_text(
        SETTINGS.format(
            name=parts.path.lstrip("/"),
            user=parts.username or "",
            password=parts.password or "",
            host=told.get("host", [parts.hostname or ""])[0],
            port=str(parts.port or told.get("port", [""])[0]),
        )
    )


@pytest.mark.parametrize("program", PROGRAMS)
async def test_an_example_serves_its_role(blank_database: Database, tmp_path: Path, program: str) -> None:
    dsn = blank_database.dsn()
    written(tmp_path, dsn)
    url = f"unix:{tmp_path}/payment.sock"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, program, "--url", url, "--install"),
        cwd=tmp_path,
        env={**os.environ, "DATABASE_URL": dsn, "PYTHONPATH": str(ROOT)},
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    assert b"worker.ready" in (said := await process.stderr.readline()), said + await process.stderr.read()
    client, watching = connect(url), await asyncpg.connect(dsn)
    caller = Caller(client, uuid4(), "payment")
    for _ in range(2):
        assert await caller.call("charge", "1", order="7", cents=5) == Replied(b'"charge of 7"')
        assert await watching.fetchval("SELECT sum(cents) FROM payment.charge") == 5
    assert await caller.call("charge", "2", order="7", cents=500_000) == Declined("too much")
    assert await caller.call("refund", "1", "compensate", order="7", cents=5) == Replied(b"null")
    assert await watching.fetchval("SELECT count(*) FROM payment.charge") == 0
    await client.close()
    await watching.close()
    process.terminate()
    assert await process.wait() == 0


def test_there_is_an_example_for_each_library() -> None:
    assert PROGRAMS == ["payment_psycopg.py", "payment_sqlalchemy.py", "payment_django.py"]
