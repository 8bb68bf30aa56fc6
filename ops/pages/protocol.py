"""The parts of docs/protocol.md: the tables of the state machine, and the picture of its states."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from html import escape
from typing import NamedTuple
from uuid import UUID

from accompanist.runtime import authority, saga
from accompanist.runtime.authority import Constraint, Party
from accompanist.runtime.events import Name
from accompanist.runtime.messages import Header
from accompanist.runtime.phases import Phase
from accompanist.runtime.ports import SessionRow
from accompanist.runtime.saga import StepOutcome
from accompanist.runtime.session import ACTIONS, ENTRIES, Session
from accompanist.testing import Saga
from accompanist.testing.source import programs_of
from ops.pages._tables import paragraph, table
from workers.orders.choreography import fulfil_order

FORWARD = (Phase.RUNNING, Phase.DONE, Phase.SETTLED)


def parts() -> dict[str, str]:
    return {
        "protocol-events": _events(),
        "protocol-entries": _entries(),
        "protocol-actions": _actions(),
        "protocol-words": _words(),
        "protocol-abort": _abort(),
    }


def files() -> dict[str, str]:
    return {"docs/protocol.svg": picture()}


# -- tables ------------------------------------------------------------------------------------------


def _events() -> str:
    """Each event in each phase: the action, and the phase that each of its outcomes leads to."""
    phases = list(Phase)

    def cell(phase: Phase, name: Name) -> str:
        row = saga.TABLE.get((phase, name))
        if row is None:
            return ""
        leads = _leads(row.leads)
        return f"{row.action.value}: {leads}" if leads else row.action.value

    return table(
        ["event", *(phase.value for phase in phases)],
        ([f"`{name.value}`", *(cell(phase, name) for phase in phases)] for name in Name),
    )


def _leads(leads: Mapping[StepOutcome, Phase]) -> str:
    return ", ".join(
        f"{outcome.value} → {to.value}" for outcome, to in leads.items() if outcome is not StepOutcome.NOTHING
    )


def _entries() -> str:
    """What follows at once when an outcome leads to a phase."""
    session = _session()
    rows = []
    for phase in Phase:
        method = ENTRIES[phase](session)
        rows.append([phase.value, paragraph(method.__doc__), _leads(saga.ENTRY[phase]), _where(method)])
    return table(["phase", "at its entry", "outcomes", "where"], rows)


def _actions() -> str:
    session = _session()
    methods = {action.value: ACTIONS[action].of(session) for action in sorted(saga.StepAction)}
    return table(
        ["action", "what it does", "where"],
        ([action, paragraph(method.__doc__), _where(method)] for action, method in methods.items()),
    )


def _session() -> Session:
    """A session of the order saga, to read the methods of."""
    program = programs_of(fulfil_order, "")["warehouse"]
    header = Header(
        session=UUID(int=0), choreography="", fingerprint="", initiator="warehouse", bindings={}, started_at=0.0
    )
    return Session(program, SessionRow(header=header, role="warehouse", phase=Phase.RUNNING))


def _where(method: Callable[..., StepOutcome]) -> str:
    path = f"{method.__module__.replace('.', '/')}.py"
    return f"`{path}::{method.__qualname__}`"


_PARTIES = {
    Party.CLIENT: "the receiver's own service",
    Party.INITIATOR: "the initiator",
    Party.OWNER: "the owner of the commit point",
    Party.OTHER: "any role but the initiator",
    Party.ROLE: "any role",
}
_CONSTRAINTS = {
    Constraint.ANY: "",
    Constraint.APART: "the two are different roles",
    Constraint.SENDS: "the sender's projection can send to the receiver",
    Constraint.POINT: "the receiver's projection takes this kind from this sender at this site",
}


def _words() -> str:
    """Who may say what to whom."""

    def site(row: authority.Permission) -> str:
        if not row.site:
            return "a site of the program"
        return f"`{row.site}…`" if row.site.endswith("/") else f"`{row.site}`"

    def cells(row: authority.Permission) -> list[str]:
        return [
            f"`{row.kind.value}`",
            site(row),
            _PARTIES[row.sender],
            _PARTIES[row.receiver],
            _CONSTRAINTS[row.constraint],
        ]

    return table(["kind", "site", "sender", "receiver", "condition"], map(cells, authority.TABLE))


def _abort() -> str:
    """A run of the order saga that is undone, as it happened."""
    order = {"customer": "customer-gold", "lines": [{"product": "kettle", "quantity": 1}]}
    saga_run = Saga(fulfil_order, arguments={"order": order}, seed=0).decline("loyalty.award", "no such customer").run()
    assert saga_run.outcome == "ended", saga_run.outcome
    return f"```text\n{saga_run.diagram()}\n```"


# -- the picture -------------------------------------------------------------------------------------


class Edge(NamedTuple):
    """A step between two phases. `at_once`: it may also follow as soon as the first phase is entered."""

    outcome: StepOutcome
    names: list[str]
    at_once: bool


def edges() -> dict[tuple[Phase, Phase], Edge]:
    """The steps between phases, with the outcome that takes each, and the events that may have it."""
    found: dict[tuple[Phase, Phase], Edge] = {}
    for (phase, name), row in saga.TABLE.items():
        for outcome, to in row.leads.items():
            if to is phase:
                continue
            edge = found.setdefault((phase, to), Edge(outcome, [], outcome in saga.ENTRY[phase]))
            assert edge.outcome is outcome, f"two outcomes lead from {phase.value} to {to.value}"
            edge.names.append(name.value)
    return found


class Place(NamedTuple):
    x: int
    y: int


WIDTH, HEIGHT = 960, 420
BOX = Place(108, 44)
PLACES = {
    Phase.RUNNING: Place(262, 70),
    Phase.DONE: Place(590, 70),
    Phase.SETTLED: Place(872, 70),
    Phase.CLOSING: Place(262, 300),
    Phase.UNDOING: Place(475, 300),
    Phase.UNDONE: Place(665, 300),
    Phase.ENDED: Place(872, 300),
}
LINES = {
    (Phase.RUNNING, Phase.DONE): ((316, 70), (534, 70)),
    (Phase.DONE, Phase.SETTLED): ((644, 70), (816, 70)),
    (Phase.RUNNING, Phase.CLOSING): ((240, 92), (240, 276)),
    (Phase.CLOSING, Phase.RUNNING): ((284, 278), (284, 94)),
    (Phase.DONE, Phase.CLOSING): ((575, 92), (318, 284)),
    (Phase.CLOSING, Phase.UNDOING): ((316, 300), (419, 300)),
    (Phase.UNDOING, Phase.UNDONE): ((529, 300), (609, 300)),
    (Phase.UNDONE, Phase.ENDED): ((719, 300), (816, 300)),
}
"""Where each edge is drawn. An edge of the table without a place is an error, and so is a place without an edge."""
LABELS = {
    (Phase.RUNNING, Phase.DONE): Place(425, 88),
    (Phase.DONE, Phase.SETTLED): Place(730, 88),
    (Phase.RUNNING, Phase.CLOSING): Place(228, 130),
    (Phase.CLOSING, Phase.RUNNING): Place(296, 178),
    (Phase.DONE, Phase.CLOSING): Place(470, 190),
    (Phase.CLOSING, Phase.UNDOING): Place(367, 318),
    (Phase.UNDOING, Phase.UNDONE): Place(569, 318),
    (Phase.UNDONE, Phase.ENDED): Place(767, 318),
}
ANCHORS = {
    (Phase.RUNNING, Phase.CLOSING): "end",
    (Phase.CLOSING, Phase.RUNNING): "start",
    (Phase.DONE, Phase.CLOSING): "start",
}
LABEL_CHARS = {(Phase.RUNNING, Phase.CLOSING): 24, (Phase.RUNNING, Phase.DONE): 26}
NOTES = {
    Phase.RUNNING: "the program",
    Phase.DONE: "voted done",
    Phase.SETTLED: "final",
    Phase.CLOSING: "the worker's door",
    Phase.UNDOING: "compensations",
    Phase.UNDONE: "waits for the others",
    Phase.ENDED: "final",
}
STYLE = """svg{--paper:#ffffff;--edge:#d5dae1;--ink:#1d2530;--soft:#667384;--head:#eef2f7;--good:#22863a;
--good-paper:#e8f6ec;--bad:#c4373a;--bad-paper:#fdecec}
@media (prefers-color-scheme:dark){svg{--paper:#12171e;--edge:#313a46;--ink:#e3e9f1;--soft:#94a1b2;--head:#1e2631;
--good:#5cc979;--good-paper:#153021;--bad:#f27b7d;--bad-paper:#3b1a1d}}
text{font:12px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:var(--ink)}
.phase{font:600 14px system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
.outcome{font-weight:600}.small{font-size:11px;fill:var(--soft)}.mid{text-anchor:middle}.end{text-anchor:end}.start{text-anchor:start}
.paper{fill:var(--paper);stroke:var(--edge)}.box{fill:var(--head);stroke:var(--soft)}
.forward .box{fill:var(--good-paper);stroke:var(--good)}.back .box{fill:var(--bad-paper);stroke:var(--bad)}
.wire{stroke:var(--ink);stroke-width:1.4;fill:none;marker-end:url(#tip)}.tip{fill:var(--ink)}
.volatile .box{stroke-dasharray:5 4}.final .box{stroke-width:2.4}"""


def picture() -> str:
    """The phases and the steps between them as SVG."""
    steps = edges()
    assert steps.keys() == LINES.keys(), f"the picture does not have the table's edges: {steps.keys() ^ LINES.keys()}"
    title = "The phases of a session at one role, and the events that lead from one to the next"
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f'role="img" aria-label="{title}">',
        f"<title>{title}</title>",
        f"<style>{STYLE}</style>",
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
        '<path class="tip" d="M0 0 L8 4 L0 8 z"/></marker></defs>',
        f'<rect class="paper" x=".5" y=".5" width="{WIDTH - 1}" height="{HEIGHT - 1}" rx="12"/>',
        *(line for edge in steps for line in _edge(edge, steps[edge])),
        *(line for phase in Phase for line in _box(phase)),
        f'<text class="small mid" x="{WIDTH // 2}" y="{HEIGHT - 26}">Bold: the outcome; below it: the events whose '
        "action may have it. At once: as soon as the phase is entered. Dashed: not kept in the log.</text>",
        f'<text class="small mid" x="{WIDTH // 2}" y="{HEIGHT - 8}">Each outcome of each event is taken by a test: '
        "tests/runtime/test_outcomes.py.</text>",
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _edge(edge: tuple[Phase, Phase], step: Edge) -> Iterator[str]:
    (x1, y1), (x2, y2) = LINES[edge]
    yield f'<path class="wire" d="M{x1} {y1} L{x2} {y2}"/>'
    place, anchor = LABELS[edge], ANCHORS.get(edge, "mid")
    yield f'<text class="outcome {anchor}" x="{place.x}" y="{place.y}">{escape(step.outcome.value)}</text>'
    names = [*step.names, "(at once)"] if step.at_once else step.names
    for number, line in enumerate(_wrapped(names, LABEL_CHARS.get(edge, 12)), 1):
        yield f'<text class="small {anchor}" x="{place.x}" y="{place.y + 14 * number}">{escape(line)}</text>'


def _wrapped(names: list[str], chars: int) -> Iterator[str]:
    line = ""
    for name in names:
        if line and len(line) + 1 + len(name) > chars:
            yield line
            line = name
        else:
            line = f"{line} {name}".strip()
    yield line


def _box(phase: Phase) -> Iterator[str]:
    place = PLACES[phase]
    classes = ["forward" if phase in FORWARD else "back"]
    classes += ["final"] if phase in saga.FINAL else []
    classes += ["volatile"] if phase is Phase.CLOSING else []
    yield f'<g class="{" ".join(classes)}">'
    x, y = place.x - BOX.x // 2, place.y - BOX.y // 2
    yield f'<rect class="box" x="{x}" y="{y}" width="{BOX.x}" height="{BOX.y}" rx="8"/>'
    yield f'<text class="phase mid" x="{place.x}" y="{place.y + 5}">{phase.value}</text></g>'
    above = phase not in (Phase.CLOSING, Phase.ENDED)
    yield f'<text class="small mid" x="{place.x}" y="{place.y + (-30 if above else 40)}">{NOTES[phase]}</text>'
