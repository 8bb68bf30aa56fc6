"""The calculus of networks: the projections themselves, under every schedule (docs/theory.md, section 3).

A local program is the generated generator: it cannot be copied, but run again with the same answers it stands where it
stood. So a role's state is the list of answers it was given, kept as a tree; every node is reached by running the
program anew, which is the replay that a crash leads to, and must ask what was asked before, with the same values.

The medium keeps every message under (site, sender, receiver). So loss (sent again), duplication and reordering do not
change what a receive finds; the search lets any role step at any time, which is all of the schedules that are left.

An abort stops the network: what follows it is the saga protocol's, which `simulation.search.explore` searches.
"""

from __future__ import annotations

import importlib
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any

from accompanist.language.program.load import Provide, load
from accompanist.language.program.operations import Abort, Branch, Call, Choose, Operation, Receive, Send
from accompanist.language.program.program import Choreography, RoleProgram
from accompanist.language.values import codec
from accompanist.language.words import Outcome
from accompanist.model.actions import ABORT, CALL, RECEIVE, SEND, Action
from accompanist.model.choreographies import Ask

Key = tuple[str, str, str]


class Replayed(Exception):
    """A program run again with the same answers asked something else."""


class SentTwice(Exception):
    """A role sent two messages under one key. A role has one next state only because nobody does (lemma 3)."""


@dataclass(slots=True)
class Node:
    """One role after some answers: what it asks now (None at its end), what it has done and sent, selections among it.
    `aborted`: a call of it was declined, or it aborted."""

    answers: tuple[Any, ...]
    asks: Operation | None
    view: tuple[Action, ...] = ()
    sent: Mapping[Key, tuple[str, bytes]] = field(default_factory=dict)
    result: bytes = b""
    aborted: bool = False
    next: Node | None = None


@dataclass(frozen=True, slots=True)
class NetworkSearch:
    """What all schedules of a network come to. `ends`: the states without a step (one node a role, None if not begun);
    `stuck`: those among them where somebody waits and nothing was aborted. `complete`: nothing was left out."""

    states: int
    ends: tuple[Mapping[str, Node | None], ...]
    stuck: tuple[Mapping[str, Node | None], ...]
    complete: bool


