"""Values to canonical bytes and back: the only form in which a value crosses from one role to another.

Canonical means: the same value gives the same bytes, so that a digest of the bytes identifies the value. Keys are
sorted, numbers are shortest, NaN and infinities are refused, sets have no order and are refused. What comes back is a
fresh value: nothing is ever shared by reference between roles, not in the simulator either.

Errors: `EncodeError` for a value that has no canonical form, `DecodeError` for bytes that do not fit the type. Their
texts name paths and types, never contents. Message types bring code of their own (`__post_init__`, validators,
defaults, properties), which is a stranger's: whatever it raises, `BaseException` included, is one of these two errors.
A cancellation cannot be among it, since nothing here waits.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import re
from collections.abc import Callable, Iterable, Mapping, Set
from decimal import Decimal
from typing import Any, get_args

import msgspec
import orjson

from accompanist import limits
from accompanist.errors import AuthorError, PeerError, catalogue
from accompanist.language.values import exactly, tagged
from accompanist.language.values.shape import beyond, parts

UNENCODABLE = catalogue(
    "ACC301",
    "value cannot be sent",
    "A value has to have one canonical JSON form to cross between services. Sets have no order, NaN no equal, "
    "integers beyond 64 bits no portable form, and objects that are not message types have no form at all.",
    "Send dataclasses, msgspec structs, pydantic models, enums, numbers, text, bytes, dates, lists, tuples, and dicts "
    "with string keys.",
)
MISFIT = catalogue(
    "ACC302",
    "value does not fit its type",
    "Bytes that arrived (an argument, a message, a worker's reply) do not decode as the type the choreography states. "
    "A value of a union says by its tag which part it is: a tag that no part has, or none, is refused, never guessed.",
    "Compare the sender's value with the type named in the message; both sides must hold the same version of it.",
)
OWN_CODE = catalogue(
    "ACC303",
    "a message type's own code raised",
    "A message type may have code of its own: `__post_init__`, validators, default factories, properties, a way to "
    "write itself. It raised, so the value could not be read, or not be written.",
    "If the value is wrong, mend whoever made it: a worker's reply is checked against the type that the role states. "
    "If the value is right, mend the check in the type.",
)


_ORDERED = frozenset((str, int, bool, bytes, type(None)))
_OTHERS = (float, Decimal, set, frozenset, dict, list, tuple)
_ZERO = b"\\u0000"
_FEW_PARTS = 100
_NO_ZERO = "leave it out, or send bytes, which travel in base64"
_PATH = re.compile(r" - at (?:`key` in )?`\$[\w.\[\]]*`\Z")
_QUOTED_VALUE = re.compile(r"(Invalid (?:enum )?value) (?:.*(?= - at `\$)|.*\Z)", re.DOTALL)


class EncodeError(AuthorError):
    """A value without a canonical form."""


class DecodeError(PeerError):
    """Bytes that do not fit the type they are read as."""


class _Refused(ValueError):
    """A refusal in our words, which hold no contents."""


class _Raised(Exception):
    """What a message type's own code raised, by its kind; what it says may quote the value, or raise again."""

    def __init__(self, problem: BaseException) -> None:
        super().__init__(f"its own check raised {type(problem).__name__}")


def encode(value: Any) -> bytes:
    """The canonical JSON bytes of a value. Raises EncodeError."""
    data = form(value)
    if len(data) > limits.payload_bytes_max:
        raise EncodeError(
            UNENCODABLE,
            f"a {type(value).__name__} takes {len(data)} bytes, the limit is {limits.payload_bytes_max}",
            "send a reference to it instead of the thing itself",
        )
    if bound := beyond(data, limits.json_depth_max, limits.json_parts_max):
        if bound.startswith("nested"):
            text, hint = f"a {type(value).__name__} is {bound}", "send it flat: a list of parts that name one another"
        else:
            text, hint = f"a {type(value).__name__} holds {bound}", "send a reference to it instead of the thing itself"
        raise EncodeError(UNENCODABLE, text, hint)
    if _may_hold_zero(data) and (where := _zero_in(value) or _zero_in(msgspec.json.decode(data))) is not None:
        raise EncodeError(UNENCODABLE, f"a {type(value).__name__} holds the character U+0000 at {where}", _NO_ZERO)
    return data


