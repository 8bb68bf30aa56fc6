"""The part of docs/durability.md with the table of switched-off rules, read from the test."""

from __future__ import annotations

from accompanist.runtime.messages import Kind
from accompanist.simulation.search.state import Rules
from ops.pages._tables import paragraph, table
from tests.model.test_switched_off import REDUNDANT, ROWS

RELEASED = {
    Kind.START: "The inbox row of a start goes when the start is heard, and the session's row is only a cache.",
    Kind.DATA: "The inbox row of a message goes when it is heard, and nothing else has what it said.",
    Kind.ABORT: "The inbox row of an abort goes when it is heard, before anything that is stable says so.",
    Kind.DONE: "The inbox row of another's vote goes when it is counted.",
}
_STANDARD = Rules()


def parts() -> dict[str, str]:
    return {"durability-switched": _switched(), "durability-redundant": _redundant()}


def _switched() -> str:
    rows = []
    for rule, (rules, saga, faults, broken) in ROWS.items():
        adversary = ", ".join(f"{name} {count}" for name, count in faults._asdict().items() if count)
        rows.append([f"`{rule}`", _off(rules), f"{saga}; {adversary}", broken.value])
    return table(["rule", "switched off", "saga; faults", "what no longer holds"], rows)


def _off(rules: Rules) -> str:
    """What is switched off, in words."""
    said = []
    if rules.core is not _STANDARD.core:
        said.append(paragraph(rules.core.__doc__))
    if not rules.commit_first:
        said.append("Messages leave before the records that they depend on are committed.")
    if not rules.inbox_swept:
        said.append("Recovery does not look at inbox rows that have no session.")
    if Kind.ABORT not in rules.begins:
        said.append("An abort for an unknown session leaves no tombstone.")
    if not rules.fencing.door:
        said.append("The fence lets calls of a closed session in.")
    if not rules.fencing.replies_kept:
        said.append("The fence does not keep the reply with the effect.")
    said += [RELEASED[kind] for kind in sorted(rules.released)]
    assert said, "a rule that nothing here tells of"
    return " ".join(said)


def _redundant() -> str:
    return table(["rule", "switched off"], ([f"`{rule}`", paragraph(core.__doc__)] for rule, core in REDUNDANT.items()))
