"""Random choreographies in which several roles know values of random types, and what each of them sees of these.

The types are made of the scalars, enums, dates, classes (dataclass, Struct, pydantic), tuples, lists, dicts and unions.
The values are written as people write them: an int where a float is declared, an IntEnum where an int is, a datetime of
a time zone, defaults, results of functions that give what is not quite their type. Each owner tells its worker what it
sees, down to the types, and branches on it.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

HEAD = """\
import math
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo
from msgspec import Struct
from pydantic import BaseModel
from accompanist import At, Role, attempt, choreography, com, pure, query, share

class Level(IntEnum):
    LOW = 1
    HIGH = 2

class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"

class Kind(Enum):
    ONE = "one"
    TWO = "two"

@pure
def as_float(n: int) -> float:
    return n

@pure
def as_int(n: int) -> int:
    return Level(1 + n % 2)

@pure
def as_bool(n: int) -> bool:
    return n % 2 == 0

@pure
def as_str(n: int) -> str:
    return Colour.RED if n % 2 else "plain"

@pure
def as_bytes(n: int) -> bytes:
    return bytearray([n % 256])

@pure
def as_time(n: int) -> time:
    return time(n % 24, 30, fold=n % 2)

@pure
def as_date(n: int) -> date:
    return date(2024, 1 + n % 12, 28)

@pure
def as_datetime(n: int) -> datetime:
    return datetime(2024, 10, 27, n % 24, 30, tzinfo=ZoneInfo("Europe/Berlin"), fold=n % 2)

@pure
def as_timedelta(n: int) -> timedelta:
    return timedelta(days=n % 999, microseconds=n % 7)

@pure
def as_decimal(n: int) -> Decimal:
    return Decimal(n) / 4

@pure
def as_uuid(n: int) -> UUID:
    return UUID(int=n % 2**64)

@pure
def seen(x) -> str:
    return f"{type(x).__name__} {x!r}"

