"""Names that go into SQL as identifiers, where no parameter can stand."""

from __future__ import annotations

import re

from accompanist.errors import OperatorError, catalogue

BAD_NAME = catalogue(
    "ACC514",
    "not a schema's name",
    "A schema is named in SQL text, so its name is restricted: a lower-case letter, then letters, digits, underscores, "
    "63 characters at most.",
    "Rename the schema.",
)

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


def schema_name(name: str) -> str:
    """The name, if it is one that needs no quoting. Raises OperatorError."""
    if not _NAME.fullmatch(name):
        raise OperatorError(BAD_NAME, f"{name!r} is not a lower-case identifier")
    return name
