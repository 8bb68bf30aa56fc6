"""The theorems about projection, as checks of one choreography with given arguments and answers.

Each check answers with what is wrong, in words; nothing wrong is an empty list.
"""

from __future__ import annotations

import importlib
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from accompanist.language.program.load import Provide
from accompanist.language.program.program import Choreography
from accompanist.model.actions import CALL, Action, RunOutcome
from accompanist.model.choreographies import Ask, Calculus
from accompanist.model.networks import Network, NetworkSearch


def check(
    choreography: Choreography,
    arguments: Mapping[str, Any],
    ask: Ask,
    module: Provide = importlib.import_module,
    states_max: int = 20_000,
) -> list[str]:
    """Every theorem of section 4. Raises `choreographies.NotInCalculus`, `networks.Replayed`,
    `networks.SentTwice`."""
    told = Calculus(choreography, ask, module).run(arguments)
    searched = Network(choreography, arguments, ask, module).search(states_max)
    return [
        *left_out(searched),
        *deadlocks(searched),
        *differences(told, searched),
        *doubled(searched),
        *chatter(told, searched),
    ]


def left_out(searched: NetworkSearch) -> Iterator[str]:
    """Every schedule was looked at: of a search that stopped early the other checks say little."""
    if not searched.complete:
        yield f"more than {searched.states} states"


def deadlocks(searched: NetworkSearch) -> Iterator[str]:
    """Deadlock freedom: where nothing can happen, everyone who began has ended, or the saga was aborted."""
    for end in searched.stuck:
        waits = ", ".join(f"{role} at {node.asks}" for role, node in end.items() if node and node.asks is not None)
        yield f"stuck: {waits}"


def differences(told: RunOutcome, searched: NetworkSearch) -> Iterator[str]:
    """Projection: in every end each role has done what the choreography says, in its order, and nothing else. After an
    abort a role may not have come as far, since the others' abort overtakes it."""
    for end in searched.ends:
        if told.aborted != any(node is not None and node.aborted for node in end.values()):
            yield f"the choreography {'aborts' if told.aborted else 'ends'} and the network does not"
        for role, node in end.items():
            done, said = node.view if node is not None else (), told.views[role]
            if done[: len(said)] != said[: len(done)] if role in told.open else not _agree(done, said, told.aborted):
                yield f"{role} does {done}, and the choreography says {said}"
            # an owner that nothing reached was not started, and has no result to give
            if node is not None and not told.aborted and node.result != told.results.get(role, b""):
                yield f"{role} ends with {node.result!r}, and the choreography says {told.results.get(role)!r}"


def doubled(searched: NetworkSearch) -> Iterator[str]:
    """Each role call once: in no end has a role made two calls under one site, which is a call's identity."""
    for end in searched.ends:
        for role, node in end.items():
            sites = Counter(action.site for action in (node.view if node else ()) if action.kind == CALL)
            yield from (f"{role} is called {count} times at {site}" for site, count in sites.items() if count > 1)


def chatter(told: RunOutcome, searched: NetworkSearch) -> Iterator[str]:
    """Frugality: the selections that are needed never cost more than telling every branch to everybody. Not
    compared after an abort, where the network may have gone further than the reading."""
    for end in () if told.aborted else searched.ends:
        count = sum(len(node.sent) for node in end.values() if node is not None)
        if count > told.broadcast:
            yield f"{count} messages, where a broadcast of every branch takes {told.broadcast}"


def _agree(done: tuple[Action, ...], said: tuple[Action, ...], aborted: bool) -> bool:
    return done == (said[: len(done)] if aborted else said)