class Network:
    """The projections of one choreography, started with these arguments."""

    def __init__(
        self,
        choreography: Choreography,
        arguments: Mapping[str, Any],
        ask: Ask,
        module: Provide = importlib.import_module,
    ) -> None:
        self._programs = {role: load(choreography, role, module) for role in choreography.roles}
        self._roles, self._ask = choreography.roles, ask
        self._given = {
            role: {
                name: codec.decode(codec.encode(arguments[name]), type)
                for name, type in program.parameter_types.items()
            }
            for role, program in self._programs.items()
        }
        initiator = choreography.initiator
        self._first: dict[str, Node] = {}
        self._begun = tuple(self._begin(role) if role == initiator else None for role in self._roles)

    def search(self, states_max: int) -> NetworkSearch:
        """Every schedule. Raises Replayed, SentTwice."""
        seen: set[tuple[Hashable, ...]] = set()
        ends: list[Mapping[str, Node | None]] = []
        waiting: list[tuple[Node | None, ...]] = [self._begun]
        while waiting and len(seen) < states_max:
            state = waiting.pop()
            key = tuple(map(id, state))
            if key in seen:
                continue
            seen.add(key)
            steps = self._steps(state)
            if not steps:
                ends.append(dict(zip(self._roles, state, strict=True)))
            waiting.extend(steps)
        stuck = [end for end in ends if _stuck(end)]
        return NetworkSearch(len(seen), tuple(ends), tuple(stuck), not waiting)

    def _steps(self, state: tuple[Node | None, ...]) -> list[tuple[Node | None, ...]]:
        messages: dict[Key, tuple[str, bytes]] = {}
        for node in state:
            if node is not None:
                messages |= node.sent
        if any(node is not None and node.aborted for node in state):
            return []
        steps = []
        for place, (role, node) in enumerate(zip(self._roles, state, strict=True)):
            if node is None:
                after = self._begin(role) if any(key[2] == role for key in messages) else None
            else:
                after = self._after(role, node, messages)
            if after is not None:
                steps.append((*state[:place], after, *state[place + 1 :]))
        return steps

    def _begin(self, role: str) -> Node:
        if role not in self._first:
            self._first[role] = self._node(role, ())
        return self._first[role]

    def _after(self, role: str, node: Node, messages: Mapping[Key, tuple[str, bytes]]) -> Node | None:
        """The role one step on; None if it waits or has ended. Raises SentTwice."""
        if isinstance(node.asks, Receive | Branch) and (node.asks.site, node.asks.sender, role) not in messages:
            return None  # also where another schedule has had the message already, and the next node is known
        if node.next is None and node.asks is not None:
            node.next = self._step(role, node, node.asks, messages)
        return node.next

    def _step(self, role: str, node: Node, asks: Operation, messages: Mapping[Key, tuple[str, bytes]]) -> Node | None:
        match asks:
            case Call():
                return self._called(role, node, asks)
            case Send(site=site, to=to, value=value):
                data = codec.encode(value)
                return self._on(role, node, None, Action(SEND, to, data), {(site, role, to): ("", data)})
            case Choose(site=site, to=to, label=label, rides=rides, value=value):
                data = codec.encode(value) if rides else b""
                did = Action(SEND, to, data) if rides else None
                return self._on(role, node, None, did, {(site, role, to): (label, data)})
            case Receive(site=site, sender=sender, type=type):
                _, data = messages[site, sender, role]
                return self._on(role, node, codec.decode(data, type), Action(RECEIVE, sender, data))
            case Branch(site=site, sender=sender, labels=labels):
                label, data = messages[site, sender, role]
                if labels[label] is None:
                    return self._on(role, node, (label, None), None)
                return self._on(role, node, (label, codec.decode(data, labels[label])), Action(RECEIVE, sender, data))
            case Abort(reason=reason):
                view = (*node.view, Action(ABORT, "", codec.encode(reason)))
                return Node(node.answers, None, view, node.sent, aborted=True)

    def _called(self, role: str, node: Node, call: Call) -> Node:
        types, _ = self._programs[role].operation_types[call.operation]
        given = {name: codec.decode(codec.encode(value), types[name]) for name, value in call.arguments.items()}
        outcome, answer = self._ask(role, call.site, call.operation, given)
        did = Action(CALL, call.operation, codec.encode(given), call.site)
        if outcome == "declined" and not call.attempt:
            return Node(node.answers, None, (*node.view, did), node.sent, aborted=True)
        value = None if outcome == "declined" else codec.decode(codec.encode(answer), call.returns)
        if call.attempt:
            value = Outcome(outcome != "declined", value, str(answer) if outcome == "declined" else "")
        return self._on(role, node, value, did)

    def _on(
        self,
        role: str,
        node: Node,
        answer: Any,
        did: Action | None,
        sent: Mapping[Key, tuple[str, bytes]] | None = None,
    ) -> Node:
        after = self._node(role, (*node.answers, answer))
        if sent and not node.sent.keys().isdisjoint(sent):
            raise SentTwice(f"{role} sends {next(iter(sent))} again")
        after.view = node.view if did is None else (*node.view, did)
        after.sent = {**node.sent, **(sent or {})}
        return after

    def _node(self, role: str, answers: tuple[Any, ...]) -> Node:
        """The role after these answers, by running it from the top. Raises Replayed."""
        program = self._programs[role]
        generator = program.start(self._given[role])
        asks, result = _sent(generator, None, program)
        known = self._first.get(role)
        for answer in answers:
            if known is None or known.asks != asks:
                raise Replayed(f"{role} asked {asks}, and before {known and known.asks}")
            known = known.next
            asks, result = _sent(generator, answer, program)
        return Node(answers, asks, result=result)


def _sent(generator: Any, answer: Any, program: RoleProgram) -> tuple[Operation | None, bytes]:
    try:
        return generator.send(answer), b""
    except StopIteration as stop:
        owns = program.role in program.choreography.result_owners
        return None, codec.encode(stop.value) if owns else b""


def _stuck(end: Mapping[str, Node | None]) -> bool:
    nodes = [node for node in end.values() if node is not None]
    return not any(node.aborted for node in nodes) and any(node.asks is not None for node in nodes)
