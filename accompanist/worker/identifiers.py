"""Checks names that are used as SQL identifiers, which cannot be parameters."""

from __future__ import annotations

import re

from accompanist.errors import OperatorError, catalogue

BAD_NAME = catalogue(
    "ACC514",
    "not a schema's name",
    "A schema's name is part of SQL text, so it is restricted: a lower-case letter, then lower-case letters, digits "
    "and underscores, at most 63 characters.",
    "Rename the schema.",
)

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


def schema_name(name: str) -> str:
    """Return the name if it needs no quoting. Raises OperatorError."""
    if not _NAME.fullmatch(name):
        raise OperatorError(BAD_NAME, f"{name!r} is not a lower-case identifier")
    return name
