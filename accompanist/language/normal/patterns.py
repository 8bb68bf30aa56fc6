"""Patterns of `match` as conditions: each case becomes an `if` on the subject.

A pattern is a condition on the subject's parts, and names for some of them. Supported are literals, None, True and
False, enum members and other dotted names, `|`, message classes and builtin types, tuples and lists of a fixed length,
captures and `_`. The result is Python's own syntax again, which `normal` reads like any other `if`.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass

from accompanist.language.text import codes
from accompanist.language.text.diagnostic import Write
from accompanist.language.types import CLASSES

Fields = Callable[[ast.expr], list[str] | None]
"""The fields of a message class, in order; None if the expression names none."""


_WHOLE = "a name for all of them, `values`, a guard `if len(values) > 1`, and `values[1:]` for the rest"


class Unmatched(Exception):
    """A pattern that is not in the language: code, node, text, hint."""

    def __init__(self, code: str, node: ast.AST, text: str, hint: str) -> None:
        super().__init__(text)
        self.code, self.node, self.text, self.hint = code, node, text, hint


@dataclass(frozen=True, slots=True)
class Case:
    """A condition, None if it always holds, and what the names of the pattern stand for."""

    test: ast.expr | None
    names: tuple[tuple[ast.AST, str, ast.expr], ...]


def case(pattern: ast.pattern, subject: ast.expr, fields: Fields) -> Case:
    """The condition under which a subject has this form. Raises Unmatched."""
    return _PatternReader(fields).read(pattern, subject)


def takes_all(case: ast.match_case) -> bool:
    """Whether a case takes whatever comes to it."""
    return case.guard is None and irrefutable(case.pattern)


def irrefutable(pattern: ast.pattern) -> bool:
    """Whether a pattern takes every value."""
    return isinstance(pattern, ast.MatchAs) and (pattern.pattern is None or irrefutable(pattern.pattern))


class _PatternReader:
    def __init__(self, fields: Fields) -> None:
        self._fields = fields

    def read(self, pattern: ast.pattern, subject: ast.expr) -> Case:
        match pattern:
            case ast.MatchValue(value=value):
                return Case(_at(pattern, ast.Compare(subject, [ast.Eq()], [value])), ())
            case ast.MatchSingleton(value=value):
                constant = _at(pattern, ast.Constant(value))
                return Case(_at(pattern, ast.Compare(subject, [ast.Is()], [constant])), ())
            case ast.MatchAs(pattern=inner, name=name):
                found = self.read(inner, subject) if inner is not None else Case(None, ())
                return found if name is None else Case(found.test, (*found.names, (pattern, name, subject)))
            case ast.MatchOr(patterns=patterns):
                return self._either(pattern, patterns, subject)
            case ast.MatchSequence(patterns=patterns):
                return self._sequence(pattern, patterns, subject)
            case ast.MatchClass():
                return self._class(pattern, subject)
        raise Unmatched(
            codes.PATTERN,
            pattern,
            f"`{ast.unparse(pattern)}` takes a number of parts that is not known",
            "name the parts that matter: case Order(cents=1)",
        )

    def _either(self, pattern: ast.pattern, patterns: list[ast.pattern], subject: ast.expr) -> Case:
        cases = [self.read(one, subject) for one in patterns]
        if any(one.names for one in cases):
            raise Unmatched(
                codes.PATTERN, pattern, "a name inside `|` may or may not be bound", "two cases, one for each pattern"
            )
        tests = [one.test for one in cases if one.test is not None]
        return Case(_at(pattern, ast.BoolOp(ast.Or(), list(tests))) if len(tests) == len(cases) else None, ())

    def _sequence(self, pattern: ast.pattern, patterns: list[ast.pattern], subject: ast.expr) -> Case:
        for one in patterns:
            if isinstance(one, ast.MatchStar):
                raise Unmatched(codes.STAR, one, "a star takes a number of values that is not known", _WHOLE)
        kinds = [_call(pattern, "isinstance", subject, _name(pattern, kind)) for kind in ("tuple", "list")]
        length = _at(
            pattern, ast.Compare(_call(pattern, "len", subject), [ast.Eq()], [_constant(pattern, len(patterns))])
        )
        parts = [
            self.read(one, _at(one, ast.Subscript(subject, _constant(one, number), ast.Load())))
            for number, one in enumerate(patterns)
        ]
        return _all(pattern, [Case(_at(pattern, ast.BoolOp(ast.Or(), kinds)), ()), Case(length, ()), *parts])

    def _class(self, pattern: ast.MatchClass, subject: ast.expr) -> Case:
        is_class = Case(_call(pattern, "isinstance", subject, pattern.cls), ())
        if isinstance(pattern.cls, ast.Name) and pattern.cls.id in CLASSES:
            if pattern.kwd_attrs or len(pattern.patterns) > 1:
                raise Unmatched(codes.PATTERN, pattern, f"{pattern.cls.id} has no fields", Write(f"{pattern.cls.id}()"))
            return _all(pattern, [is_class, *(self.read(one, subject) for one in pattern.patterns)])
        fields = self._fields(pattern.cls)
        if fields is None:
            text = f"{ast.unparse(pattern.cls)} is not a message type"
            raise Unmatched(codes.PATTERN, pattern.cls, text, "a dataclass, a Struct, or a builtin type")
        if len(pattern.patterns) > len(fields):
            text = f"{ast.unparse(pattern.cls)} has {len(fields)} fields"
            raise Unmatched(codes.PATTERN, pattern, text, f"one of {', '.join(fields)}")
        named = [
            *zip(fields, pattern.patterns, strict=False),
            *zip(pattern.kwd_attrs, pattern.kwd_patterns, strict=True),
        ]
        parts = [self.read(one, _at(one, ast.Attribute(subject, name, ast.Load()))) for name, one in named]
        return _all(pattern, [is_class, *parts])


def _all(pattern: ast.pattern, cases: list[Case]) -> Case:
    tests = [one.test for one in cases if one.test is not None]
    names = tuple(name for one in cases for name in one.names)
    return Case(tests[0] if len(tests) == 1 else _at(pattern, ast.BoolOp(ast.And(), tests)), names)


def _call(where: ast.AST, function: str, *arguments: ast.expr) -> ast.expr:
    return _at(where, ast.Call(_name(where, function), list(arguments), []))


def _name(where: ast.AST, name: str) -> ast.expr:
    return _at(where, ast.Name(name, ast.Load()))


def _constant(where: ast.AST, value: int) -> ast.expr:
    return _at(where, ast.Constant(value))


def _at(where: ast.AST, made: ast.expr) -> ast.expr:
    return ast.copy_location(made, where)
