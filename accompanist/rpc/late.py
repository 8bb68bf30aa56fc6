"""Late answers: those that may arrive after their caller has stopped waiting."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from accompanist.runtime.answers import Answer

Late = asyncio.Future[Answer]

Left = Callable[[Late | None], None]
"""A callback for a call that was sent and whose caller gave up. It gets the future of the late answer, or None if the
connection is lost."""