def form(value: Any) -> bytes:
    """The same of a value that is not sent, and may be of any size. Raises EncodeError."""
    what = f"a {type(value).__name__} cannot be encoded"
    try:
        _refuse_unordered(value)
        plain = msgspec.to_builtins(value, str_keys=True, enc_hook=_plain)
    except _Raised as raised:
        raise EncodeError(OWN_CODE, f"{what}: {raised}") from None
    except (TypeError, ValueError, RecursionError) as problem:
        raise EncodeError(UNENCODABLE, f"{what}: {problem}") from None
    except BaseException as problem:
        raise EncodeError(OWN_CODE, f"{what}: {_Raised(problem)}") from None
    try:
        data = orjson.dumps(plain, option=orjson.OPT_SORT_KEYS)
    except (TypeError, ValueError, RecursionError) as problem:
        raise EncodeError(UNENCODABLE, f"{what}: {problem}") from None
    if _may_hold_bools(data) and (misplaced := exactly.numbers_as_bools(value)):
        text = f"{what}: {misplaced.what} - at `{misplaced.where}`"
        raise EncodeError(UNENCODABLE, text, "write int(…) around it")
    return data


def _may_hold_zero(data: bytes) -> bool:
    # one byte is found ten times as fast as six, and most texts have no backslash
    return b"\\" in data and _ZERO in data


def _may_hold_bools(data: bytes) -> bool:
    # where there are long texts and few values, these are looked at sooner than the texts are searched
    if len(data) > limits.json_long_bytes and parts(data) <= _FEW_PARTS:
        return True
    return b"true" in data or b"false" in data


def _zero_in(value: Any, where: str = "$") -> str | None:
    """Where a text holds U+0000, None where none does. Postgres can keep it in no text and no JSON, so a worker could
    not. Names that came with the value (keys of a dict) are not shown."""
    return _wrong_in(value, lambda part: isinstance(part, str) and "\0" in part, where)


def formless_in(value: Any) -> str | None:
    """Where a number or a text is that has no form, None where all have one: NaN, say. Sets are looked into."""
    return _wrong_in(value, _formless, "$")


def _formless(part: Any) -> bool:
    if isinstance(part, float):
        return not math.isfinite(part)
    if isinstance(part, Decimal):
        return not part.is_finite()
    if isinstance(part, int):
        return not -(2**63) <= part < 2**64
    return any("\ud800" <= letter <= "\udfff" for letter in part)


def _no_number_in(value: Any) -> str | None:
    """Where a Decimal is none that can be computed with, None where all can."""
    return _wrong_in(value, lambda part: isinstance(part, Decimal) and not part.is_finite(), "$")


def _wrong_in(value: Any, wrong: Callable[[Any], bool], where: str) -> str | None:
    if isinstance(value, str | Decimal | float | int):
        return where if wrong(value) else None
    parts: Iterable[tuple[str, Any]] = ()
    if isinstance(value, Mapping):
        parts = ((f"{where}[...]", part) for pair in value.items() for part in pair)
    elif isinstance(value, list | tuple | Set):
        parts = ((f"{where}[{number}]", part) for number, part in enumerate(value))
    elif isinstance(value, msgspec.Struct):
        parts = ((f"{where}.{name}", getattr(value, name)) for name in value.__struct_fields__)
    elif dataclasses.is_dataclass(value):
        parts = ((f"{where}.{field.name}", getattr(value, field.name)) for field in dataclasses.fields(value))
    elif hasattr(type(value), "model_validate_json"):
        parts = ((f"{where}.{name}", part) for name, part in vars(value).items())
    return next((found for at, part in parts if (found := _wrong_in(part, wrong, at)) is not None), None)


