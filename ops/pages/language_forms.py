"""The normal form and the program of one role as text, for docs/language."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from accompanist.language.ir import Abort, Again, Block, Expression, If, Invoke, Leave, Let, Loop, Move, Return, Select
from accompanist.language.projection.local import (
    Aborting,
    Calling,
    Choosing,
    Ending,
    Fork,
    Local,
    LocalBlock,
    Offering,
    Receiving,
    Repeating,
    Sending,
)


def block(body: Block, *, owners: bool = False) -> str:
    """The points of a block, each with its site before it, and behind it, if that is wanted, who owns what it gives."""
    lines = list(_points(body, ""))
    return "\n".join(
        f"{site:>3}  {text:<58}{'{' + ', '.join(who) + '}' if owners and who else ''}".rstrip()
        for site, text, who in lines
    )


def _points(body: Block, indent: str) -> Iterator[tuple[str, str, list[str]]]:
    for point in body:
        match point:
            case Invoke():
                given = ", ".join(f"{name}={_text(value)}" for name, value in point.arguments)
                call = f"{point.role}.{point.offer.name.removeprefix('role.')}({given})"
                text = f"attempt({call})" if point.attempt else call
                yield point.site, f"{indent}{_bound(point.target)}{text}", [point.role]
            case Move():
                word = "share" if point.shared else "com"
                to = f"[{', '.join(point.recipients)}]" if point.shared else point.recipients[0]
                rides = "".join(f"  (tells {one.receiver}: {one.site} {one.label})" for one in point.carries)
                text = f"{_bound(point.target)}{word}({_text(point.value)}, to={to})"
                yield point.site, f"{indent}{text}{rides}", sorted(point.owners)
            case Select():
                yield point.site, f"{indent}{point.sender} tells {point.receiver}: {point.label}", []
            case Let():
                yield "", f"{indent}{', '.join(point.targets)} = {_text(point.value)}", sorted(point.owners)
            case If():
                yield point.site, f"{indent}if {_text(point.test)}", sorted(point.owners)
                yield from _points(point.then, indent + "    ")
                if point.orelse:
                    yield "", f"{indent}else", []
                    yield from _points(point.orelse, indent + "    ")
            case Loop():
                yield point.site, f"{indent}loop", []
                yield from _points(point.body, indent + "    ")
            case Return():
                yield "", f"{indent}return {_text(point.value)}", sorted(point.owners)
            case Abort():
                yield point.site, f"{indent}{point.role}.abort({_text(point.reason)})", []
            case Again() | Leave():
                yield "", f"{indent}{type(point).__name__.lower()}", []
            case _:
                raise NotImplementedError(type(point).__name__)


def local(body: LocalBlock) -> str:
    """The program of one role."""
    return "\n".join(f"{site:>3}  {text}" for site, text in _local(body, ""))


def _local(body: LocalBlock, indent: str) -> Iterator[tuple[str, str]]:
    for point in body:
        match point:
            case Local():
                yield "", f"{indent}{', '.join(point.targets)} = {_text(point.value)}"
            case Calling():
                given = ", ".join(f"{name}={_text(value)}" for name, value in point.arguments)
                yield point.site, f"{indent}{_bound(point.target)}call {point.offer.name}({given})"
            case Sending():
                yield point.site, f"{indent}send {_text(point.value)} to {point.to}"
            case Receiving():
                yield point.site, f"{indent}{_bound(point.target)}receive from {point.sender}: {point.type.text()}"
            case Choosing():
                rides = "" if point.value is None else f", with {_text(point.value)}"
                yield point.site, f"{indent}tell {point.to}: {point.label}{rides}"
            case Offering():
                yield point.site, f"{indent}ask {point.sender} which way"
                for arm in point.arms:
                    rides = "" if arm.type is None else f", with {arm.target or '_'}: {arm.type.text()}"
                    yield "", f"{indent}{arm.label}{rides}"
                    yield from _local(arm.body, indent + "    ")
            case Fork():
                yield "", f"{indent}if {_text(point.test)}"
                yield from _local(point.then, indent + "    ")
                yield "", f"{indent}else"
                yield from _local(point.orelse, indent + "    ")
            case Repeating():
                yield point.site, f"{indent}loop"
                yield from _local(point.body, indent + "    ")
            case Aborting():
                yield point.site, f"{indent}abort {_text(point.reason)}"
            case Ending():
                yield "", f"{indent}end" + ("" if point.value is None else f" with {_text(point.value)}")
            case _:
                raise NotImplementedError(type(point).__name__)


def _bound(target: str | None) -> str:
    return "" if target is None else f"{target} = "


def _text(value: Expression) -> str:
    return ast.unparse(value.node)
