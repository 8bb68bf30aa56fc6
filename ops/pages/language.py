"""The parts of docs/language/README.md: the passes with their modules and codes, and one choreography in all passes."""

from __future__ import annotations

import ast
import difflib
import importlib
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from accompanist.errors import CATALOGUE
from accompanist.language.checks.places.advisor import Advisor
from accompanist.language.checks.places.locate import located
from accompanist.language.checks.saga.knowledge import Knowledge
from accompanist.language.checks.saga.raising import Raising
from accompanist.language.checks.saga.saga import SagaCheck
from accompanist.language.checks.typed import Typing
from accompanist.language.compile import Compiled, compile_file
from accompanist.language.ir import Block, ChoreographyHead, Move, NormalForm, Select, Statement, walk
from accompanist.language.normal import continuation
from accompanist.language.normal.callees import Callees
from accompanist.language.normal.normal import Normaliser
from accompanist.language.normal.parse import HeaderParser, choreographies
from accompanist.language.normal.unroll import variables
from accompanist.language.program.program import Choreography
from accompanist.language.projection.project import NOTHING, Projector
from accompanist.language.reading.messages import Messages
from accompanist.language.reading.modules import Modules
from accompanist.language.reading.names import Names
from accompanist.language.reading.roles import RoleClasses
from accompanist.language.shown.report import ReportOptions, check_report
from accompanist.language.shown.superfluous import warnings
from accompanist.language.text.diagnostic import Findings, render
from accompanist.language.text.source import Source
from ops.pages.language_forms import block, local
from ops.pages.language_passes import BESIDE, PASSES

ROOT = Path(__file__).parents[2]
EXAMPLE = "tests/language/must_pass/credit.py"
width = 118


def parts() -> dict[str, str]:
    """The parts of the page."""
    return {
        "language-passes": _passes(),
        "language-beside": _beside(),
        "language-refused": _refused(),
        **{f"language-{name}": text for name, text in _example().items()},
    }


# -- what other pages on the language use ---------------------------------------------------------------


def compiled(text: str) -> Compiled:
    """A text as the only file of a project; files of the repository are seen beside it."""
    return compile_file("wrong.py", root=".", read=lambda path: text if path == "wrong.py" else read(path))


def read(path: str) -> str | None:
    """A file of the repository, by its path from the root."""
    file = ROOT / path
    return file.read_text(encoding="utf-8") if file.is_file() else None


def said(text: str) -> str:
    """What `accompanist check` says of a text that it refuses or warns of."""
    result = compiled(text)
    found = list(result.diagnostics)
    found += [one for made in result.choreographies for one in warnings(made, Source.of("wrong.py", text))]
    return "\n\n".join(render(one) for one in found)


def fenced(text: str, language: str = "") -> str:
    """A block of text as it stands. Lines that are too wide for a page are folded."""
    lines = [folded for line in text.rstrip().split("\n") for folded in fold(line)]
    return "\n".join([f"```{language}", *lines, "```"])


def fold(line: str) -> list[str]:
    """One line as several that are no wider than a page."""
    if len(line.encode()) <= width:
        return [line]
    indent = " " * (len(line) - len(line.lstrip()) + 4)
    return textwrap.wrap(line, width - 4, subsequent_indent=indent, break_on_hyphens=False, break_long_words=False)


def wrapped(text: str, indent: str = "") -> str:
    """One item of a list, or a paragraph."""
    return textwrap.fill(text, width, subsequent_indent=indent, break_on_hyphens=False, break_long_words=False)


