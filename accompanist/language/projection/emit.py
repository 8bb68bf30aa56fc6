"""Generated code: a role's program as the text of a Python generator.

The text is for people first: `accompanist project` prints it. Each of its lines knows the line of the choreography it
came from, and `load` compiles it under the choreography's file name with these lines, so tracebacks, breakpoints and
coverage point at the choreography.
"""

from __future__ import annotations

import ast
import keyword
from collections.abc import Callable, Iterable, Mapping

from accompanist import limits
from accompanist.language.ir import Expression, counters, named
from accompanist.language.projection.local import (
    ASKING,
    Aborting,
    Again,
    Arm,
    Calling,
    Choosing,
    Ending,
    Entering,
    Fork,
    Leaving,
    Local,
    LocalBlock,
    LocalStatement,
    Offering,
    Receiving,
    Repeating,
    Sending,
    Stop,
    asks_nothing,
    points,
)
from accompanist.language.types import NONE, Type

INDENT = "    "
TOO_DEEP = f"a choreography calls itself more than {limits.recursion_depth_max} times, one call in another"


class Emitter:
    """Writes one function. `type_text` renders a type with the names of generated code."""

    def __init__(self, type_text: Callable[[Type], str], procedure: Callable[[int], str]) -> None:
        self._type_text, self._procedure = type_text, procedure
        self._lines: list[tuple[str, int]] = []
        self._yields = self._guarded = False

    def emit(
        self, name: str, parameters: tuple[str, ...], body: LocalBlock, line: int, *, guarded: bool = False
    ) -> list[tuple[str, int]]:
        """The function's lines, each with its line in the choreography. `guarded`: it calls itself, up to a bound."""
        self._guarded = guarded
        if guarded:
            self._line(1, f'if _at.count("/") > {limits.recursion_depth_max}:', line)
            self._line(2, f'yield Abort(_at, "{TOO_DEEP}")', line)
        self._block(body, 1, line)
        if not self._yields:
            self._lines.insert(0, (f"{INDENT}yield from ()  # nothing is asked of the world", line))
        head = (f"def {name}({', '.join(parameters)}):", line)
        return [head, *self._lines]

    def _line(self, depth: int, text: str, line: int) -> None:
        self._lines.append((INDENT * depth + text, line))

    def _block(self, block: LocalBlock, depth: int, line: int) -> None:
        for number, point in enumerate(block):
            last = number + 1 == len(block)
            if isinstance(point, Fork):
                self._fork(point, depth)
            elif isinstance(point, Offering):
                self._offering(point, depth)
            elif isinstance(point, Repeating):
                self._repeating(point, depth)
            elif isinstance(point, Again):
                break  # whatever does not leave falls through to the end of the turn
            elif isinstance(point, Ending) and point.value is None and last and depth == 1:
                continue  # the end of the function says the same
            else:
                self._line(depth, self._simple(point), point.line)
        if _empty(block) or (depth == 1 and not self._lines):
            self._line(depth, "pass", self._lines[-1][1] if self._lines else line)

    def _repeating(self, point: Repeating, depth: int) -> None:
        counter = named(point.site)
        alone = asks_nothing(point)
        counted = alone or any(counter in _names(inner) for inner in points(point.body))
        if counted:
            self._line(depth, f"{counter} = 1", point.line)
        body = point.body
        match body:
            case (Fork(test=test, then=then, orelse=(Leaving(),)),):
                self._line(depth, f"while {_text(test)}:", point.line)
                body = then
            case _:
                self._line(depth, "while True:", point.line)
        if not (counted and _empty(body)):
            self._block(body, depth + 1, point.line)
        if counted:
            self._line(depth + 1, f"{counter} += 1", point.line)
        if alone:  # nobody would ever be asked whether it goes on
            text = f"a loop has more than {limits.local_turns_max} turns"
            self._yields = True
            self._line(depth + 1, f"if {counter} > {limits.local_turns_max}:", point.line)
            self._line(depth + 2, f'yield Abort({_site(point.site)}, "{text}")', point.line)

    def _fork(self, point: Fork, depth: int) -> None:
        test = _text(point.test)
        if _empty(point.then):
            self._line(depth, f"if not ({test}):", point.line)
            self._block(point.orelse, depth + 1, point.line)
            return
        self._line(depth, f"if {test}:", point.line)
        self._block(point.then, depth + 1, point.line)
        if not _empty(point.orelse):
            self._line(depth, "else:", point.line)
            self._block(point.orelse, depth + 1, point.line)

    def _offering(self, point: Offering, depth: int) -> None:
        labels = ", ".join(f'"{arm.label}": {self._arm_type(arm)}' for arm in point.arms)
        self._yields = True
        self._line(depth, f'match (yield Branch({_site(point.site)}, "{point.sender}", {{{labels}}})):', point.line)
        for arm in point.arms:
            self._line(depth + 1, f'case "{arm.label}", {arm.target or "_"}:', point.line)
            self._block(arm.body, depth + 2, point.line)

    def _arm_type(self, arm: Arm) -> str:
        if arm.type is None:
            return "None"
        return "type(None)" if arm.type == NONE else self._type_text(arm.type)  # None says that nothing rides

    def _simple(self, point: LocalStatement) -> str:
        self._yields = self._yields or isinstance(point, ASKING)
        match point:
            case Local(targets=targets, value=value, unpacked=unpacked):
                comma = "," if unpacked and len(targets) == 1 else ""
                return f"{', '.join(targets)}{comma} = {_text(value)}"
            case Calling():
                return self._calling(point)
            case Sending(site=site, to=to, value=value):
                return f'yield Send({_site(site)}, "{to}", {_text(value)})'
            case Receiving(site=site, sender=sender, target=target):
                return f'{_bound(target)}yield Receive({_site(site)}, "{sender}", {self._type_text(point.type)})'
            case Choosing(site=site, to=to, label=label, value=None):
                return f'yield Choose({_site(site)}, "{to}", "{label}")'
            case Choosing(site=site, to=to, label=label, value=value) if value is not None:
                return f'yield Choose({_site(site)}, "{to}", "{label}", True, {_text(value)})'
            case Ending(value=value):
                return "return" if value is None else f"return {_text(value)}"
            case Aborting(site=site, reason=reason):
                return f"yield Abort({_site(site)}, {_text(reason)})"
            case Entering(site=site, target=target, procedure=number):
                given = "".join(f", {name}={_text(value)}" for name, value in point.arguments)
                return f"{_bound(target)}yield from {self._procedure(number)}({_site(site, '/')}{given})"
            case Leaving():
                return "break"
            case Stop(role=role) if self._guarded:
                # a return would go on behind the call
                self._yields = True
                return f'yield Receive(_at, "{role}", type(None))  # aborted by {role}: waits until it hears of that'
            case Stop():
                return "return  # aborted by another role"
        raise AssertionError(f"{type(point).__name__} is a block")

    def _calling(self, point: Calling) -> str:
        arguments = ", ".join(f'"{name}": {_text(value)}' for name, value in point.arguments)
        returns = self._type_text(point.offer.returns)
        attempt = ", True" if point.attempt else ""
        call = f'yield Call({_site(point.site)}, "{point.offer.name}", {{{arguments}}}, {returns}{attempt})'
        return f"{_bound(point.target)}{call}"


