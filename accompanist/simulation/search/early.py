"""One role under early release: messages reach a sidecar before any log has them (docs/durability.md).

What a burst decides that others keep (`Burst.early`) is not committed. Its messages and calls leave at once. Its rows
are caches: the messages that were heard, the results, the session's row. They are written together, sooner or later,
or with the next burst that has to be stable, or never. So a message is in one of these places:

    road    its sender has it in memory, and sends it again until the receiver's log has it
    heard   the receiver has acted upon it
    inbox   the receiver's log has it: the receiver wrote it, or the sender's commit handed it over
    stray   its sender is dead, and a copy may still arrive, or never

A crash of the receiver leaves the road as it is. A crash of the sender takes its messages off the road: then they are
strays. How late an acknowledgement arrives cannot be seen: until then a message is sent again that the receiver's log
has, and that is the move in which a message is heard again. So the search knows no acknowledgement that lags.

Each rule can be switched off (`Road`). Not modelled: a stale owner that goes on to receive and to call (its messages
are strays, its calls are late); a worker without a fence.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from accompanist.runtime.beginning import PROGRAMS
from accompanist.runtime.burst import Burst
from accompanist.runtime.messages import Message
from accompanist.runtime.ports import ResultRow
from accompanist.runtime.tombstone import leaves_one
from accompanist.simulation.search import properties
from accompanist.simulation.search.properties import Broken, Property
from accompanist.simulation.search.role import RoleSystem, timed
from accompanist.simulation.search.session import Stepped
from accompanist.simulation.search.state import Chance, InMemory, Post, Road, RoleState, Transition
from accompanist.simulation.search.words import told


class EarlyRole(RoleSystem):
    """What can happen at a role that releases early. Its worker has a fence."""

    early = True

    @property
    def _road(self) -> Road:
        assert self._rules.road is not None
        return self._rules.road

    # -- the road ------------------------------------------------------------------------------------

    def offer(self, at: int, number: int) -> int:
        """The state with a message on the road to this role."""
        state = self._states[at]
        if self._final(state.row) or number in state.inbox:
            return at
        return self._number(state._replace(road=state.road | {number}))

    def strays(self, at: int, number: int) -> int:
        """The state with a message that may still arrive here, from a sender that nobody asks again."""
        state = self._states[at]
        if self._final(state.row) or number in state.inbox:
            return at
        return self._number(state._replace(stray=state.stray | {number}))

    def handed_over(self, at: int, sender: str) -> int:
        """The state after a commit of a sender, which has handed over its messages that are on the road. Raises
        Broken."""
        numbers = self._from(at, sender)
        for number in numbers:
            at = self.deposit(at, number)
        return at

    def forgotten(self, at: int, sender: str) -> int:
        """The state after a crash of a sender: what it had on the road is left to chance."""
        numbers = self._from(at, sender)
        if not numbers:
            return at
        state = self._states[at]
        stray = state.stray | numbers if self._road.strays else state.stray
        return self._number(state._replace(road=state.road - numbers, stray=stray))

    def _from(self, at: int, sender: str) -> frozenset[int]:
        return frozenset(number for number in self._states[at].road if self._post.messages[number].sender == sender)

    # -- steps ---------------------------------------------------------------------------------------

    def _happens(self, state: RoleState) -> Iterator[Transition]:
        for move in super()._happens(state):
            yield move
            if move.chance not in (Chance.CRASH, Chance.LOST):
                yield from self._sent_ahead(state, move)
        if state.live >= 0 and self._ahead(state):
            yield self._writes_caches(state, f"{self.name} writes its caches", Chance.WRITE)
            if not self._road.together:
                yield from self._writes_apart(state)

    def _hears(self, state: RoleState) -> Iterator[Transition]:
        yield from super()._hears(state)
        if self._final(state.row):
            return
        for number in sorted(state.road - state.inbox - state.heard):
            yield self._hear(
                state, number, f"{self.name} hears {told(self._post.messages[number])}, early", Chance.HELPFUL
            )
        for number in sorted(state.stray - state.heard):
            gone = state._replace(stray=state.stray - {number})
            yield self._hear(
                gone, number, f"{self.name} hears {told(self._post.messages[number])}, a stray", Chance.LATE
            )

    def _sent_ahead(self, state: RoleState, move: Transition) -> Iterator[Transition]:
        """What may leave before a commit has left, and the commit is lost in a crash."""
        if move.ahead and move.broken is None:
            text = f"{move.text}; what may leave ahead leaves; CRASH of the sidecar of {self.name} before the commit"
            to = self._dead(state)._replace(fence=self._states[move.to].fence)
            heard = state.heard | self._states[move.to].heard
            to = self._remembered(to, self._to_whom(move.ahead), heard)
            lost = Transition(text, Chance.CRASH, self._number(to), road=move.ahead, memory=InMemory.LOST)
            yield lost._replace(declines=move.declines)

    def _crashes(self, state: RoleState) -> Iterator[Transition]:
        for move in super()._crashes(state):
            yield move._replace(memory=InMemory.LOST)

    def _recovers_and_crashes(self, move: Transition) -> Transition:
        return super()._recovers_and_crashes(move)._replace(memory=InMemory.LOST)

    def _leaves_tombstone_for(self, message: Message) -> bool:
        """A session that is not known may have executed something: then it is closed and undone like any other."""
        closes = self._road.unknown_closed and self._program.projection.transacts
        return leaves_one(message, self.name, closes=closes)

    # -- deciding ------------------------------------------------------------------------------------

    def _carried(self, to: RoleState, stepped: Stepped, text: str, chance: Chance) -> Transition:
        """Release the bursts of an event; commit those that have to be stable, with everything that was not yet."""
        to = self._remembered(to._replace(live=stepped.to), self._sessions.row(stepped.to).contacts, to.heard)
        sent: list[int] = []
        road: list[int] = []
        ahead: list[int] = []
        memory = InMemory.KEPT
        for burst in stepped.bursts:
            if burst.parked is not None and not self._for_a_person(burst.parked):
                return Transition(text, chance, self._number(to), (), properties.parked(self.name, burst.parked))
            numbers = list(map(self._post.number, burst.messages))
            if self._waits_for_log(to, burst):
                try:
                    to = self._written(to, burst)
                except Broken as broken:
                    return Transition(text, chance, self._number(to), (), broken)
                if self._road.whole:
                    sent, road, memory = sent + road, [], InMemory.HANDED
                sent += numbers
                ahead += numbers[: burst.ahead]
            elif burst.forced:
                to, road = to._replace(held=self._known(to, burst.results), ahead=True), road + numbers
            to = to._replace(asked=to.asked | frozenset(burst.calls))
        move = Transition(text, chance, self._number(to), tuple(sent), road=tuple(road), memory=memory)
        return move._replace(ahead=tuple(ahead))

    def _to_whom(self, numbers: Iterable[int]) -> frozenset[str]:
        return frozenset(self._post.messages[number].receiver for number in numbers)

    def _remembered(self, state: RoleState, contacts: Iterable[str], heard: frozenset[int]) -> RoleState:
        """The state with the roles that its session has sent to, if that is asked for and its program has begun."""
        if not self.remembers or not any(self._post.messages[number].kind in PROGRAMS for number in heard):
            return state
        return state._replace(ever=(state.ever or frozenset()).union(contacts))

    def _at_the_end(self, state: RoleState) -> RoleState:
        return super()._at_the_end(state)._replace(ever=state.ever)

    def _waits_for_log(self, to: RoleState, burst: Burst) -> bool:
        """As `sidecar.sessions.output_commit` has it: `ahead` are the commits under way, and what was heard is looked
        for in the inbox."""
        return not burst.early and (burst.forced or (self._ahead(to) if self._road.looked_for else to.ahead))

    def _ahead(self, state: RoleState) -> bool:
        """Whether the session knows what its log does not."""
        return state.ahead or not state.heard <= state.inbox

    def _known(self, to: RoleState, results: tuple[ResultRow, ...]) -> frozenset[ResultRow]:
        there = {(result.site, result.kind) for result in to.results | to.held}
        return to.held | {result for result in results if (result.site, result.kind) not in there}

    def _written(self, to: RoleState, burst: Burst) -> RoleState:
        """The state after a commit of the burst and of all that the session's log did not have. Raises Broken."""
        row = self._row_number(burst.row)
        properties.committed(self.name, self._row(to.row), self._rows[row])
        results, timers = self._kept(to.results, burst), timed(to.timers, burst)
        if not self._road.whole:
            return to._replace(row=row, results=results, timers=timers)
        results |= {held for held in to.held if (held.site, held.kind) not in {(r.site, r.kind) for r in results}}
        for number in to.heard - to.inbox:
            self._check(to.inbox, number)
        none = frozenset[ResultRow]()
        inbox = to.inbox | to.heard
        return to._replace(row=row, results=results, timers=timers, inbox=inbox, held=none, ahead=False)

    def _check(self, inbox: frozenset[int], number: int) -> None:
        message = self._post.messages[number]
        for other in map(self._post.messages.__getitem__, inbox):
            if (other.site, other.sender) == (message.site, message.sender) and other.payload != message.payload:
                raise Broken(Property.INTEGRITY, f"{self.name} heard another content than its inbox has")

    def _writes_caches(self, state: RoleState, text: str, chance: Chance) -> Transition:
        burst = Burst(row=self._sessions.row(state.live))
        try:
            to = self._written(state, burst)
        except Broken as broken:
            return Transition(text, chance, self._number(state), (), broken)
        return Transition(text, chance, self._number(to), memory=InMemory.HANDED)

    def _writes_apart(self, state: RoleState) -> Iterator[Transition]:
        """Only the messages that were heard are written, or only the results. That only the row is, a crash chooses."""
        for number in state.heard - state.inbox:
            one = state._replace(inbox=state.inbox | {number})
            text = f"{self.name} writes only that it heard {told(self._post.messages[number])}"
            yield Transition(text, Chance.WRITE, self._number(one))
        for result in state.held:
            one = state._replace(results=state.results | {result}, held=state.held - {result})
            yield Transition(f"{self.name} writes only the result of {result.site}", Chance.WRITE, self._number(one))

    # -- numbers -------------------------------------------------------------------------------------

    def _dead(self, state: RoleState) -> RoleState:
        road = state.road if self._road.kept_at_crash else frozenset[int]()
        return super()._dead(state)._replace(road=road, held=frozenset(), ahead=False)

    def _number(self, state: RoleState) -> int:
        road = state.road - state.inbox
        if not self._road.kept_until_durable:
            road -= state.heard
        return super()._number(state._replace(road=road, stray=state.stray - state.inbox - road))

    def ended(self, at: int) -> properties.FinalState:
        end, road = super().ended(at), self._states[at].road
        begun = any(self._begins(self._post.messages[number]) for number in road)
        return properties.FinalState(end.row, end.reached or begun, end.fence, end.unspoilt, end.results, end.plain)


def on_the_road(
    roles: Sequence[RoleSystem], post: Post, state: tuple[int, ...], place: int, move: Transition
) -> tuple[int, ...]:
    """The state with what a move of the role at a `place` releases early, and with what becomes of what it had released
    before. Raises Broken."""
    if not move.road and move.memory is InMemory.KEPT:
        return state
    changed, name = list(state), roles[place].name
    for at, role in enumerate(roles):
        assert isinstance(role, EarlyRole)
        if move.memory is InMemory.HANDED:
            changed[at] = role.handed_over(changed[at], name)
        for number in move.road:
            if post.messages[number].receiver == role.name:
                stray = move.memory is InMemory.STRAY
                changed[at] = role.strays(changed[at], number) if stray else role.offer(changed[at], number)
        if move.memory is InMemory.LOST:
            changed[at] = role.forgotten(changed[at], name)
    return tuple(changed)