def decode(data: bytes, type: Any) -> Any:
    """The value of `type` that the bytes hold, checked in full. Raises DecodeError."""
    if bound := beyond(data, limits.json_depth_max, limits.json_parts_max):
        raise DecodeError(MISFIT, f"not a valid {tagged.name(type)}: {bound}")
    value = read(_sorted(data) if exactly.may_hold(type, ("DictType", "TypedDictType")) else data, type)
    if _may_hold_zero(data) and (where := _zero_in(value) or _zero_in(msgspec.json.decode(data))) is not None:
        raise DecodeError(MISFIT, f"not a valid {tagged.name(type)}: the character U+0000 - at `{where}`", _NO_ZERO)
    if exactly.may_hold(type, ("DecimalType",), untyped=False) and (where := _no_number_in(value)) is not None:
        raise DecodeError(MISFIT, f"not a valid {tagged.name(type)}: NaN or infinity - at `{where}`")
    return value


def _sorted(data: bytes) -> bytes:
    """JSON with its keys in the order in which everybody gets them; as it is if it is no such JSON. A worker may have
    written them in another one, and a program may go through a dict."""
    try:
        return data if orjson.dumps(orjson.loads(data), option=orjson.OPT_SORT_KEYS) == data else canonical(data)
    except (orjson.JSONDecodeError, orjson.JSONEncodeError, DecodeError):
        return data


def read(data: bytes, type: Any) -> Any:
    """The same of bytes that were made here, and may be of any size. Raises DecodeError."""
    readable = tagged.readable(type)
    try:
        value = msgspec.json.decode(data, type=readable, dec_hook=_validated)
        return value if readable is type else tagged.meant(value)
    except BaseException as problem:
        code, text = _words(problem)
        text, hint = tagged.untold(type, text)
        raise DecodeError(code, f"not a valid {tagged.name(type)}: {text}", hint) from None


def decode_exactly(data: bytes, type: Any) -> Any:
    """The same for what people send: a member that the type does not have, and a bool for a number, are refused, too.
    Raises DecodeError."""
    value = decode(data, type)
    if found := exactly.surplus(msgspec.json.decode(data), type):
        name = tagged.name(type)
        raise DecodeError(MISFIT, f"not a valid {name}: {found.what} - at `{found.where}`", found.hint)
    return value


def canonical(data: bytes) -> bytes:
    """JSON as it was sent, in the one form that the same JSON always has: sorted keys, no spaces. Numbers stay as they
    were written: what type they are of, and how exact, is for a reader who knows. Raises DecodeError."""
    try:
        if bound := beyond(data, limits.json_depth_max, limits.json_parts_max):
            raise _Refused(bound)
        read = json.loads(data, parse_int=orjson.Fragment, parse_float=orjson.Fragment, parse_constant=_no_number)
        made = orjson.dumps(read, option=orjson.OPT_SORT_KEYS)
    except (TypeError, ValueError, RecursionError) as problem:
        what = problem if isinstance(problem, _Refused) else type(problem).__name__
        raise DecodeError(MISFIT, f"not JSON that can be kept: {what}") from None
    if len(made) > limits.payload_bytes_max:
        raise DecodeError(MISFIT, f"it takes {len(made)} bytes, the limit is {limits.payload_bytes_max}")
    return made


def _no_number(name: str) -> None:
    raise _Refused(f"{name} is no number")


def _words(problem: BaseException) -> tuple[str, str]:
    """The code and what is wrong, without contents. What a message's own `__post_init__` says of its values is not
    shown: such an error quotes what it refuses as often as not."""
    if isinstance(problem, UnicodeDecodeError):
        return MISFIT, "not UTF-8"
    if isinstance(problem, RecursionError):
        return MISFIT, "nested too deep"
    if not isinstance(problem, msgspec.DecodeError):
        return OWN_CODE, str(_Raised(problem))
    cause = problem.__cause__
    if cause is None or isinstance(cause, _Refused):
        return MISFIT, unquoted(str(problem))
    where = _PATH.search(str(problem))
    return OWN_CODE, f"{_Raised(cause)}{where.group() if where else ''}"


