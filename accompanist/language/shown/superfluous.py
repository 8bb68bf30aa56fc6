"""What a choreography could do without: warnings, never refusals.

A role that only listens, a value that is moved to where it already is, a value that is moved under a name nobody
reads. A move that is written as a statement of its own (`com(x, to=r)`) is not warned of: it may stand there for the
order it gives, which the saga check asks for.

A role that takes no part at all, or that acts before anything reached it, is an error (ACC157, ACC156).
"""

from __future__ import annotations

from collections.abc import Iterator

from accompanist.errors import catalogue
from accompanist.language.ir import Abort, Block, ChoreographyHead, Enter, Invoke, Let, Move, Select, Statement, walk
from accompanist.language.program.program import Choreography
from accompanist.language.projection.local import Arm, Fork, LocalBlock, LocalStatement, Offering, Receiving, Repeating
from accompanist.language.projection.project import NOTHING, Projector
from accompanist.language.shown import repeated
from accompanist.language.text.diagnostic import Diagnostic
from accompanist.language.text.source import Source, Span

LISTENS = catalogue(
    "ACC173",
    "role only listens",
    "The role is sent something, but it calls no operation, tells nobody anything and has no result: its sidecar "
    "receives and forgets.",
    "Leave the role out, or let it do something with what it learns.",
)
UNREAD = catalogue(
    "ACC174",
    "moved value is never read",
    "The value travels and is kept under a name, and no path at its receiver reads that name.",
    "Leave the move out. If only its order matters, write it as a statement without a name: `com(value, to=role)`.",
)
THERE_ALREADY = catalogue(
    "ACC175",
    "value is there already",
    "Every role that com or share names owns the value by then, so nothing is sent.",
    "Use the value itself, without com or share.",
)


def warnings(choreography: Choreography, source: Source) -> tuple[Diagnostic, ...]:
    """What could be left out of a choreography that compiled, in the order of the source."""
    header = choreography.header
    assert header is not None, "a choreography that compiled keeps its normal form"
    body, everything = choreography.amended, choreography.everything
    found = [*_listening(header, everything, source), *_unread(header, body, source), *_there(everything, source)]
    found += repeated.warnings(choreography, source)
    here = (one for one in found if one.file == source.path)  # what is called may stand in another file
    return tuple(sorted(dict.fromkeys(here), key=lambda one: (one.span, one.code)))


def _listening(header: ChoreographyHead, body: Block, source: Source) -> Iterator[Diagnostic]:
    does = {header.initiator, *(header.result_owners if not header.result_is_none else ())}
    for point in walk(body):
        match point:
            case Invoke(role=role) | Abort(role=role):
                does.add(role)
            case Move(sender=sender) | Select(sender=sender) if sender:
                does.add(sender)
    told = {role for point in walk(body) for role in _receivers(point)}
    for role in header.roles:
        if role in told and role not in does:
            text = f"{role} receives, and does nothing with it in {header.name}"
            yield _warning(LISTENS, source, header.span, text, "leave the parameter out")


def _receivers(point: Statement) -> tuple[str, ...]:
    match point:
        case Move(receivers=receivers):
            return receivers
        case Select(receiver=receiver):
            return (receiver,)
    return ()


def _unread(header: ChoreographyHead, body: Block, source: Source) -> Iterator[Diagnostic]:
    read: set[tuple[str, str]] = set()
    for role in header.roles:
        program, _ = Projector(header, role).project(body, NOTHING, frozenset({header.initiator}))
        read |= {(site, role) for site in _kept(program)}
    moves = [point for point in walk(body) if isinstance(point, Move)]
    for point in moves:
        if point.target is None or point.target.startswith("_") or _inlined(point.site):
            continue
        for receiver in point.receivers:
            carried = point.carried(receiver)
            site = point.site if carried is None else carried.site
            if (site, receiver) not in read:
                text = f"{receiver} never reads {point.target}"
                yield _warning(UNREAD, source, point.span, text, "leave the move out")


def _kept(block: LocalBlock) -> Iterator[str]:
    """The sites of a role's program at which it keeps what it receives."""
    for point in block:
        yield from _kept_at(point)


def _kept_at(point: LocalStatement) -> Iterator[str]:
    match point:
        case Receiving(site=site, target=target) if target is not None:
            yield site
        case Fork(then=then, orelse=orelse):
            yield from _kept(then)
            yield from _kept(orelse)
        case Repeating(body=body):
            yield from _kept(body)
        case Offering(site=site, arms=arms):
            for arm in arms:
                yield from _kept_in(site, arm)


def _kept_in(site: str, arm: Arm) -> Iterator[str]:
    if arm.target is not None:
        yield site
    yield from _kept(arm.body)


def _there(body: Block, source: Source) -> Iterator[Diagnostic]:
    """What follows a branch may stand in both of its sides: a move is for nothing if it is so in each of them."""
    bound: dict[str, set[Span]] = {}
    for point in walk(body):
        for name in _targets(point):
            bound.setdefault(name, set()).add(point.span)
    moves = [point for point in walk(body) if isinstance(point, Move)]
    sent = {(point.site, point.span) for point in moves if point.receivers}
    for point in moves:
        if (point.site, point.span) in sent or _inlined(point.site):
            continue
        if point.target is not None and len(bound[point.target]) > 1:
            continue  # it says where the name lives on each way to where the ways meet
        if not point.value.constant:  # com(0, to=role) says where a name begins to live
            text = f"{' and '.join(point.recipients)} owns {source.text(point.value.span)} already"
            yield _warning(THERE_ALREADY, source, point.span, text, source.text(point.value.span))


def _targets(point: Statement) -> tuple[str, ...]:
    match point:
        case Let(targets=targets):
            return targets
        case Invoke(target=str() as target) | Move(target=str() as target) | Enter(target=str() as target):
            return (target,)
    return ()


def _inlined(site: str) -> bool:
    """Whether a point was written for several roles: in a called choreography, or in a loop over roles. What is
    superfluous for one of them need not be for another."""
    return site.startswith("@") or "." in site.replace("[].", "")


def _warning(code: str, source: Source, span: Span, text: str, hint: str) -> Diagnostic:
    return Diagnostic(code, span, text, hint, (), source.line(span.line))
