"""Django, set up for tests: models of the till's tables, and aliases for databases of which nobody knows beforehand."""

from __future__ import annotations

from itertools import count
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import django
from django.conf import settings
from django.db import connections, models

if not settings.configured:
    settings.configure(DATABASES={}, INSTALLED_APPS=[], USE_TZ=True)
    django.setup()

_numbers = count(1)


def connect(dsn: str, schema: str) -> str:
    """The alias of a new database at this address, with `schema` as search path."""
    parts = urlsplit(dsn)
    options: dict[str, Any] = {"options": f"-c search_path={schema}"}
    alias = f"tests{next(_numbers)}"
    connections.databases[alias] = {
        **connections.databases["default"],
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.lstrip("/"),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parse_qs(parts.query).get("host", [parts.hostname or ""])[0],
        "PORT": str(parts.port or parse_qs(parts.query).get("port", [""])[0]),
        "CONN_MAX_AGE": None,
        "OPTIONS": options,
    }
    return alias


class Kept(models.Model):
    """A table that is there already."""

    class Meta:
        abstract = True
        managed = False
        app_label = "till"


class Drawer(Kept):
    name = models.TextField(primary_key=True)
    cents = models.BigIntegerField()

    class Meta(Kept.Meta):
        abstract = False
        db_table = "drawer"


class PrintedSlip(Kept):
    number = models.TextField(primary_key=True)
    session = models.UUIDField()
    site = models.TextField()
    drawer = models.TextField()
    cents = models.BigIntegerField()
    taken_back = models.BooleanField(default=False)

    class Meta(Kept.Meta):
        abstract = False
        db_table = "slip"


class Mended(Kept):
    drawer = models.TextField(primary_key=True)

    class Meta(Kept.Meta):
        abstract = False
        db_table = "mended"