def unquoted(text: str) -> str:
    """A text of msgspec without the values that it quotes (of enums and tags); paths and types stay."""
    return _QUOTED_VALUE.sub(r"\1", text)


def digest(data: bytes) -> bytes:
    """16 bytes that stand for canonical bytes in keys and comparisons."""
    return hashlib.blake2b(data, digest_size=16).digest()


def _plain(value: Any) -> Any:
    """What a pydantic model is in JSON, by its own rules; pydantic itself is not imported here."""
    if hasattr(type(value), "model_validate_json"):
        try:
            return value.model_dump(mode="json", by_alias=True)
        except BaseException as problem:
            raise _Raised(problem) from None
    raise TypeError(f"{type(value).__name__} is not a message type")


def _validated(type: Any, value: Any) -> Any:
    """A pydantic model, validated by itself. Where and why it does not fit is told, what was there is not. A place may
    lead through a dictionary, or be a field that nobody declared: such names came with the value, so only declared ones
    are told."""
    if not hasattr(type, "model_validate_json"):
        raise NotImplementedError(f"{type.__name__} is not a message type")
    try:
        return type.model_validate_json(orjson.dumps(value))
    except ValueError as problem:
        found: list[Any] = getattr(problem, "errors", list)()
        declared = _declared(type)
        told = [f"{'.'.join(_place(part, declared) for part in one['loc'])} ({one['type']})" for one in found]
        raise _Refused(", ".join(told) or "its own validation refuses it") from None


def _place(part: Any, declared: Set[str]) -> str:
    """A step of a path: an index, a declared field, or a star for whatever else it was."""
    return str(part) if isinstance(part, int) or part in declared else "*"


def _declared(type: Any) -> Set[str]:
    """The names of all fields of a pydantic model, and of the models in them."""
    names: set[str] = set()
    seen: list[Any] = []
    todo = [type]
    while todo:
        kind = todo.pop()
        if kind in seen:
            continue
        seen.append(kind)
        todo += get_args(kind)
        for name, field in getattr(kind, "model_fields", {}).items():
            names |= {name, *(alias for alias in (field.alias, field.validation_alias) if isinstance(alias, str))}
            todo.append(field.annotation)
    return names


def _refuse_unordered(value: Any) -> None:
    """Refuse sets, NaN and infinities wherever they are; msgspec would turn a set into a list in any order. Complete
    what was decoded."""
    stack, seen = [value], 0
    while stack:
        item = stack.pop()
        seen += 1
        if seen > limits.payload_bytes_max:
            raise ValueError("it has too many parts, or holds itself")
        if type(item) in _ORDERED:
            continue
        if not isinstance(item, _OTHERS):
            try:
                stack.extend(_fields(item))
            except BaseException as problem:
                raise _Raised(problem) from None
        elif isinstance(item, float):
            if not math.isfinite(item):
                raise ValueError("NaN and infinity have no JSON form")
        elif isinstance(item, Decimal):
            if not item.is_finite():
                raise ValueError("NaN and infinity are no numbers to compute with")
        elif isinstance(item, (set, frozenset)):
            raise TypeError("a set has no order")
        elif isinstance(item, dict):
            stack.extend(item.values())
        else:
            stack.extend(item)


def _fields(item: Any) -> list[Any]:
    """The values of an object's fields; reading them may run the type's own code."""
    fields = getattr(item, "__struct_fields__", ()) or getattr(item, "__dataclass_fields__", ())
    fields = fields or getattr(type(item), "model_fields", ())
    _complete(item)
    return [getattr(item, name) for name in fields]


def _complete(item: Any) -> None:
    """Give an instance of a dataclass the fields that only its class has. msgspec leaves a default that was not sent to
    the class, and writes only what the instance has: equal values would have different bytes."""
    held = getattr(item, "__dict__", None)
    if held is None:
        return
    for name in getattr(item, "__dataclass_fields__", ()):
        if name not in held and hasattr(item, name):
            object.__setattr__(item, name, getattr(item, name))
