"""The codes that judge a program and leave it as it is.

A release of Accompanist may refuse what one before accepted. A session that is open ends on the text that it began
with, and the fingerprint says whether that still makes the same program. So what only judges is left out where a kept
text is compiled again (`accompanist/language/versions/texts.py`): it was accepted when the session began.

Not promised: that every program which an earlier release accepted is made again. Findings of places, types and forms
count as ever, since no program is made where one of these is found.
"""

from __future__ import annotations

from accompanist.language.text import codes

JUDGED = frozenset(
    {
        codes.NONDETERMINISM,
        codes.NOT_PURE,
        codes.OUTER_STATE,
        codes.SET_ORDER,
        codes.ALWAYS_TRUE,
        codes.NOT_FROZEN,
        codes.NOT_BEFORE_PIVOT,
        codes.AFTER_PIVOT,
        codes.TWO_PIVOTS,
        codes.NO_PIVOT,
        codes.SCATTERED_PIVOTS,
        codes.ATTEMPTED_PIVOT,
        codes.PIVOT_IN_LOOP,
        codes.MAY_RAISE,
        "ACC170",  # secrets, `checks/secrecy.py`
        "ACC171",
        "ACC176",  # iterators that are used up, `checks/iterators.py`
        "ACC177",  # identity, `checks/determinism/identity.py`
        "ACC184",  # what raises each time, `checks/raising/always_raises.py`
    }
)