def imports(wanted: Mapping[str, Iterable[str]]) -> list[str]:
    """Lines that import names from modules. A directory may be called what no `import` can name, `order-service` or
    `class`; `importlib` takes any name."""
    made, others = [], []
    for module, parts in sorted(wanted.items()):
        names = sorted({*parts})
        if all(part.isidentifier() and not keyword.iskeyword(part) for part in module.split(".")):
            made.append(f"from {module} import {', '.join(names)}")
            continue
        for name, _, alias in (name.partition(" as ") for name in names):
            others.append(f'{alias or name} = import_module("{module}").{name}')
    return [*made, "from importlib import import_module", "", *others] if others else made


def constants(values: Mapping[str, ast.expr]) -> list[str]:
    """Lines that define constants."""
    return [f"{name} = {ast.unparse(value)}" for name, value in values.items()]


def _bound(target: str | None) -> str:
    return f"{target} = " if target else ""


def _site(site: str, end: str = "") -> str:
    """A site as an expression: a text, with the way to its procedure and the turns of its loops in it."""
    names, text = counters(site), site
    for name in names:
        text = text.replace("[]", f"[{{{name}}}]", 1)
    if not names and not site.startswith("@"):
        return f'"{site}{end}"'
    return f'f"{{_at}}{text[1:]}{end}"' if site.startswith("@") else f'f"{text}{end}"'


def _names(point: LocalStatement) -> set[str]:
    """The counters that a statement reads."""
    found = set(counters(getattr(point, "site", "")))
    match point:
        case Local(value=value) | Sending(value=value):
            values = [value]
        case Fork(test=test):
            values = [test]
        case _:
            values = []
    return found | {n.id for value in values for n in ast.walk(value.node) if isinstance(n, ast.Name)}


def _empty(block: LocalBlock) -> bool:
    return not block or isinstance(block[0], Again)


def _text(value: Expression) -> str:
    return ast.unparse(value.node)
