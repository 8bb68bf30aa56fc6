"""The error family: a code, a title, a text, a hint, and whose fault it is.

Every failure that Accompanist reports on purpose is an `AccompanistError`. The base refuses to be raised; its four
children say who can mend it: the author of a choreography, the peer at the other end of a wire, the operator of a
deployment, or we. A code is stable for ever and has an entry in `CATALOGUE`, which `accompanist explain CODE` prints.
Texts name what was found and never carry a payload.

This module imports nothing of Accompanist and may be imported from every floor.
"""

from __future__ import annotations

from typing import ClassVar, NamedTuple


class Explanation(NamedTuple):
    """What `accompanist explain CODE` says of a code: one title, why it happens, what to do."""

    title: str
    why: str
    remedy: str


CATALOGUE: dict[str, Explanation] = {}


def catalogue(code: str, title: str, why: str, remedy: str) -> str:
    """Register a code with its explanation and return the code. A code is registered once."""
    if code in CATALOGUE:
        raise AssertionError(f"error code {code} is registered twice")
    CATALOGUE[code] = Explanation(title, why, remedy)
    return code


class AccompanistError(Exception):
    """Base of the family.

    `code` is a key of `CATALOGUE`, `text` one sentence about this occurrence, `hint` what to do instead (may be empty).
    """

    fault: ClassVar[str] = ""

    def __init__(self, code: str, text: str, hint: str = "") -> None:
        if not self.fault:
            raise TypeError("raise a child of AccompanistError that says whose fault it is")
        if code not in CATALOGUE:
            raise AssertionError(f"error code {code} is not in the catalogue")
        super().__init__(text)
        self.code = code
        self.text = text
        self.hint = hint

    @property
    def title(self) -> str:
        return CATALOGUE[self.code].title

    def as_json(self) -> dict[str, str]:
        """The error for machines: code, title, text, hint, fault."""
        return {"code": self.code, "title": self.title, "text": self.text, "hint": self.hint, "fault": self.fault}

    def advised(self) -> AccompanistError:
        """The same for a person: where there is no hint of its own, the catalogue says what to do."""
        known = CATALOGUE.get(self.code)
        if not self.hint and known is not None:
            self.hint = known.remedy
        return self

    def __str__(self) -> str:
        return f"{self.code} {self.title}: {self.text}" + (f"\n  hint: {self.hint}" if self.hint else "")


class AuthorError(AccompanistError):
    """The choreography, or the arguments given to it, are wrong."""

    fault = "author"


class PeerError(AccompanistError):
    """What came over a wire is wrong: a client, a worker or another sidecar broke the contract."""

    fault = "peer"


class OperatorError(AccompanistError):
    """The deployment is wrong: configuration, database, permissions, ports."""

    fault = "operator"


class Bug(AccompanistError):
    """An impossible thing happened. It is ours; the session it happened in is parked."""

    fault = "ours"
