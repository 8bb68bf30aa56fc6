"""Formats that nobody would want to be written out: a column of a million places."""

from __future__ import annotations

import re

_WIDEST = 500
_NUMBER = re.compile("[0-9]+")


def too_wide(spec: str) -> bool:
    """Whether a format has more places than are written out here."""
    return any(len(one) > len(str(_WIDEST)) or int(one) > _WIDEST for one in _NUMBER.findall(spec))
