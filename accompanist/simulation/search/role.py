"""One role of a saga as a transition system: its log, its session, its worker, and every possible step.

A state has a durable part (row, inbox, results, the fence), a volatile part (the session, the messages it has heard,
the calls under way), and the calls that a dead process left on the wire and that may still reach the worker (`late`). A
`Transition` is one step of this role. The messages that it sends are in the other roles' inboxes at once, as the
hand-over is part of the commit.

A move is helpful, or the adversary's: a crash, a lost answer, a decline, a message that is heard twice, a late call.
Only helpful moves may be counted on to end a session.

Some things that take time are one move, because no one else can observe the difference. A burst is decided and
committed at once: nothing of it had left, so a crash before its commit is a crash before the event. A call reaches the
worker and its answer is heard at once: the fence talks to no one else, and what may come between (a crash, a lost
answer) is a move of its own. A row that only caches the inbox is a choice of the crash: it was written before, or not.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Sequence

from accompanist.language import waits
from accompanist.language.program.program import RoleProgram
from accompanist.runtime.beginning import BEGINS, begins
from accompanist.runtime.burst import Burst, CallWorker, CloseWorker
from accompanist.runtime.events import Arrived, CallAnswered, CloseAnswered, Deadline, Event, Fired, Name
from accompanist.runtime.messages import Kind, Message
from accompanist.runtime.ports import Memory, Parked, ResultKind, ResultRow, SessionRow
from accompanist.runtime.saga import FINAL
from accompanist.runtime.tombstone import leaves_one, tombstone
from accompanist.sidecar.calls.meaning import event_of
from accompanist.simulation import fence as fences
from accompanist.simulation.fence import FenceState
from accompanist.simulation.search import fence as ways
from accompanist.simulation.search import properties
from accompanist.simulation.search.fence import Answering, ModelWorker
from accompanist.simulation.search.properties import Broken, Property
from accompanist.simulation.search.session import Automaton, Failure, Stepped, plain, row_key
from accompanist.simulation.search.state import DOWN, NOBODY, Asked, Chance, Post, RoleState, Rules, Transition
from accompanist.simulation.search.words import did, told


class RoleSystem:
    """The moves of one role, by the number of its state. All results are cached."""

    plain = False
    """Whether its worker has no fence."""
    early = False
    """Whether it releases early (`search.early`)."""
    remembers = False
    """Whether a state knows what the role has ever done, also what no log has: for the proved protocol only."""

    def __init__(
        self, program: RoleProgram, worker: ModelWorker, rules: Rules, post: Post, timed: bool = False
    ) -> None:
        self.name = program.role
        self._program, self._worker, self._rules, self._post, self._timed = program, worker, rules, post, timed
        self._sessions = Automaton(program, rules.core)
        self._rows: list[SessionRow] = []
        self._row_numbers: dict[Hashable, int] = {}
        self._states: list[RoleState] = []
        self._numbers: dict[RoleState, int] = {}
        self._moves: dict[int, tuple[Transition, ...]] = {}
        self._deposits: dict[tuple[int, int], int] = {}
        self.lies: frozenset[int] = frozenset()
        """The messages that others may send to it without cause, by number."""
        self.first = self._number(RoleState(fence=FenceState(memory=worker.memory)))

    def __len__(self) -> int:
        return len(self._states)

    def state(self, at: int) -> RoleState:
        return self._states[at]

    def row(self, at: int) -> SessionRow | None:
        number = self._states[at].row
        return None if number < 0 else self._rows[number]

    def live_row(self, at: int) -> SessionRow:
        """The row of the session that is in memory."""
        return self._sessions.row(self._states[at].live)

    def is_over(self, at: int) -> bool:
        """Whether the session is final here, in the log or in memory."""
        state = self._states[at]
        return self._final(state.row) or (state.live >= 0 and self.live_row(at).phase in FINAL)

    def heard_of(self, state: RoleState, kinds: Collection[Kind]) -> bool:
        """Whether a message of one of these kinds was heard by the session that is in memory."""
        return any(self._post.messages[number].kind in kinds for number in state.heard)

    def unheard(self, state: RoleState, kinds: Collection[Kind]) -> bool:
        """Whether a message of one of these kinds is in the inbox and was not heard yet."""
        return any(self._post.messages[number].kind in kinds for number in state.inbox - state.heard)

    def hearing(self, at: int, kinds: Collection[Kind]) -> Iterator[Transition]:
        """The moves that hear a message of one of these kinds."""
        told_of = {told(message) for n in self._states[at].inbox if (message := self._post.messages[n]).kind in kinds}
        texts = {f"{self.name} hears {words}" for words in told_of}
        return (move for move in self.moves(at) if move.text in texts)

    def receivers(self, move: Transition) -> list[str]:
        """The roles that a move sends to."""
        return [self._post.messages[number].receiver for number in move.sent]

    def fence(self, at: int) -> FenceState:
        return self._states[at].fence

    def ended(self, at: int) -> properties.FinalState:
        """This role at the end of a run."""
        state = self._states[at]
        reached = state.row >= 0  # of a session that is over, only its row is kept
        reached |= any(begins(self._post.messages[number], self._program.choreography) for number in state.inbox)
        results = tuple(sorted(self._told(state.results), key=lambda result: result.site))
        return properties.FinalState(self.row(at), reached, state.fence, self._worker.memory, results, self.plain)

    def sites(self) -> frozenset[str]:
        """Every site at which the role called its worker or waited."""
        calls = (call for state in self._states for call in state.asked)
        asked = {call.site for call in calls if isinstance(call, CallWorker)}
        waited = {r.site for state in self._states for r in state.results if waits.is_wait(r.operation)}
        return frozenset(asked | waited)

    def deposit(self, at: int, number: int) -> int:
        """The state with a message added to the inbox. Raises Broken if the inbox has it with another content."""
        known = self._deposits.get((at, number))
        if known is None:
            known = self._deposits[at, number] = self._deposit(at, number)
        return known

    def takes_part(self, at: int) -> bool:
        """Whether its session has begun."""
        return self._states[at].live >= 0 or self._states[at].row >= 0

    def hears_lie(self, at: int, number: int) -> bool:
        """Whether a lie can be stored here: its place in the inbox must be free."""
        state, lie = self._states[at], self._post.messages[number]
        places = {(message.site, message.sender) for message in map(self._post.messages.__getitem__, state.inbox)}
        return (lie.site, lie.sender) not in places and not self._final(state.row)

    def moves(self, at: int) -> tuple[Transition, ...]:
        """Every move in this state."""
        known = self._moves.get(at)
        if known is None:
            happens = [move for move in self._happens(self._states[at]) if self._new(at, move)]
            if not self._rules.commit_first:
                happens.extend(self._sent_before_commit(self._states[at], happens))
            known = self._moves[at] = tuple(happens)
        return known

    @staticmethod
    def _new(at: int, move: Transition) -> bool:
        return move.to != at or bool(move.sent) or move.broken is not None

    def _sent_before_commit(self, state: RoleState, moves: Sequence[Transition]) -> Iterator[Transition]:
        """With the rule "commit first" switched off: the messages of a burst leave, and then it is lost in a crash."""
        for move in moves:
            if move.sent and move.chance is Chance.HELPFUL:
                to = self._dead(state)._replace(fence=self._states[move.to].fence)
                text = f"{move.text}; its messages leave; CRASH of the sidecar of {self.name} before the commit"
                yield move._replace(text=text, chance=Chance.CRASH, to=self._number(to))

    # -- steps -------------------------------------------------------------------------------------

    def _happens(self, state: RoleState) -> Iterator[Transition]:
        if state.live == DOWN:
            yield from self._restarts(state)
        else:
            yield from self._hears(state)
            for call in state.asked:
                yield from self._closes(state, call) if isinstance(call, CloseWorker) else self._calls(state, call)
            yield from self._writes(state)
            yield from self._crashes(state)
        yield from self._arrives(state)

    def _hears(self, state: RoleState) -> Iterator[Transition]:
        if self._final(state.row):
            return
        for number in sorted(state.inbox):
            message = self._post.messages[number]
            again = number in state.heard
            if again and state.live < 0:
                continue
            text = f"{self.name} hears {told(message)}{' again' if again else ''}"
            # an event that came early is found in the inbox when the program asks for it
            adverse = again and message.kind is not Kind.EVENT
            yield self._hear(state, number, text, Chance.AGAIN if adverse else Chance.HELPFUL)
        for site in sorted(state.timers) if state.live >= 0 else ():
            fired = Fired(site)
            move = self._fed(state, fired, fired, f"time passes at {self.name}, which waits at {site}", Chance.HELPFUL)
            yield move._replace(timed=True)
        if self._timed and state.live >= 0:
            event = Deadline()
            yield self._fed(state, event, event, f"the deadline passes at {self.name}", Chance.DEADLINE)

    def _hear(self, state: RoleState, number: int, text: str, chance: Chance) -> Transition:
        message = self._post.messages[number]
        heard = state._replace(heard=state.heard | {number})
        if message.kind in self._rules.released:
            heard = heard._replace(inbox=heard.inbox - {number})
        if state.live < 0:
            if not self._begins(message):
                return Transition(f"{text}, and drops it", chance, self._number(heard))
            if self._leaves_tombstone_for(message):
                return self._leaves_tombstone(heard, message, text, chance)
            heard = heard._replace(live=self._sessions.begin(message))
        return self._fed(heard, number, Arrived(message), text, chance)

    def _leaves_tombstone_for(self, message: Message) -> bool:
        return leaves_one(message, self.name)

    def _leaves_tombstone(self, heard: RoleState, message: Message, text: str, chance: Chance) -> Transition:
        """A role that the session never reached writes a tombstone, and sends what it owes, in one commit."""
        row, said = tombstone(message, self._program)
        return self._commit(heard, row, text, chance)._replace(sent=tuple(map(self._post.number, said)))

    def _begins(self, message: Message) -> bool:
        """As in `runtime.beginning`, unless a rule is switched off."""
        switched = message.kind in BEGINS and message.kind not in self._rules.begins
        return not switched and begins(message, self._program.choreography)

    def _closes(self, state: RoleState, call: CloseWorker) -> Iterator[Transition]:
        event, fence = self._shut(state, call)
        there = state._replace(fence=fence, asked=state.asked - {call})
        shut = event.name is Name.CLOSED
        text = f"{self.name}'s worker closes the session" if shut else f"{self.name}'s fence holds the reply"
        text = text if call.before is None else f"{self.name}'s worker says what was done before {call.before}"
        yield self._fed(there, event, event, text, Chance.HELPFUL)

    def _shut(self, state: RoleState, call: CloseWorker) -> tuple[CloseAnswered, FenceState]:
        return fences.close(state.fence, call, self._rules.page_rows)

    def _calls(self, state: RoleState, call: CallWorker) -> Iterator[Transition]:
        """A call reaches the worker, and its answer is heard. Or its retry budget is spent without an answer; then the
        worker has executed it, or may do so later, or never."""
        gone = state._replace(asked=state.asked - {call})
        for way in self._ways(state, call):
            there, event = gone._replace(fence=way.fence), event_of(call, way.answer)
            text = f"{self.name}'s worker {did(call, way.answer)}"
            chance = Chance.DECLINE if way.declined else Chance.HELPFUL
            yield self._effect(state, there) or self._fed(there, event, event, text, chance)
            if self._may_be_lost(call):
                lost = self._exhausted(there, call, f"{text}; {self.name} is not told")
                yield self._effect(state, there) or lost._replace(declines=way.declined)
        if self._may_be_lost(call):
            text = f"{self.name} gets no answer to {call.operation} at {call.site}"
            yield self._exhausted(gone._replace(late=state.late | {call}), call, text)

    def _may_be_lost(self, call: CallWorker) -> bool:
        drawn = self._program.projection.operations[call.operation].drawn
        return call.kind is ResultKind.FORWARD and not call.endless and not drawn

    def _ways(self, state: RoleState, call: CallWorker) -> Iterator[Answering]:
        operation = self._program.projection.operations[call.operation]
        return ways.answer(state.fence, call, operation, self._worker, self._rules.fencing)

    def _exhausted(self, to: RoleState, call: CallWorker, text: str) -> Transition:
        event = CallAnswered(call.site, Name.EXHAUSTED)
        return self._fed(to, event, event, text, Chance.LOST)

    def _writes(self, state: RoleState) -> Iterator[Transition]:
        """The last row of a role that was told of the end is written at any time later."""
        if state.live >= 0 and (row := self._sessions.row(state.live)).phase in FINAL:
            yield self._commit(state, row, f"{self.name} writes that it is {row.phase.value}", Chance.HELPFUL)

    def _commit(self, state: RoleState, row: SessionRow, text: str, chance: Chance) -> Transition:
        try:
            properties.committed(self.name, self._row(state.row), row)
        except Broken as broken:
            return Transition(text, chance, self._number(state), (), broken)
        return Transition(text, chance, self._number(state._replace(row=self._row_number(row))))

    def _crashes(self, state: RoleState) -> Iterator[Transition]:
        """The sidecar crashes. The adversary chooses whether a row that only caches the inbox had been written, and
        which calls under way had reached the worker."""
        if self._final(state.row) or (state.live < 0 and not state.inbox):
            return
        rows = {state.row}
        if state.live >= 0:
            rows.add(self._row_number(self._sessions.row(state.live)))
        for row in sorted(rows):
            text = f"CRASH of the sidecar of {self.name}"
            text = text if row == state.row else f"{self.name} writes its row; {text}"
            yield Transition(text, Chance.CRASH, self._number(self._dead(state._replace(row=row))))
            yield from self._crashes_having_called(state, row, text)

    def _crashes_having_called(self, state: RoleState, row: int, text: str) -> Iterator[Transition]:
        """A call under way reaches the worker, and the sidecar crashes before it hears the answer."""
        for call in state.asked:
            rest = state._replace(row=row, asked=state.asked - {call})
            if isinstance(call, CloseWorker):
                _, fence = self._shut(state, call)
                words = f"{self.name}'s worker closes the session; {text}"
                yield Transition(words, Chance.CRASH, self._number(self._dead(rest._replace(fence=fence))))
                continue
            for way in self._ways(state, call):
                to = self._number(self._dead(rest._replace(fence=way.fence)))
                words = f"{self.name}'s worker {did(call, way.answer)}; {text}"
                move = Transition(words, Chance.CRASH, to, declines=way.declined)
                yield self._effect(state, self._states[to]) or move

    def _dead(self, state: RoleState) -> RoleState:
        # the mark that a message was taken is durable; it matters only if recovery does not sweep the inbox
        heard = frozenset[int]() if self._rules.inbox_swept else state.heard
        return state._replace(live=DOWN, heard=heard, asked=frozenset(), late=state.late | self._underway(state))

    def _underway(self, state: RoleState) -> frozenset[Asked]:
        """The calls that may still reach the worker although nobody waits for their answers."""
        operations = self._program.projection.operations
        return frozenset(c for c in state.asked if isinstance(c, CloseWorker) or not operations[c.operation].drawn)

    def _arrives(self, state: RoleState) -> Iterator[Transition]:
        """Late calls: nobody waits for their answers, and they reach the worker."""
        for call in state.late:
            yield from self._arrives_late(state, call)

    def _arrives_late(self, state: RoleState, call: Asked) -> Iterator[Transition]:
        rest = state._replace(late=state.late - {call})
        if isinstance(call, CloseWorker):
            _, fence = self._shut(state, call)
            yield Transition(
                f"a late close reaches {self.name}'s worker", Chance.LATE, self._number(rest._replace(fence=fence))
            )
            return
        for way in self._ways(state, call):
            text = f"a late call reaches {self.name}'s worker, which {did(call, way.answer)}"
            to = rest._replace(fence=way.fence)
            move = Transition(text, Chance.LATE, self._number(to), declines=way.declined)
            yield self._effect(state, to) or move

    def _effect(self, state: RoleState, to: RoleState) -> Transition | None:
        """A move with the property that is broken, if the worker's step from one state to the other breaks one."""
        try:
            properties.executed(self.name, self._row(state.row), state.fence, to.fence)
        except Broken as broken:
            return Transition(f"{self.name}'s worker is called", Chance.HELPFUL, self._number(to), (), broken)
        return None

    # -- recovery ----------------------------------------------------------------------------------

    def _restarts(self, state: RoleState) -> Iterator[Transition]:
        """The sidecar restarts and recovers the session from the log. Inbox rows may be read in any order; two orders
        are tried."""
        text = f"{self.name} restarts"
        up = state._replace(live=NOBODY)
        begin = {number for number in state.inbox if self._begins(self._post.messages[number])}
        programs = {number for number in begin if not self._leaves_tombstone_for(self._post.messages[number])}
        if state.row < 0 and not (self._rules.inbox_swept and programs):
            if self._rules.inbox_swept:
                up = up._replace(heard=state.inbox - begin)  # what leaves a tombstone is heard again
            yield Transition(text, Chance.HELPFUL, self._number(up if state.inbox or state.row < 0 else state))
            return
        orders = [sorted(state.inbox), sorted(state.inbox, reverse=True)]
        for order in orders if len(state.inbox) > 1 else orders[:1]:
            yield from self._recovers(state, up._replace(heard=state.inbox), order, text)

    def _recovers(self, state: RoleState, up: RoleState, order: Sequence[int], text: str) -> Iterator[Transition]:
        inbox = tuple(self._post.messages[number] for number in order)
        results = tuple(sorted(state.results, key=lambda result: (result.site, result.kind)))
        timers = tuple(sorted(state.timers))
        memory = Memory(session=self._row(state.row), inbox=inbox, results=results, timers=timers)
        try:
            stepped = self._sessions.recover((state.row, tuple(order), state.results, timers), memory)
        except Failure as failure:
            yield Transition(text, Chance.HELPFUL, self._number(up), (), Broken(Property.POSSIBLE, str(failure)))
            return
        yield self._carried(up, stepped, text, Chance.HELPFUL)
        for count in range(1, len(stepped.bursts)):
            part = Stepped(stepped.to, stepped.bursts[:count])
            move = self._carried(up, part, f"{text}, and CRASHES after {count} of its commits", Chance.CRASH)
            if move.broken is None:
                yield self._recovers_and_crashes(move)

    def _recovers_and_crashes(self, move: Transition) -> Transition:
        return move._replace(to=self._number(self._dead(self._states[move.to])))

    # -- deciding ----------------------------------------------------------------------------------

    def _fed(self, to: RoleState, key: Hashable, event: Event, text: str, chance: Chance) -> Transition:
        try:
            stepped = self._sessions.step(to.live, key, event)
        except Failure as failure:
            return Transition(text, chance, self._number(to), (), Broken(Property.POSSIBLE, str(failure)))
        return self._carried(to, stepped, text, chance)

    def _carried(self, to: RoleState, stepped: Stepped, text: str, chance: Chance) -> Transition:
        """Commit and release the bursts of an event."""
        to = to._replace(live=stepped.to)
        sent: list[int] = []
        for burst in stepped.bursts:
            if burst.parked is not None and not self._for_a_person(burst.parked):
                return Transition(text, chance, self._number(to), (), properties.parked(self.name, burst.parked))
            if burst.forced or self._first(burst):
                row = self._row_number(burst.row)
                try:
                    properties.committed(self.name, self._row(to.row), self._rows[row])
                except Broken as broken:
                    return Transition(text, chance, self._number(to), (), broken)
                to = to._replace(row=row, results=self._kept(to.results, burst), timers=timed(to.timers, burst))
                sent.extend(map(self._post.number, burst.messages))
            to = to._replace(asked=to.asked | frozenset(burst.calls))
        return Transition(text, chance, self._number(to), tuple(sent))

    def _first(self, burst: Burst) -> bool:
        """Whether a burst's calls have to be in the log before they leave, even if nothing else of it must be."""
        return False

    def _for_a_person(self, parked: Parked) -> bool:
        """Whether a session that is parked so may be left to a person."""
        return False

    def _kept(self, results: frozenset[ResultRow], burst: Burst) -> frozenset[ResultRow]:
        """Results are written once: the first wins."""
        there = {(result.site, result.kind) for result in results}
        return results | {result for result in burst.results if (result.site, result.kind) not in there}

    # -- numbers -----------------------------------------------------------------------------------

    def _deposit(self, at: int, number: int) -> int:
        state, message = self._states[at], self._post.messages[number]
        if self._final(state.row) or number in state.inbox:
            return at
        for there in state.inbox:
            other = self._post.messages[there]
            if (other.site, other.sender) == (message.site, message.sender) and other.payload != message.payload:
                if there in self.lies:
                    return at  # a lie of this sender has taken the place of its true message
                text = f"{self.name} holds another content from {other.sender} at {other.site}"
                raise Broken(Property.INTEGRITY, text)
        return self._number(state._replace(inbox=state.inbox | {number}))

    def _final(self, row: int) -> bool:
        return row >= 0 and self._rows[row].phase in FINAL

    def _row(self, number: int) -> SessionRow | None:
        return None if number < 0 else self._rows[number]

    def _row_number(self, row: SessionRow) -> int:
        number = self._row_numbers.setdefault(row_key(row), len(self._rows))
        if number == len(self._rows):
            self._rows.append(plain(row))
        return number

    def _number(self, state: RoleState) -> int:
        if self._final(state.row):  # the rest is never read again
            state = self._at_the_end(state)
        if state.late and any(self._inert(state.fence, call) for call in state.late):
            late = (call for call in state.late if not self._inert(state.fence, call))
            state = state._replace(late=frozenset(late))
        number = self._numbers.setdefault(state, len(self._states))
        if number == len(self._states):
            self._states.append(state)
        return number

    def _inert(self, fence: FenceState, call: Asked) -> bool:
        """Whether a late call changes nothing, whenever it comes: a shut door stays shut, a record stays, and a query
        has no effect. Two states that differ only by such a call are one."""
        fencing = self._rules.fencing
        if isinstance(call, CloseWorker):
            return fence.closed
        if self._program.projection.operations[call.operation].kind == "query":
            return True
        if fence.record(call.site, call.kind) is not None:
            return fencing.replies_kept or call.kind is ResultKind.COMPENSATE
        return fence.closed and fencing.door and call.kind is ResultKind.FORWARD

    def _at_the_end(self, state: RoleState) -> RoleState:
        """The parts of a state that still matter once the session is over."""
        late, results = state.late | self._underway(state), self._told(state.results)
        return RoleState(row=state.row, late=late, fence=state.fence, results=results)

    def _told(self, results: frozenset[ResultRow]) -> frozenset[ResultRow]:
        """The results that only the log has: those of waits, and the answers of queries, which no fence records."""
        return frozenset(result for result in results if waits.is_wait(result.operation) or self._asks(result))

    def _asks(self, result: ResultRow) -> bool:
        return self._program.projection.operations[result.operation].kind == "query"


def timed(timers: frozenset[str], burst: Burst) -> frozenset[str]:
    """The timers that are still set after a commit."""
    if burst.row.phase in properties.BACK:
        return frozenset()
    return (timers | {timer.site for timer in burst.timers}) - {result.site for result in burst.results}