def listed(items: Iterable[str]) -> str:
    """A list, an item a paragraph."""
    return "\n".join(wrapped(f"- {item}", "  ") for item in items)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table whose lines are no wider than a page. Fails where one is."""
    lines = [" | ".join(row) for row in (head, ["---"] * len(head), *rows)]
    made = [f"| {line} |" for line in lines]
    wide = [line for line in made if len(line.encode()) > width + 2]
    assert not wide, wide
    return "\n".join(made)


def quoted(text: str) -> str:
    """A piece of program in a cell of a table."""
    return "`" + text.replace("|", "\\|") + "`"


def changed(before: str, after: str) -> str:
    """What makes one text of another; a line of dots stands for what is between two places."""
    lines = list(difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm=""))[3:]
    return "\n".join(" …" if line.startswith("@@") else line for line in lines)


def pair(code: str) -> str:
    """A wrong program of a code, what `check` says, and what changes to make it right: those of `explain`."""
    found = ROOT / "tests" / "language" / "explain"
    wrong, right = ((found / f"{code}_{which}.py").read_text(encoding="utf-8") for which in ("wrong", "right"))
    change = changed(wrong, right)
    program = wrong.partition("\n\n\n")[2] if wrong.startswith(("from ", "import ")) else wrong
    told = CATALOGUE[code]
    return "\n\n".join(
        [
            f"### {code}: {told.title}",
            wrapped(told.why),
            fenced(program.strip("\n"), "python"),
            fenced(said(wrong)),
            "The change that makes it right:",
            fenced(change, "diff"),
        ]
    )


# -- the passes ----------------------------------------------------------------------------------------


def _passes() -> str:
    """Each pass with what it takes and gives, where it is and what it refuses."""
    _all_modules_are_placed()
    made = []
    for number, one in enumerate(PASSES, 1):
        codes = one.codes or sorted({code for module in one.modules for code in _codes(module)})
        refused = "; ".join(f"{code} {CATALOGUE[code].title}" for code in codes) or "nothing"
        made += [
            f"**{number}. {one.name}.** In: {one.takes}. Out: {one.gives}.",
            f"Refuses: {refused}.",
        ]
    return "\n\n".join(wrapped(text) for text in made)


def _beside() -> str:
    """Every module, by the pass that it belongs to."""
    made = []
    for one in (one for one in (*PASSES, *BESIDE) if one.modules):
        items = (f"`{module}`: {_first(module)}" for module in one.modules)
        made.append(f"### {one.name}\n\n{listed(items)}")
    return "\n\n".join(made)


def _all_modules_are_placed() -> None:
    placed = [module for one in (*PASSES, *BESIDE) for module in one.modules]
    there = {str(file.relative_to(ROOT)) for file in (ROOT / "accompanist" / "language").rglob("*.py")}
    there = {module for module in there if not module.endswith("__init__.py")}
    missing, gone = there - set(placed), set(placed) - there
    assert not missing, f"ops/pages/language_passes.py does not place {sorted(missing)}"
    assert not gone, f"ops/pages/language_passes.py places what is not there: {sorted(gone)}"
    assert len(placed) == len(set(placed)), "a module is placed twice"


def _first(module: str) -> str:
    """The first sentence of a module's docstring."""
    said = ast.get_docstring(ast.parse((ROOT / module).read_text(encoding="utf-8"))) or ""
    paragraph = " ".join(said.partition("\n\n")[0].split()).rstrip(":")
    sentence = paragraph.split(". ")[0].rstrip(".")
    return f"{sentence}."


def _codes(module: str) -> set[str]:
    """The codes of diagnostics that a module names."""
    text = (ROOT / module).read_text(encoding="utf-8")
    loaded = importlib.import_module(module.removesuffix(".py").replace("/", "."))
    found: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        named: object = None
        match node:
            case ast.Attribute(value=ast.Name(id=owner), attr=attr):
                named = getattr(getattr(loaded, owner, None), attr, None)
            case ast.Name(id=name, ctx=ast.Load()):
                named = getattr(loaded, name, None)
        if isinstance(named, str) and named in CATALOGUE:
            found.add(named)
    return found


# -- the example ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Stages:
    """The example behind each of the early passes."""

    read: Block
    pushed: NormalForm
    located: NormalForm
    typed: NormalForm


def _stages() -> _Stages:
    findings = Findings()
    modules = Modules(".", read)
    module = modules.find(EXAMPLE.removesuffix(".py").replace("/", "."))
    assert module is not None
    messages = Messages(modules)
    roles = RoleClasses(modules, messages, findings)
    (node,) = choreographies(modules, module, findings)
    header = HeaderParser(modules, messages, roles, module, findings).parse(node)
    assert header is not None
    named = variables(node, header)
    names = Names(modules, messages, module, named | header.everywhere)
    callees = Callees(modules, messages, roles, findings, set())
    normal = Normaliser(names, header, named, callees, findings, {}).normalise(node)
    source = module.source
    pushed = NormalForm(continuation.push(normal, source.span(node.body[-1])))
    placed = located(pushed, header, Advisor(header, modules.source, lambda value: False), findings)
    typed = NormalForm(Typing(names, header, findings, keep=False).type_moves(placed.body))
    assert not len(findings), [one.text for one in findings]
    return _Stages(normal, pushed, placed, typed)


