"""What is said where a project's deployment did not come up. It needs no library, so that `explain` knows it always."""

from __future__ import annotations

from accompanist.errors import catalogue

NOT_UP = catalogue(
    "ACC873",
    "the project did not come up",
    "One of Postgres, the sidecars and the workers did not start, or another process has what they need.",
    "Read the lines above: the part that failed says why. Where another process has an address, end it, or give `api` "
    "in accompanist.toml another port.",
)
