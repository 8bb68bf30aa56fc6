"""The saga check: a saga ends whole or undone, on every path.

Walked forward over the amended choreography, because messages, selections among them, are what makes one role know of
another. For each role the walk keeps what has been done elsewhere and the role does not know yet. At the pivot its role
must know that everything which may fail has succeeded; after the pivot nothing may fail.

A branch in which a role aborts is a failure too: on the other side, "not aborted" is known at first to that role, which
goes on, and to the guard's owners, in a loop to those of them that follow its turns. It has to reach the pivot's role
like any other success.

An expression that may raise (`raising`) is a step that may fail, at the roles that compute it.

What may fail: a transaction that is not retriable, a query, unless attempted; role.abort. An attempted call that
declines is a value. A path on which everything can be undone needs no commit point.

In a loop a point stands for what each turn does there. Done once more it is unknown once more, and who knows of a later
turn knows of the earlier ones, because a role does them one after the other: so a point needs no number of its turn. A
pivot that a later turn could reach again is refused. Each turn's transactions have sites of their own and are
compensated one by one. What an earlier turn does before the commit point and the last one beside it, like an attempted
call, counts as beside it: the runtime is more patient with it then, and gives up nothing.

A commit point that is not a pivot is a record, `role.commit()`: all that holds of a pivot holds of it, but that it may
not fail itself. Where a saga needs one and has none, `language.checks.saga.commit` puts it in before this check.

Not yet: commit points of different roles, an attempted pivot.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import reduce

from accompanist import limits
from accompanist.language.checks.saga import may_raise
from accompanist.language.checks.saga.aborts import Aborts
from accompanist.language.checks.saga.commit_points import CommitPoints
from accompanist.language.checks.saga.early import Lines
from accompanist.language.checks.saga.knowledge import Done, Knowledge, steps_of
from accompanist.language.checks.saga.raising import Raising, expressions
from accompanist.language.flow.calls import ProcedureSummaries
from accompanist.language.flow.facts import EVERY, May
from accompanist.language.flow.forward import Flow, Joining, Turn
from accompanist.language.flow.reports import Reports
from accompanist.language.ir import (
    NOBODY,
    THEN,
    Abort,
    Block,
    ChoreographyHead,
    Enter,
    Expression,
    If,
    Invoke,
    Loop,
    Move,
    NormalForm,
    Owners,
    Procedure,
    Return,
    Select,
    Statement,
    actors,
    parties,
    point_of,
    walk,
)
from accompanist.language.program.operations import behind
from accompanist.language.refusal import may_fail
from accompanist.language.text import advice, codes
from accompanist.language.text.diagnostic import Diagnostic, Findings, Write
from accompanist.language.text.source import Sources, Span

_RAISES = "may raise"
_TOO_DEEP = f"may call itself more than {limits.recursion_depth_max} times, one call in another"
_TOO_LONG = f"may have more than {limits.local_turns_max} turns in which a role asks nobody anything"
_INSTEAD = {
    _TOO_DEEP: "a loop, which has no bound there; or the call before the commit point",
    _TOO_LONG: "a comprehension or a @pure function, which has to end; or the loop before the commit point",
}


@dataclass(slots=True)
class Commitment:
    """What the check found: the commit point's role, if there is one, and the sites of each role that do not certainly
    happen before the commit point where there is one. `early`: its lines at which what raises certainly does."""

    role: str | None = None
    after: dict[str, set[str]] = field(default_factory=dict)
    early: dict[str, frozenset[int]] = field(default_factory=dict)


class SagaCheck(Joining[Knowledge]):
    """Checks one choreography. `raised`: the expressions that may raise; `refusal`: all that is against putting in a
    record where one is needed."""

    def __init__(
        self,
        header: ChoreographyHead,
        sources: Sources,
        findings: Findings,
        raised: Raising,
        refusal: Sequence[Diagnostic] = (),
    ) -> None:
        self._header, self._sources, self._reports = header, sources, Reports(findings)
        self._flow = Flow(self, self._reports)
        self._calls = ProcedureSummaries(self.join, self._walk)
        self._points = CommitPoints(sources, findings, refusal)
        self._raised = raised
        self._commitment = Commitment(after={role: set() for role in header.roles})
        self._aborts = Aborts(())
        self._lines = Lines(NormalForm(()), raised, header)
        self._silent: list[Move] = []  # that send nothing
        self._acting = header.everywhere  # the roles that go through what the walk is in
        self._entered = False  # whether that is a procedure
        self._given: May[Done] = May()  # the pivots that may have happened where it is entered
        # by identity, each with what it is of, so that no other one has its id:
        self._parties: dict[int, tuple[Loop, Owners]] = {}  # who follows the turns of a loop
        self._begin: dict[int, tuple[Block, frozenset[int]]] = {}  # which statements of a block begin a line

    def check(self, whole: NormalForm) -> Commitment:
        moves = [point for block in whole.blocks for point in walk(block) if isinstance(point, Move)]
        sent = {move.site for move in moves if move.receivers}
        self._silent = [move for move in moves if move.site not in sent]
        self._aborts = Aborts(whole.procedures)
        self._lines = Lines(whole, self._raised, self._header)
        nothing = Knowledge.nothing(self._header.roles)
        self._calls.settle(whole, nothing, self._reports)
        for late in self._commitment.after.values():
            late.clear()  # found while less was known behind a procedure than there is
        self._points.clear()
        self._calls.once(whole, nothing)
        self._points.tell(whole.body)
        self._commitment.role = next(iter(self._points.found), None)
        self._commitment.early = {role: self._lines.early(late) for role, late in self._commitment.after.items()}
        return self._commitment

    def _walk(self, procedure: Procedure | None, body: Block, known: Knowledge) -> None:
        if procedure is not None:
            self._pivots_again(procedure, known)
            self._entered, self._acting = True, actors(body)
            self._given = known.pivots  # said where it is entered
        self._flow.block(body, known)
        self._entered, self._acting, self._given = False, self._header.everywhere, May()

    def _pivots_again(self, procedure: Procedure, entry: Knowledge) -> None:
        for point in walk(procedure.body):
            if isinstance(point, Invoke) and any(pivot.site == point.site for pivot in entry.pivots):
                self._add(
                    codes.PIVOT_IN_LOOP,
                    point.span,
                    f"{_done(point).what} {_done(point).binds}, and {procedure.header.name} may do it again",
                    "put it behind the call",
                )

    def step(self, point: Statement, known: Knowledge) -> tuple[Statement, Knowledge]:
        """A statement, and what is known behind it."""
        self._come(point, known)
        for done in self._lines.steps(point):
            self._place(done.site, (done.role,), known)
            known = known.does(done, frozenset({done.role}))
        for value, owners in expressions(point) if self._raised else ():
            known = self._computed(value, owners, known)
        match point:
            case Invoke(site=site, role=role):
                self._place(site, (role,), known)
                return point, self._invoke(point, known)
            case Move(sender=sender, receivers=receivers):
                return point, self._told(point, sender, receivers, known)
            case Select(sender=sender, receiver=receiver):
                return point, self._told(point, sender, (receiver,), known)
            case Abort(role=role, span=span) if known.pivots:
                why, instead = "the saga is committed by then", "or go on without it"
                self._after(point.site, role, f"{role}.abort", span, known, why, instead)
            case Enter():
                return point, self._enter(point, known)
            case Return():
                self._calls.end(known)
        return point, known

    def _come(self, point: Statement, known: Knowledge) -> None:
        """Note what is known where a line begins in a block. A return that nobody wrote has the last line of the
        text."""
        level = self._flow.level()
        if id(level.block) not in self._begin:
            begin = {
                one.span.line: at for at, one in reversed([*enumerate(level.block, 1)]) if not isinstance(one, Return)
            }
            self._begin[id(level.block)] = level.block, frozenset(begin.values())
        if level.read in self._begin[id(level.block)][1]:
            self._points.comes(point.span, known)

    def _enter(self, point: Enter, known: Knowledge) -> Knowledge:
        """What is known behind a procedure: the same for all of its calls, as little as behind any of them."""
        known = self._unbounded(point, f"{point.name}(…)", _TOO_DEEP, point.acting, known)
        behind = self._calls.enter(point.procedure, known)
        return replace(known, certain=EVERY) if behind is None else behind  # no way is known yet that leads behind it

    def _computed(self, value: Expression, owners: Owners, known: Knowledge) -> Knowledge:
        """An expression was computed. Those who certainly compute the same know that it went well."""
        found = self._raised.at(value, owners)
        if found is None:
            return known
        partials, may, must = found
        pivot = min(known.pivots, key=lambda pivot: pivot.span) if known.pivots else None
        source, committed = self._sources(value.span.file), pivot.span if pivot is not None else None
        told = may_raise.said(partials, value, source, committed)
        if pivot is not None:
            beside = all(pivot in known.unknown[role] for role in may)
            stands = f"{'runs beside' if beside else 'comes after'} {pivot.what} of line {pivot.span.line}"
            for one in told:
                text = f"`{one.part}` may raise ({one.why}), and {stands}, which {pivot.binds}"
                self._add(codes.MAY_RAISE, value.span, text, one.instead)
        for roles in (must, *(frozenset({role}) for role in may - must)):
            if roles:
                part, one = f"`{told[0].part}`", told[0]
                done = Done("", min(roles), part, value.span, True, may=_RAISES, instead=one.there, why=one.why)
                known = known.does(done, roles)
        return known

    def _told(self, point: Move | Select, sender: str, receivers: Sequence[str], known: Knowledge) -> Knowledge:
        """A message was sent and taken: no other role knows that its sender, or a receiver, came so far. Who takes it
        knows that it was sent, and not what its sender does next."""
        steps = [(site, role) for role in (sender, *receivers) if role for site in steps_of(point, role)]
        for site, role in steps:
            self._place(site, (role,), known)
        for site, role in steps:
            if role == sender:
                known = known.does(Done(site, role, "", point.span, False), frozenset({role}))
        for receiver in receivers:
            known = known.tells(sender, receiver)
        for site, role in steps:
            if role != sender:
                known = known.does(Done(site, role, "", point.span, False), frozenset({role}))
        for site, role in steps if receivers else ():
            if role == sender:
                self._place(behind(site), (sender,), known)
                known = known.does(Done(behind(site), sender, "", point.span, False), frozenset({sender}))
        return known

    def _unbounded(self, point: Enter | Loop, what: str, may: str, roles: Owners, known: Knowledge) -> Knowledge:
        """Something ends the saga if it goes on for too long: it may fail, at all of these roles alike."""
        if not roles:
            return known
        if known.pivots.without(self._given):
            pivot = min(known.pivots, key=lambda pivot: pivot.span)
            text = f"{what} {may}, behind {pivot.what} of line {pivot.span.line}, which {pivot.binds}"
            self._add(codes.AFTER_PIVOT, point.span, text, _INSTEAD[may])
        return known.does(Done("", min(roles), what, point.span, True, may=may, instead=_INSTEAD[may]), roles)

    def join(self, one: Knowledge, other: Knowledge) -> Knowledge:
        """What is known where two ways meet."""
        return one.join(other)

    def turned(self, loop: Loop, turn: Turn[Knowledge]) -> Knowledge:
        """What is known where the next turn begins. A pivot that it may come to again is reported; what follows from it
        is no news."""
        after = reduce(self.join, turn.again, turn.head)
        repeated = after.pivots.without(turn.entered.pivots)
        for pivot in sorted(repeated, key=lambda pivot: pivot.span):
            text = f"{pivot.what} {pivot.binds}, and another turn of the loop of line {loop.span.line} may come to it"
            hint = "put it behind the loop, or leave the loop after it with break"
            self._add(codes.PIVOT_IN_LOOP, pivot.span, text, hint)
        return replace(after, pivots=turn.entered.pivots)

    def left(self, loop: Loop, turn: Turn[Knowledge]) -> tuple[Loop, Knowledge | None]:
        """What is known behind a loop. One that a role turns by itself may fail, also if nobody leaves it."""
        loop, behind = super().left(loop, turn)
        known, alone = turn.entered if behind is None else behind, self._raised.alone(loop)
        known = self._unbounded(loop, "the loop", _TOO_LONG, alone, known)
        return loop, None if behind is None else known

    def into(self, point: If, label: str, known: Knowledge) -> Knowledge:
        """What is known in a side of a branch: that the aborts of the other side did not happen."""
        block, other = (point.then, point.orelse) if label == THEN else (point.orelse, point.then)
        parted = point.owners & self._following() & self._parting(block)
        for aborted in self._aborts.news(block, other).values():
            text = f"{aborted.role}.abort of line {aborted.span.line}"
            done = Done(aborted.site, aborted.role, text, aborted.span, True)
            known = known.does(done, parted | {aborted.role})  # it goes on itself
        return known

    def _following(self) -> Owners:
        """The roles that go through the loops and the procedure around."""
        found = self._acting
        for loop in self._flow.loops():
            if id(loop) not in self._parties:
                self._parties[id(loop)] = loop, parties(loop, NOBODY)
            found &= self._parties[id(loop)][1]
        return found

    def _parting(self, side: Block) -> Owners:
        """The roles that part at a branch whose other side aborts. In a procedure one that has nothing to do in this
        side comes to its end either way, and goes on with what its caller does."""
        return actors(side) if self._entered else self._header.everywhere

    def _invoke(self, point: Invoke, known: Knowledge) -> Knowledge:
        offer, role = point.offer, point.role
        done = _done(point)
        name, fails = done.what, done.fails
        if offer.pivot:
            return self._pivot(point, done, known)
        if known.pivots and fails:
            query = offer.kind == "query"
            instead = f"or attempt({name}(…)), whose refusal is a value"
            instead = instead if query else f"or @transaction(retriable=True) for it if it never declines, {instead}"
            why = f"it {'is a query and' if query else 'can be undone but'} may decline"
            self._after(point.site, role, name, point.span, known, why, instead)
        if offer.irrevocable:
            known = self._irrevocable(point, name, known)
        return known.does(done, frozenset({role}))

    def _pivot(self, point: Invoke, done: Done, known: Knowledge) -> Knowledge:
        role, span = point.role, point.span
        if point.attempt:
            text = f"{done.what} cannot be undone, so it is the pivot, and its refusal undoes the saga and is no value"
            hint = f"a compensation for {done.what}; or {done.what}(…) without attempt(), and without asking for ok"
            self._add(codes.ATTEMPTED_PIVOT, span, text, hint)
        if known.pivots:
            first = min(known.pivots, key=lambda pivot: pivot.span)
            self._points.twice.add(span)
            self._add(
                codes.TWO_PIVOTS,
                span,
                f"{done.what} cannot be undone, and neither can {first.what} of line {first.span.line}"
                if not (done.recorded or first.recorded)
                else f"{done.what} {done.binds}, and {first.what} of line {first.span.line} {first.binds}",
                f"a compensation for one of them, or @transaction(retriable=True) for {done.what}"
                if not (done.recorded or first.recorded)
                else self._left_out(point, done, first),
            )
        said: set[str] = set()
        for other in sorted(known.unknown[role], key=lambda other: other.span):
            if other.may in said:
                continue
            if other.may:
                said |= {other.may} - {_RAISES}
                why = f" ({other.why})" if other.why else ""
                text = (
                    f"{other.what} of line {other.span.line} {other.may}{why}, and {role} does not know whether it did"
                )
                code = codes.MAY_RAISE if other.may == _RAISES else codes.NOT_BEFORE_PIVOT
                self._add(code, span, f"{done.what} {done.binds}; {text}", self._led(point, other))
            elif other.fails:
                came = "happened" if "abort" in other.what else f"of line {other.span.line} went well"
                text = f"{done.what} {done.binds}, but {role} does not know whether {other.what} {came}"
                hint = self._message(point, other.role, role)
                self._add(codes.NOT_BEFORE_PIVOT, span, f"{text}{self._unsent(role, span)}", hint)
            else:
                self._commitment.after[other.role].add(point_of(other.site))
        self._points.pivot(point, done)
        return known.does(done, frozenset({role})).passes(done)

    def _unsent(self, role: str, before: Span) -> str:
        """A move to a role that looks like a message and is none."""
        for move in self._silent:
            if role in move.recipients and move.span.file == before.file and move.span < before:
                text = self._sources(move.span.file).text(move.span)
                return f"; {text} of line {move.span.line} sends nothing, since {role} knows that value already"
        return ""

    def _irrevocable(self, point: Invoke, name: str, known: Knowledge) -> Knowledge:
        """A retriable transaction that cannot be undone comes after the pivot, and its role knows that. Once it has
        been told that the role does not, it is not told again on the same path."""
        if not known.committed:
            self._points.missing(name, point, known.pivots.facts)
        for pivot in known.pivots.facts & known.unknown[point.role]:
            self._add(
                codes.NO_PIVOT,
                point.span,
                f"{name} cannot be undone, but {point.role} does not know whether "
                f"{pivot.what} of line {pivot.span.line} went well",
                self._message(point, pivot.role, point.role),
            )
        unknown = known.unknown[point.role] - known.pivots.facts
        return replace(known, unknown=known.unknown.giving(point.role, unknown))

    def _left_out(self, point: Invoke, done: Done, first: Done) -> str:
        """One of two commit points is a record that nobody needs."""
        one, span = (done, point.span) if done.recorded else (first, first.span)
        text, source = f"leave {one.what}() out", self._sources(span.file)
        return advice.left_out(source, span, text) if source.text(span) == f"{one.what}()" else text

    def _message(self, point: Invoke, sender: str, receiver: str) -> str:
        function = "" if point.site.startswith("@") else self._header.name
        return advice.led(self._sources(point.span.file), point.span, function, sender, receiver)

    def _led(self, point: Invoke, other: Done) -> str:
        """The message that lets the commit point know that something went well elsewhere, or what to write there."""
        lead = self._message(point, other.role, point.role)
        there = f"or, for line {other.span.line}, {other.instead}"
        return Write(f"{lead}; {there}", *lead.edits, said=True) if isinstance(lead, Write) else f"{lead}; {there}"

    def _after(self, site: str, role: str, name: str, span: Span, known: Knowledge, why: str, instead: str) -> None:
        pivot = min(known.pivots, key=lambda pivot: pivot.span)
        beside = pivot in known.unknown[role]
        stands = f"{'runs beside' if beside else 'comes after'} {pivot.what} of line {pivot.span.line}"
        lead = f", and let a message lead from {role} to {pivot.role}: com(…, to={pivot.role})" if beside else ""
        self._add(
            codes.AFTER_PIVOT,
            span,
            f"{name} {stands}, which {pivot.binds}; {why}",
            f"put {name} before line {pivot.span.line}{lead}; {instead}",
        )

    def _place(self, site: str, roles: tuple[str, ...], known: Knowledge) -> None:
        """Note what does not certainly happen before the commit point."""
        if known.pivots:
            for role in roles:
                if role:
                    self._commitment.after[role].add(point_of(site))

    def _add(self, code: str, span: Span, text: str, hint: str) -> None:
        self._reports.now.add(code, self._sources(span.file), span, text, hint)


def _done(point: Invoke) -> Done:
    name = f"{point.role}.{point.offer.name.removeprefix('role.')}"
    fails = may_fail(point.offer, point.attempt)
    return Done(point.site, point.role, name, point.span, fails, point.offer.recorded)
