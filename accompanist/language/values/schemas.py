"""Types as JSON schemas that a database can check (`migrations/contract/misfit.sql`).

The schemas are a part of what msgspec makes of a type: what a value is, which members it has to have and may have, what
stands in them. A member that the type does not have is refused, as in what people send (`codec.decode_exactly`).

Not promised: that a value that fits such a schema is of the type. Bounds, formats, a message's own checks and the
fields of pydantic models are left to whoever decodes it. What does not fit is never of the type.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from accompanist.language.values import tagged

_KEPT = ("$ref", "type", "enum", "required", "minItems", "maxItems")


class Schemas(NamedTuple):
    """A schema for each type that was asked for, in its order, and those that they name by `$ref`."""

    asked: list[dict[str, Any]]
    named: dict[str, Any]


def schemas_of(types: list[Any]) -> Schemas:
    """The schemas of these types. A type that has none is given one that every value fits."""
    found = Schemas([], {})
    for at, type in enumerate(types):
        asked, named = _made(type, f"{at}.{{name}}")  # two types may have one name
        found.asked.append(_checkable(asked))
        found.named.update({f"{at}.{name}": _checkable(schema) for name, schema in named.items()})
    return found


def _made(type: Any, reference: str) -> tuple[dict[str, Any], dict[str, Any]]:
    try:
        [asked], named = msgspec.json.schema_components(
            [tagged.readable(type)], ref_template=reference, schema_hook=lambda unknown: {}
        )
    except Exception:  # a type may run code of its user's, to say what it is
        return {}, {}
    return asked, named


def _checkable(schema: Any) -> dict[str, Any]:
    """A schema with nothing in it that is not checked, and closed where it lists the members of an object."""
    if not isinstance(schema, dict):
        return {}
    if schema.get("format") == "decimal":
        return {"type": ["string", "number"]}
    made = {name: schema[name] for name in _KEPT if name in schema}
    if "anyOf" in schema:
        made["anyOf"] = [_checkable(part) for part in schema["anyOf"]]
    if "prefixItems" in schema:
        made["prefixItems"] = [_checkable(part) for part in schema["prefixItems"]]
    if "items" in schema:
        made["items"] = _checkable(schema["items"])
    others = schema.get("additionalProperties")
    if "properties" in schema:
        made["properties"] = {name: _checkable(part) for name, part in schema["properties"].items()}
        made["additionalProperties"] = False
    elif isinstance(others, dict):
        made["additionalProperties"] = _checkable(others)
    return made
