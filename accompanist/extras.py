"""What is installed only on demand: the extras of the package, and the error for a missing one.

`pip install accompanist` brings what an author and a Python worker need: the language, its checks, simulation, tests,
and workers at `unix:` and `tcp:` addresses. An extra adds the libraries of one use; `accompanist[all]` has every one
that a deployment needs. Who uses an extra calls `require` before the first import of its libraries.

Not promised: that the libraries found are of the right version. pip checks that.

This module imports nothing of Accompanist but its errors, and may be imported from every floor.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import Final

from accompanist.errors import OperatorError, catalogue

NOT_INSTALLED = catalogue(
    "ACC814",
    "an extra is not installed",
    "The libraries that only some uses need are extras of the package, so that a worker does not carry those of a "
    "sidecar. `pip install accompanist` brings none of them.",
    "Install the extra that the message names, or all of them: pip install 'accompanist[all]'.",
)

MODULES: Final[Mapping[str, tuple[str, ...]]] = {
    "client": ("aiohttp",),
    "worker": ("aiohttp",),
    "sidecar": ("aiohttp",),
    "migrate": ("alembic", "sqlalchemy"),
    "psycopg": ("psycopg", "psycopg_pool"),
    "sqlalchemy": ("sqlalchemy",),
    "django": ("django", "psycopg"),
    "otel": ("opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http"),
}
"""The modules that each extra brings. A test compares them with pyproject.toml."""

OF_WORKERS: Final = ("psycopg", "sqlalchemy", "django")
"""Those that only a worker needs whose operations use the library; `all` leaves them out."""

_BROUGHT_BY_USERS: Final = ("pytest",)
"""Installed by whoever uses `accompanist.testing`; no extra names it."""


def _installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # a package above it is missing
        return False


def require(extra: str, purpose: str, installed: Callable[[str], bool] = _installed) -> None:
    """Check that the libraries of `extra` are installed. `purpose` begins the error's sentence, e.g. "a worker at an
    http: address". Imports none of them. Raises OperatorError (ACC814)."""
    missing = [module for module in MODULES[extra] if not installed(module)]
    if missing:
        text = f"{purpose} needs {', '.join(missing)}, which this environment lacks"
        raise OperatorError(NOT_INSTALLED, text, f"pip install 'accompanist[{extra}]'")


def is_optional(module: str | None) -> bool:
    """Whether an import of this module may fail although Accompanist is installed as it should be."""
    known = (*_BROUGHT_BY_USERS, *(name for modules in MODULES.values() for name in modules))
    return module is not None and any(module == name or name.startswith(f"{module}.") for name in known)