def _example() -> dict[str, str]:
    text = read(EXAMPLE) or ""
    source = text[text.index("class Shop") : text.index("\n\nWORKERS")].strip("\n")
    made = compile_file(EXAMPLE, root=".", read=read)
    (choreography,) = made.choreographies
    stages = _stages()
    roles = [name for name in choreography.roles if name != choreography.initiator]
    programs = [_program(choreography, role) for role in choreography.roles]
    return {
        "source": fenced(source, "python"),
        "normal": fenced(block(stages.read)),
        "continued": fenced(block(stages.pushed.body)),
        "places": fenced(block(stages.located.body, owners=True)),
        "types": listed(_moved(stages.typed.body)),
        "selections": fenced(block(choreography.amended)),
        "checks": fenced(_knowledge(choreography)),
        "verdict": fenced(check_report(made, (), ReportOptions(explain=True))[0]),
        "projections": "\n\n".join(fenced(_projection(choreography, role)) for role in roles),
        "programs": "\n\n".join(fenced(text) for text in programs),
        "digests": listed(
            [
                *(f"{role}: `{one.digest}`" for role, one in choreography.projections.items()),
                f"the choreography: `{choreography.fingerprint}`",
            ]
        ),
    }


def _moved(body: Block) -> list[str]:
    return [
        f"site {point.site}: {point.sender} to {' and '.join(point.receivers)}: `{point.type.text()}`"
        for point in walk(body)
        if isinstance(point, Move)
    ]


def _header(choreography: Choreography) -> ChoreographyHead:
    assert choreography.header is not None
    return choreography.header


def _knowledge(choreography: Choreography) -> str:
    """What the commit point's role does not know before each point: the saga check's walk, as it goes."""
    rows: list[tuple[str, str]] = []

    class Walked(SagaCheck):
        def step(self, point: Statement, known: Knowledge) -> tuple[Statement, Knowledge]:
            site = getattr(point, "site", "")
            if site and not isinstance(point, Select):
                role = str(choreography.commit_role)
                unknown = sorted(one.what for one in known.unknown[role] if one.fails)
                rows.append((site, ", ".join(unknown) or "nothing"))
            return super().step(point, known)

    source = Source.of(EXAMPLE, read(EXAMPLE) or "")
    findings = Findings()
    Walked(_header(choreography), lambda path: source, findings, Raising()).check(NormalForm(choreography.amended))
    assert not len(findings)
    return "\n".join(f"before {site}: {unknown}" for site, unknown in rows)


def _projection(choreography: Choreography, role: str) -> str:
    header = _header(choreography)
    body, _ = Projector(header, role).project(choreography.amended, NOTHING, frozenset({header.initiator}))
    return f"{role}:\n" + textwrap.indent(local(body), "  ")


def _program(choreography: Choreography, role: str) -> str:
    return choreography.projections[role].source.partition("\n\n\n")[2].rstrip()


CHARGED = "    paid = com(bank.charge(com(order, to=bank)), to=shop)\n    return shop.ship(order, paid)\n"
CHANGES = (
    ("Head", "ACC119", 'order: At[str, "shop"]', "order: str"),
    ("Normal form", "ACC133", "credit < 100", "credit < 100 and com(bank.credit(com(order, to=bank)), to=shop) < 50"),
    ("Places", "ACC113", "com(bank.charge(com(order, to=bank)), to=shop)", "bank.charge(com(order, to=bank))"),
    ("Types", "ACC141", "bank.charge(com(order, to=bank))", "bank.charge(com({order}, to=bank))"),
    ("Determinism", "ACC135", 'return "no credit"', 'return f"no credit {id(order)}"'),
    ("Secrets", "ACC170", 'At[str, "shop"])', 'At[Secret[str], "shop"])'),
    ("Saga check", "ACC150", CHARGED, "    bank.charge(com(order, to=bank))\n    return shop.ship(order, credit)\n"),
    ("Text", "ACC156", "bank.credit(com(order, to=bank))", 'bank.credit("kettle")'),
)
"""A change of the example that a pass refuses: the pass, its code, what stands there, what is written instead."""


def _refused() -> str:
    text = (read(EXAMPLE) or "").replace("choreography, com, query", "Secret, choreography, com, query")
    made = []
    for name, code, here, instead in CHANGES:
        assert text.count(here) == 1, here
        wrong = text.replace(here, instead)
        found = {one.code for one in compiled(wrong).diagnostics}
        assert found == {code}, (name, found, said(wrong))
        made += [f"**{name}**", fenced(changed(text, wrong), "diff"), fenced(said(wrong))]
    return "\n\n".join(made)
