"""What a client may search by, and what an attribute may be."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from accompanist import limits
from accompanist.runtime.ports import EVERY_SESSION, Phase
from accompanist.sidecar.api.search import List
from accompanist.sidecar.api.starting import Start


def start(**attributes: Any) -> dict[str, str]:
    given = {"choreography": "c", "arguments": msgspec.Raw(b"{}"), "attributes": attributes}
    return msgspec.convert(given, Start).attributes


def test_attributes_are_short_names_with_short_texts() -> None:
    assert start(customer="gold", **{"order.no-1_a": "é 'x' = 7"})["customer"] == "gold"
    assert start(**{f"a{number}": "x" for number in range(limits.attributes_max)})
    assert start() == {}


@pytest.mark.parametrize(
    "attributes",
    [
        {"": "x"},
        {"a=b": "x"},
        {"1a": "x"},
        {"a\n": "x"},
        {"é": "x"},
        {"a": ""},
        {"a": "x\n"},
        {"a": "\x00"},
        {"a": 7},
        {"a": "x" * (limits.attribute_text_chars_max + 1)},
        {"a" * (limits.attribute_name_chars_max + 1): "x"},
        {f"a{number}": "x" for number in range(limits.attributes_max + 1)},
    ],
)
def test_what_is_none_is_refused(attributes: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        start(**attributes)


def test_every_field_of_a_search_can_be_asked_for() -> None:
    given = {
        "role": "payment", "choreography": "c", "state": "done", "outcome": "settled", "open": True, "parked": False,
        "retrying": True, "waiting": "charge", "older_s": 1, "idle_s": 2.5, "attributes": {"a": "b"}, "limit": 5,
        "after": {"started_at": 1.0, "session": "0190d3a0-0000-7000-8000-0000000000aa", "role": "payment"},
    }  # fmt: skip
    asked = msgspec.convert(given, List)
    found = msgspec.structs.asdict(asked.search)
    assert found.pop("session") is None
    assert found.pop("phase") is Phase.DONE
    assert {name: given[name] for name in found} == found
    assert msgspec.convert({"attributes": {}}, List).search == EVERY_SESSION
    assert {*found, "state", "after", "limit"} == set(List.__struct_fields__), "nothing of it is left out"


@pytest.mark.parametrize("given", [{"limit": 0}, {"limit": 10_000_000}, {"older_s": -1}, {"state": "asleep"}, {"x": 1}])
def test_a_search_that_means_nothing_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(given, List)