"""
SCALARS = {
    "int": "int",
    "float": "float",
    "str": "str",
    "bool": "bool",
    "bytes": "bytes",
    "time": "time",
    "date": "date",
    "datetime": "datetime",
    "timedelta": "timedelta",
    "Decimal": "decimal",
    "UUID": "uuid",
}
ENUMS = {"Level": ("LOW", "HIGH"), "Colour": ("RED", "BLUE"), "Kind": ("ONE", "TWO")}
PARAMETERS = {
    "n": "int",
    "f": "float",
    "s": "str",
    "g": "bool",
    "q": "bytes",
    "w": "datetime",
    "d": "date",
    "e": "Decimal",
    "u": "UUID",
    "k": "Level",
}
_LITERALS = {
    "int": ("0", "1", "-3", "2**40"),
    "float": ("0", "2", "1.0", "-0.0", "0.5", "1e16"),
    "str": ('"x"', '""', '"é"'),
    "bool": ("True", "False"),
    "bytes": ('b"ab"', 'b""'),
    "date": ("date(2024, 2, 29)",),
    "datetime": ("datetime(2024, 3, 31, 2, 30)",),
    "time": ("time(12, 0, 0, 5)",),
    "timedelta": ("timedelta(1, 2, 3)", "timedelta(0)"),
    "Decimal": ('Decimal("1.10")', "Decimal(3)"),
    "UUID": ("UUID(int=7)",),
}
_OTHERS = {
    "int": ("n + 1", "n * n", "len(s)", "abs(n)", "n // 2", "k + 1", "sum([n, 1])", "max(n, 2)", "int(f)", "g + g"),
    "float": (
        "n",
        "k",
        "n / 2",
        "f + n",
        "math.fsum([f, f])",
        "abs(f)",
        "round(f, 1)",
        "max(n, f)",
        "f * 2",
        "float(n)",
    ),
    "str": ("s.upper()", 'f"{n} {f}"', "s + s", "str(f)", "repr(e)", "s[:1]", '"-".join([s, s])', "k.name"),
    "bool": ("not g", "n > 1", "g and n == 2", "s in ['x']", "g & (n > 0)"),
    "bytes": ("q[:1]", "q + q"),
    "date": ("w.date()",),
    "datetime": ("w + timedelta(hours=n % 9)",),
    "time": ("w.time()",),
    "timedelta": ("w - w",),
    "Decimal": ("e * 2", "e + n"),
}
_UNIONS = [
    ("int", "str"),
    ("float", "None"),
    ("int", "float"),
    ("datetime", "None"),
    ("bool", "str"),
    ("Level", "None"),
]
_STEPS = ["let", "share", "share", "share", "com", "echo", "called", "see", "branch", "part", "outcome"]
_RARE = {"float": "2**53 + 1", "int": "g"}
"""What no faithful form may exist for: every reading has to refuse it."""


@dataclass(frozen=True)
class Kind:
    """A type as text, with what it is made of. `form`: "", "class", "tuple", "tuple*", "list", "dict", "|"."""

    text: str
    form: str = ""
    parts: tuple[Kind, ...] = ()
    names: tuple[str, ...] = ()

    @property
    def frozen(self) -> bool:
        return self.form not in ("list", "dict") and all(part.frozen for part in self.parts)


@dataclass
class Author:
    """Writes one program."""

    seed: int
    lines: list[str] = field(default_factory=list)
    classes: list[str] = field(default_factory=list)
    operations: list[str] = field(default_factory=list)
    called: list[str] = field(default_factory=list)
    struct: set[str] = field(default_factory=set)
    coded: set[str] = field(default_factory=set)
    known: dict[str, tuple[Kind, frozenset[str]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.made: list[Kind] = []
        for name, text in PARAMETERS.items():
            self.known[name] = (Kind(text), frozenset("a"))
        for _ in range(self.chance.randint(1, 4)):
            self.made.append(self._class())
        for _ in range(self.chance.randint(2, 7)):
            self._step()
        for name, (_, owners) in list(self.known.items()):
            if name not in PARAMETERS:
                self._see(name, name, owners)
        shared = [(name, *found) for name, found in self.known.items() if len(found[1]) > 1]
        self.result, kind, owners = self.chance.choice(shared or [("n", Kind("int"), frozenset("a"))])
        self.returns = f"At[{kind.text}, {', '.join(repr(one) for one in sorted(owners))}]"

    @property
    def text(self) -> str:
        given = "".join(f", {name}: At[{text}, 'a']" for name, text in PARAMETERS.items())
        role = ["class R(Role):", "    @query", "    def see(self, label: str, text: str) -> int: ..."]
        role += self.operations
        start = ["    com(n, to=b)", "    com(n, to=c)"]
        head = ["@choreography", f"def known(a: R, b: R, c: R{given}) -> {self.returns}:", *start]
        body = [f"    {line}" for line in self.lines]
        return "\n".join([HEAD, *self.classes, *role, "", *self.called, *head, *body, f"    return {self.result}", ""])

    # -- types --

    def kind(self, depth: int, frozen: bool = True) -> Kind:
        forms = ["", "", "", "class", "tuple", "tuple*", "|", *([] if frozen else ["list", "dict"])]
        form = self.chance.choice(forms) if depth else ""
        if form == "class" and self.made:
            fitting = [one for one in self.made if one.frozen or not frozen]
            if fitting:
                return self.chance.choice(fitting)
        if form == "|":
            options = self.chance.choice(_UNIONS)
            return Kind(" | ".join(options), "|", tuple(map(Kind, options)))
        if form in ("tuple", "tuple*", "list", "dict"):
            count = self.chance.randint(1, 3) if form == "tuple" else 1
            parts = tuple(self.kind(depth - 1, frozen) for _ in range(count))
            inner = ", ".join(part.text for part in parts)
            text = {"tuple": f"tuple[{inner}]", "tuple*": f"tuple[{inner}, ...]", "list": f"list[{inner}]"}
            return Kind(text.get(form, f"dict[str, {inner}]"), form, parts)
        return Kind(self.chance.choice([*SCALARS, *ENUMS]))

    def structs(self, kind: Kind) -> bool:
        return kind.text in self.struct or any(map(self.structs, kind.parts))

    def _class(self) -> Kind:
        name, count = f"C{len(self.made)}", self.chance.randint(1, 3)
        frozen = self.chance.random() < 0.8
        parts = tuple(self.kind(2, frozen) for _ in range(count))
        heads = [f"@dataclass(frozen=True)\nclass {name}:", f"class {name}(Struct, frozen=True):"]
        if not any(self.structs(part) for part in parts):  # pydantic knows no Struct
            heads.append(f"class {name}(BaseModel, frozen=True):")
        head = self.chance.choice(heads)
        if "Struct" in head:
            self.struct.add(name)
        names = tuple(f"x{at}" for at in range(count))
        fields = [f"    {one}: {part.text}" for one, part in zip(names, parts, strict=True)]
        if self.chance.random() < 0.4 and parts[-1].text in _LITERALS:
            default = self.chance.choice(_LITERALS[parts[-1].text])
            fields[-1] += f" = {default}"
        if parts[0].text in ("int", "float"):
            code = ["    @property", "    def twice(self) -> float:", "        return self.x0 * 2"]
            fields += [*code, "    @pure", "    def plus(self, m: int) -> float:", "        return self.x0 + m"]
            self.coded.add(name)
        self.classes.append("\n".join([head, *fields, ""]))
        return Kind(name, "class", parts, names)

    # -- values --

    def value(self, kind: Kind, depth: int, owner: str = "a") -> str:
        """An expression of the type, of names that the owner has."""
        chance = self.chance
        coded = [name for name, (one, owners) in self.known.items() if one.text in self.coded and owner in owners]
        if coded and kind.text == "float" and chance.random() < 0.3:
            return f"{chance.choice(coded)}.{chance.choice(('twice', 'plus(1)'))}"
        named = [name for name, (one, owners) in self.known.items() if one.text == kind.text and owner in owners]
        if named and chance.random() < 0.3:
            return chance.choice(named)
        if kind.form == "class":
            fields = zip(kind.names, kind.parts, strict=True)
            given = [f"{name}={self.value(part, depth - 1, owner)}" for name, part in fields]
            return f"{kind.text}({', '.join(given)})"
        if kind.form == "tuple":
            return f"({', '.join(self.value(part, depth - 1, owner) for part in kind.parts)},)"
        if kind.form in ("tuple*", "list"):
            parts = ", ".join(self.value(kind.parts[0], depth - 1, owner) for _ in range(chance.randint(0, 3)))
            return f"[{parts}]" if kind.form == "list" else f"({parts},)" if parts else "()"
        if kind.form == "dict":
            keys = chance.sample(["b", "a", "é", "10", "9"], chance.randint(0, 3))
            return "{" + ", ".join(f'"{key}": {self.value(kind.parts[0], depth - 1, owner)}' for key in keys) + "}"
        if kind.form == "|":
            return self.value(chance.choice(kind.parts), depth, owner)
        return self._scalar(kind.text, owner)

    def _scalar(self, text: str, owner: str) -> str:
        chance = self.chance
        if text == "None":
            return "None"
        if text in ENUMS:
            return f"{text}.{chance.choice(ENUMS[text])}"
        if owner == "a" and text in _RARE and chance.random() < 0.01:
            return _RARE[text]
        if owner == "a" and text in _OTHERS and chance.random() < 0.5:
            return chance.choice(_OTHERS[text])
        if owner == "a" and chance.random() < 0.5:
            return f"as_{SCALARS[text]}(n)"
        return chance.choice(_LITERALS[text])

    # -- steps --

    def _step(self) -> None:
        chance = self.chance
        step = chance.choice(_STEPS)
        name = f"v{len(self.known)}"
        if step == "let":
            kind = self.kind(2, frozen=False)
            self._line(f"{name}: {kind.text} = {self.value(kind, 2)}", name, kind, "a")
        elif step == "share":
            kind = self.kind(2)
            value = self.value(kind, 2)
            if chance.random() < 0.5:
                self._line(f"{name}: {kind.text} = {value}", name, kind, "a")
                value, name = name, f"{name}s"
            to = chance.choice([("b",), ("b", "c")])
            self._line(f"{name} = share({value}, to=[{', '.join(to)}])", name, kind, "a", *to)
        elif step == "com":
            kind = self.kind(2, frozen=False)
            self._line(f"{name}: {kind.text} = {self.value(kind, 2)}", name, kind, "a")
            self._line(f"{name}c = com({name}, to=b)", f"{name}c", kind, "b")
        elif step in ("echo", "outcome"):
            kind = self.kind(2, frozen=False)
            self.operations += ["    @query", f"    def e{len(self.known)}(self, x: {kind.text}) -> {kind.text}: ..."]
            call = f"a.e{len(self.known)}({self.value(kind, 2)})"
            if step == "echo":
                self._line(f"{name} = {call}", name, kind, "a")
            else:
                self._line(f"{name}o = attempt({call})", f"{name}o", Kind("?"), "a")
                self._line(f"{name}: {kind.text} | None = {name}o.value", name, Kind("?"), "a")
        elif step == "called":
            kind = self.kind(2)
            self.called += [
                "@choreography",
                f"def sub{len(self.known)}(x: R, y: R, p: At[{kind.text}, 'x']) -> At[{kind.text}, 'x', 'y']:",
                "    return share(p, to=[y])",
                "",
            ]
            self._line(f"{name} = sub{len(self.known)}(a, b, {self.value(kind, 2)})", name, kind, "a", "b")
        else:
            self._look(step)

    def _look(self, step: str) -> None:
        chance = self.chance
        name = chance.choice(list(self.known))
        kind, owners = self.known[name]
        if step == "see":
            self._see(name, name, owners)
        elif step == "part" and kind.form == "class":
            at = chance.randrange(len(kind.parts))
            part = f"{name}.{kind.names[at]}"
            self._see(part, part, owners)
        elif step == "part" and kind.form == "tuple":
            self._see(f"{name}[0]", f"{name}[0]", owners)
        elif step == "part" and kind.form == "tuple*":
            turn = f"t{len(self.lines)}"
            self.lines.append(f"for {turn} in {name}:")
            for owner in sorted(owners):
                self.lines.append(f'    {owner}.see("{name} {turn}", seen({turn}))')
        elif step == "branch":
            self.lines.append(f"if len(seen({name})) % 2 == 0:")
            for label in ("then", "else"):
                if label == "else":
                    self.lines.append("else:")
                self.lines.append(f'    {chance.choice(sorted(owners))}.see("{label} {len(self.lines)}", "")')

    def _see(self, label: str, value: str, owners: frozenset[str]) -> None:
        for owner in sorted(owners):
            self.lines.append(f'{owner}.see("{label}", seen({value}))')

    def _line(self, text: str, name: str, kind: Kind, *owners: str) -> None:
        self.lines.append(text)
        self.known[name] = (kind, frozenset(owners))
