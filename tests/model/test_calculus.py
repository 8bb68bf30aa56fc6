"""The theorems of docs/theory.md section 4, on the corpus and on random choreographies: every schedule of each."""

from __future__ import annotations

import itertools
import os
from dataclasses import replace
from types import ModuleType
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accompanist.language import direct
from accompanist.language.program.operations import Branch, Receive, Send
from accompanist.language.program.program import Choreography, RoleProgram
from accompanist.model.choreographies import Calculus
from accompanist.model.correspondence import chatter, check, deadlocks, differences, doubled, left_out
from accompanist.model.networks import Network, Node, Replayed, SentTwice
from tests.language.programs import MUST_PASS, must_pass
from tests.language.test_random_programs import HEAD, UNREACHED, Author, ask, compile_text, module_of, program

BUDGET = int(os.environ.get("ACCOMPANIST_VERIFY_EXAMPLES", "100"))
"""Random choreographies: few in CI, as many as one likes with `make verify-long`."""


@pytest.mark.parametrize("name", MUST_PASS)
def test_the_corpus(name: str) -> None:
    choreography, module = must_pass(name)
    for arguments in module.ARGUMENTS:
        assert check(choreography, arguments, direct.workers(module.WORKERS)) == []


def random_program(seed: int, reached: bool) -> tuple[Choreography | None, ModuleType, str]:
    author = Author(seed, {"a", "b", "c"} if reached else {"a"})
    author.body()
    source = program(HEAD if reached else UNREACHED, author)
    return compile_text(source)[0], module_of(source), source


@pytest.mark.search
@settings(max_examples=BUDGET)
@given(st.integers(0, 2**32), st.booleans())
def test_random_choreographies(seed: int, reached: bool) -> None:
    choreography, module, source = random_program(seed, reached)
    if choreography is None:
        assert not reached, source  # a role that takes no part
        return
    for start in (3, 10, 12):
        assert check(choreography, {"p": start}, ask, lambda name: module) == [], source


def test_the_checks_can_fail() -> None:
    network, module = must_pass("join")
    arguments = module.ARGUMENTS[0]
    told = Calculus(network, direct.workers(module.WORKERS)).run(arguments)
    searched = Network(network, arguments, direct.workers(module.WORKERS)).search(1000)
    assert not list(differences(told, searched)) and not list(left_out(searched))
    assert list(left_out(Network(network, arguments, direct.workers(module.WORKERS)).search(2)))
    short = told._replace(views={role: view[:-1] for role, view in told.views.items()})
    assert list(differences(short, searched))
    assert list(chatter(told._replace(broadcast=0), searched))
    twice = {role: replace(node, view=node.view * 2) if node else None for role, node in searched.ends[0].items()}
    assert not list(doubled(searched))
    assert list(doubled(replace(searched, ends=(twice,))))
    assert list(deadlocks(replace(searched, stuck=searched.ends)))


@pytest.mark.parametrize("differs", ["value", "site"])
def test_a_program_that_asks_otherwise_the_second_time_is_seen(differs: str) -> None:
    """As one would that reads a clock, or keeps something from run to run."""
    choreography, module = must_pass("join")
    arguments, workers = module.ARGUMENTS[0], direct.workers(module.WORKERS)
    count = itertools.count()
    started = RoleProgram.start

    def start(self: RoleProgram, given: Any) -> Any:
        generator = started(self, given)
        asks = next(generator)
        while True:
            if isinstance(asks, Send):
                number = next(count)
                asks = replace(asks, value=number) if differs == "value" else replace(asks, site=f"{number}")
            try:
                asks = generator.send((yield asks))
            except StopIteration as stop:
                return stop.value

    with patch.object(RoleProgram, "start", start), pytest.raises(Replayed):
        Network(choreography, arguments, workers).search(1000)


def test_a_receive_waits_in_every_schedule() -> None:
    """Also for a message that another schedule has had already."""
    choreography, module = must_pass("join")
    step, taken = Network._after, []

    def after(self: Network, role: str, node: Node, messages: Any) -> Node | None:
        on = step(self, role, node, messages)
        if on is not None and isinstance(node.asks, Receive | Branch):
            taken.append((node.asks.site, node.asks.sender, role) in messages)
        return on

    with patch.object(Network, "_after", after):
        Network(choreography, module.ARGUMENTS[0], direct.workers(module.WORKERS)).search(1000)
    assert taken and all(taken)


def test_two_messages_under_one_key_are_seen() -> None:
    choreography, module = must_pass("generics")
    started = RoleProgram.start

    def start(self: RoleProgram, given: Any) -> Any:
        generator = started(self, given)
        asks = next(generator)
        while True:
            try:
                asks = generator.send((yield replace(asks, site="1") if isinstance(asks, Send) else asks))
            except StopIteration as stop:
                return stop.value

    with patch.object(RoleProgram, "start", start), pytest.raises(SentTwice):
        Network(choreography, module.ARGUMENTS[0], direct.workers(module.WORKERS)).search(1000)
