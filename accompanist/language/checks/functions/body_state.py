"""What is known in one place of a @pure function: which names have a value, of which types, and what conditions have
said. It ends with what is bound or changed in place; where ways meet, only what all of them say holds.
"""

from __future__ import annotations

import ast
from collections.abc import Set
from dataclasses import dataclass

from accompanist import limits
from accompanist.language import types
from accompanist.language.checks.functions.body_apart import untouched
from accompanist.language.checks.functions.body_keys import all_keys, loses_items, loses_keys, of_keys
from accompanist.language.checks.functions.body_parts import bound_in, first_bound, is_equal, said_of, shared, without
from accompanist.language.checks.functions.body_types import Exact, is_lazy, join, shallow
from accompanist.language.checks.functions.body_whole import BodyTypes
from accompanist.language.checks.raising import facts as known
from accompanist.language.checks.raising import total_methods
from accompanist.language.checks.raising.facts import Facts
from accompanist.language.checks.types import narrow
from accompanist.language.reading import methods
from accompanist.language.reading.kinds import Env
from accompanist.language.text.nodes import every_node
from accompanist.language.types import Type


@dataclass(frozen=True, slots=True)
class Now:
    """What is known in one place."""

    env: Env
    facts: Facts


class Knowing:
    """Goes from one place to the next. `now` is None where no way leads."""

    def __init__(self, exact: Exact, whole: BodyTypes, node: ast.FunctionDef, declared: Env, now: Now) -> None:
        self._exact, self.whole, self._declared = exact, whole, declared
        self.shared = shared(node)
        self.now: Now | None = now

    @property
    def env(self) -> Env:
        return self.now.env if self.now is not None else {}

    @property
    def facts(self) -> Facts:
        return self.now.facts if self.now is not None else known.NOTHING

    def plain(self, node: ast.expr) -> ast.expr:
        """An expression whose first part has a name already."""
        walrus = first_bound(node)
        return node if walrus is None else without(node, walrus)

    def facts_of(self, node: ast.expr) -> Facts:
        """The facts about the names of an expression: each question in it is laid beside all of them."""
        names = known.names_in(node)
        names |= {name for fact in self.facts if fact.names & names and is_equal(fact) for name in fact.names}
        return frozenset(fact for fact in self.facts if fact.names & names)

    def change(self, names: Set[str]) -> None:
        """The values of these names are changed in place."""
        if self.now is not None:
            env = {name: type for name, type in self.now.env.items() if not (name[0] == ">" and "[" in name)}
            still = total_methods.still(self.now.facts, set(names), self.shared)
            self.now = Now(env, still | self.untouched(self.now.facts, names))

    def untouched(self, facts: Facts, names: Set[str]) -> Facts:
        """The facts that are about nothing that may be, or hold, what these names stand for."""
        return untouched(facts, names, {**self.env, **self.whole.names}, self._exact.is_enum)

    def bind(self, name: str, found: Type, value: ast.expr | None = None) -> None:
        """A name has another value."""
        if self.now is None:
            return
        facts = known.without(self.now.facts, {name})
        found = narrower = found if shallow(found) and not is_lazy(found) else types.UNKNOWN
        if name in self._declared:
            found = self._declared[name]
        elif name in self.whole.puts:
            found = join(found, self.whole.of(name))
        fits = narrower.known and set(narrower.options) < set(found.options)
        self.now = Now(narrow.bound(self.now.env, name, found, narrower if fits else None), facts)
        if value is not None and name not in known.names_in(value):
            self.add(frozenset(said_of(name, value)))
        if isinstance(value, ast.Name) and value.id != name and value.id in self.now.env:
            self.now = Now(self.now.env, known.same(self.now.facts, name, value.id))

    def add(self, facts: Facts) -> None:
        if self.now is not None:
            self.now = Now(self.now.env, self.now.facts | facts)

    def learn(self, test: ast.expr, holds: bool) -> None:
        test = self.plain(test)
        if self.now is not None and not total_methods.changed(test):
            env = self._exact.after(test, self.now.env, holds)
            kept = self.now.facts if len(self.now.facts) < limits.facts_max else known.NOTHING
            facts = known.after(kept, test, holds)
            for fact in facts - kept:  # also of other names of the values that it asked about
                env = self._exact.after(fact.node, env, fact.holds)
            self.now = Now(env, facts)

    def unbind(self, name: str | None) -> None:
        if self.now is not None and name is not None:
            env = {one: type for one, type in self.now.env.items() if one != name}
            self.now = Now(env, known.without(self.now.facts, {name}))

    def forget(self, node: ast.AST) -> None:
        """What a loop binds or changes in some turn is not known in any, but for the types."""
        if self.now is None:
            return
        stored = bound_in([node])
        env = narrow.plain(self.now.env)
        env = {name: self.whole.of(name) if name in stored else type for name, type in env.items()}
        self.now = Now(env, known.without(self.now.facts, stored))
        kept = self.keys(self.changed_in(node)) if not loses_keys(node) else known.NOTHING
        kept |= self._filled(stored) if not loses_items(node) else known.NOTHING
        if changed := self.changed_in(node):
            self.change(changed)
        self.add(kept)

    def changed_in(self, node: ast.AST) -> set[str]:
        """The names whose values statements change in place; "" for what has no name of its own."""
        added = (part.target for part in every_node(node) if isinstance(part, ast.AugAssign))
        names = {name for target in added for name in name_of(target)}
        return total_methods.changed(node) | {name for name in names if not methods.rebinds(self.whole.of(name))}

    def lasts(self, fact: known.Fact, changed: Set[str]) -> bool:
        """Whether a fact certainly is about nothing that is changed in place under one of these names."""
        apart = not fact.names & changed and not (changed & self.shared and fact.names & self.shared)
        return apart or bool(self.untouched(frozenset({fact}), changed))

    def _filled(self, stored: Set[str]) -> Facts:
        """Which lists have an item; it stays there, if none is taken out."""
        lists = [name for name, found in self.env.items() if found.name == "list" and not found.module]
        names = (ast.Name(name, ast.Load()) for name in lists if name not in stored)
        return frozenset(known.Fact(one, True) for one in names if known.length(one, self.facts, "list"))

    def keys(self, changed: Set[str]) -> Facts:
        """What is known of the keys of dicts where no key is taken out, and of what was made of what is not changed."""
        dicts = {name for name, found in self.env.items() if found.name == "dict" and not found.module}
        kept = {fact for fact in self.facts if of_keys(fact, dicts)}
        for fact in self.facts:
            over = all_keys(fact, dicts)
            if over is not None and self.lasts(known.Fact(over, True), changed):
                kept.add(fact)
        return frozenset(kept)


def meeting(*ways: Now | None) -> Now | None:
    """What is known where ways meet."""
    some = [one for one in ways if one is not None]
    if not some:
        return None
    made = some[0]
    for one in some[1:]:
        names = [name for name in made.env if name in one.env and name[0] not in ">="]
        env = {name: join(_narrowed(made.env, name), _narrowed(one.env, name)) for name in names}
        made = Now({**env, **narrow.meeting(made.env, one.env)}, made.facts & one.facts)
    return made


def _narrowed(env: Env, name: str) -> Type:
    """The type of a name, with what conditions have said."""
    return env.get(f">{name}", env[name])


def name_of(node: ast.expr) -> set[str]:
    """The name whose value an augmented assignment changes."""
    return {node.id} if isinstance(node, ast.Name) else set()
