"""Answers that may come after their caller has gone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from accompanist.runtime.answers import Answer

Late = asyncio.Future[Answer]

Left = Callable[[Late | None], None]
"""Told of a call that was sent and whose caller goes without an answer: with the one that may come yet; None where the
connection is lost."""
