"""What to write where a value is not at the role that needs it.

Usually that is a move. It is none where the value was moved already and only has to be used under the name of what
arrived, where two values only stand in one line, and where the value is a secret.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping

from accompanist.language.checks.places.held import Ownership, Where
from accompanist.language.ir import ChoreographyHead, Expression, Move, Owners
from accompanist.language.text import advice, codes
from accompanist.language.text.diagnostic import Edit, Write
from accompanist.language.text.source import Sources, Span

Operands = tuple[tuple[str, tuple[str, ...]], ...]


class Advisor:
    """Knows the text of one choreography. `secret` says whether a name may hold a secret."""

    def __init__(self, header: ChoreographyHead, sources: Sources, secret: Callable[[Expression], bool]) -> None:
        self.sources = sources
        self._header, self._secret = header, secret
        self._moves: dict[str, tuple[Move, Ownership | None, Ownership]] = {}

    def moved(self, point: Move, where: Where, owners: Owners) -> Mapping[str, Ownership]:
        """Remember a move of a variable. On which paths it was made stands among the names: that of what arrived, or
        where it has none a name that is added."""
        if not isinstance(point.value.node, ast.Name):
            return {}
        key = point.target or f"moved {point.site}"
        arrived = Ownership(owners) if point.target is None else where[point.target]
        self._moves[key] = point, where.get(point.value.node.id), arrived
        return {key: arrived} if point.target is None else {}

    def together(self, value: Expression, operands: Operands, where: Where, wanted: Owners) -> str:
        """What to write where no role owns all operands; best at a role where the value is wanted."""
        lines = advice.two_lines(self.sources(value.span.file), value.span)
        if lines is not None:
            return lines
        secret = {self._text(span) for name, span in value.reads if self._secret(_read(value, name, span))}
        gathered = self._gathered(value, operands, wanted, secret)
        if gathered is not None:
            return gathered
        targets = [roles[0] for text, roles in operands if roles and text in secret]
        targets += [role for _, roles in operands for role in roles if role in wanted]
        targets += [roles[0] for _, roles in operands if roles]
        for target in targets:
            away = [(name, span) for name, span in value.reads if target not in dict(operands)[self._text(span)]]
            text = self._text(away[0][1]) if away else ""  # parts of what was refused may have one text
            if not away or text in secret:
                continue
            places = [span for _, span in away if self._text(span) == text]
            return self._into(value, target, away[0][0], places)
        return codes.DECLASSIFY if secret else "one role that owns all of them"

    def _gathered(self, value: Expression, operands: Operands, wanted: Owners, secret: set[str]) -> Write | None:
        """Moves of all operands to the one role where the value is wanted, if none of them is there."""
        if len(wanted) != 1 or secret or advice.sometimes(value.node):
            return None
        (role,) = wanted
        to, source = self._spoken(value, role), self.sources(value.span.file)
        if not to or any(role in roles or not roles for _, roles in operands):
            return None
        moves = {text: f"com({text}, to={to})" for text, _ in operands}
        told = " and ".join(f"{move} in place of {text}" for text, move in moves.items())
        made = Write(told, *((span, moves[source.text(span)]) for _, span in value.reads))
        return advice.imported(source, "com", made, value.span)

    def at_roles(self, value: Expression, where: Where, away: list[str], there: Owners) -> tuple[str, str]:
        """What else to say of a value that is not at some roles and, if any, at others where it has to stay; and what
        to write."""
        role = away[0]
        if self._secret(value):
            return "", codes.DECLASSIFY
        if there or len(away) > 1:
            return "", self._shared(value, away)
        if isinstance(value.node, ast.Name):
            known = self._arrived(value, where, role)
            if known is not None:
                return known
        return "", self._move(value, where, role)

    def sign_of_life(self, point: Move, where: Where) -> str:
        """What to move instead of a constant: a reading of a clock, which says only that its role came so far. Any
        value of that role says as much, if it may be told."""
        last = [role for held in where.values() if not held.maybe for role in sorted(held.owners)]
        others = [role for role in (*reversed(last), *self._header.roles) if role not in point.recipients]
        sender = self._spoken(point.value, others[0]) if others else ""
        to = [self._spoken(point.value, role) for role in point.recipients]
        if not sender or not all(to):
            return "move a value that another role made"
        line = f"com({sender}.now(), to={to[0]})" if len(to) == 1 else f"share({sender}.now(), to=[{', '.join(to)}])"
        return self._with_word(point.span, Write(line))

    def _arrived(self, value: Expression, where: Where, role: str) -> tuple[str, str] | None:
        """The value was moved to the role before: what arrived there has another name, or none yet."""
        assert isinstance(value.node, ast.Name)
        name = value.node.id
        source = self.sources(value.span.file)
        for key, (move, held, arrived) in reversed(self._moves.items()):
            moved = move.value.node.id if isinstance(move.value.node, ast.Name) else ""
            if where.get(key) is not arrived or role not in arrived.owners or value.spoken:
                continue
            if moved != name or where.get(name) is not held or move.span.file != value.span.file:
                continue
            written, line = self._text(value.span), move.span.line
            word = "share" if move.shared else "com"
            text = f"; line {line} moves it, and what is at {role} now is the value that this {word} returns"
            if move.target is None:
                name = advice.free(source, f"{written}_at_{role}" if written.isidentifier() else f"at_{role}")
                bound = f"{name} = {source.text(move.span)}"
                hint = f"{bound} in line {line}, and {name} here"
                return text, Write(hint, (move.span, bound), (value.span, name))
            if not move.target.startswith("_"):
                return text, Write(move.target)
        return None

    def _move(self, value: Expression, where: Where, role: str) -> str:
        """The move itself. What is moved somewhere else in the same place is moved here instead."""
        source, text = self.sources(value.span.file), self._text(value.span)
        to = self._spoken(value, role)
        if not to or source.text(value.span).endswith(" …"):
            return f"move it to {role}: com(…, to={to or 'role'})"
        match ast.parse(f"({text})", mode="eval").body:
            case ast.Call(func=ast.Name(id="com"), args=[inner]):
                elsewhere = ast.unparse(inner)
                return Write(elsewhere if self._is_at(inner, where, role) else f"com({elsewhere}, to={to})")
        return self._with_word(value.span, Write(f"com({text}, to={to})"))

    def _shared(self, value: Expression, roles: list[str]) -> str:
        """A move to more roles than those that have the value."""
        text, to = self._text(value.span), [self._spoken(value, role) for role in roles]
        if not all(to) or text.endswith(" …"):
            return f"share it with {' and '.join(roles)}: share(…, to=[…])"
        return self._with_word(value.span, Write(f"share({text}, to=[{', '.join(to)}])"))

    def _with_word(self, span: Span, made: Write) -> Write:
        """With the import of the word that it uses, where the file has none."""
        word = made[: made.index("(")].split()[-1]
        return advice.imported(self.sources(span.file), word, made, span)

    def _is_at(self, node: ast.expr, where: Where, role: str) -> bool:
        held = where.get(node.id) if isinstance(node, ast.Name) else None
        return held is not None and role in held.owners

    def _into(self, value: Expression, target: str, name: str, places: list[Span]) -> str:
        """A move of one operand of an expression to the role of another."""
        source, text, to = self.sources(value.span.file), self._text(places[0]), self._spoken(value, target)
        if not to:
            return f"move {text} to {target}: com({text}, to=role)"
        if not advice.sometimes(value.node):
            return self._with_word(value.span, advice.instead_of(source, places, f"com({text}, to={to})"))
        arrived = advice.free(source, f"{name}_at_{to}" if not name.startswith("_") else f"at_{to}")
        others: list[Edit] = [(place, arrived) for place in places]
        return advice.before(source, value.span, f"{arrived} = com({text}, to={to})", *others)

    def _spoken(self, value: Expression, role: str) -> str:
        """What a role is called where a value is written; empty if it has no name there."""
        if role in value.spoken:
            return value.spoken[role]
        inside = advice.home(self.sources(value.span.file), value.span) == self._header.name
        return role if inside and value.span.file == self._header.span.file else ""

    def _text(self, span: Span) -> str:
        return self.sources(span.file).text(span)


def _read(value: Expression, name: str, span: Span) -> Expression:
    return Expression(ast.Name(name, ast.Load()), ((name, span),), span, spoken=value.spoken)
