"""The header of a message: every field has a type, a bound and a character set, and the check takes linear time."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from accompanist import limits
from accompanist.runtime import control
from accompanist.runtime.headers import header_fault, key_fault, message_fault, trace_headers
from accompanist.runtime.messages import Kind
from tests.effort import lines
from tests.runtime import sagas

HEADER = replace(sagas.HEADER, attributes={"customer": "gold"}, deadline=1_900_000_000.0)
UNSEEN = ["\x00", "\x07", "\x1b[2J", "\n", "\r", "\x7f", "\x9b31m", "\u2028", "\u202e", "\ud800"]


@pytest.mark.parametrize("text", [*UNSEEN, "", "a b", "f" * 60_000, "x" * (limits.name_chars_max + 1), "é\u0301;"])
def test_names_are_names(text: str) -> None:
    assert header_fault(replace(HEADER, choreography=text))
    assert header_fault(replace(HEADER, initiator=text))
    assert header_fault(replace(HEADER, fingerprint=text))
    assert header_fault(replace(HEADER, mode=text))
    assert header_fault(replace(HEADER, bindings=HEADER.bindings | {text: "a"}))
    assert header_fault(replace(HEADER, bindings=HEADER.bindings | {"a": text}))
    assert header_fault(replace(HEADER, attributes={text: "x"}))
    assert key_fault("1", "a", text)
    assert text == "" or key_fault("1", text, "a")


@pytest.mark.parametrize("seconds", [1e308, -1e308, float("inf"), float("nan"), -1.0, 1e12])
def test_times_are_times(seconds: float) -> None:
    assert header_fault(replace(HEADER, started_at=seconds))
    assert header_fault(replace(HEADER, deadline=seconds))


@pytest.mark.parametrize("text", [*UNSEEN, "", "x" * (limits.attribute_text_chars_max + 1)])
def test_attributes_are_lines(text: str) -> None:
    assert header_fault(replace(HEADER, attributes={"customer": text}))


def test_there_are_not_too_many() -> None:
    assert header_fault(replace(HEADER, attributes={f"k{n}": "v" for n in range(limits.attributes_max + 1)}))
    assert header_fault(replace(HEADER, bindings={f"r{n}": "v" for n in range(limits.roles_max + 1)}))
    assert header_fault(replace(HEADER, bindings={}))


@pytest.mark.parametrize("site", [*UNSEEN, "", "1" * (limits.site_bytes_max + 1), "é" * limits.site_bytes_max])
def test_sites_are_sites(site: str) -> None:
    assert key_fault(site, "a", "b")


def test_what_honest_sidecars_say_is_believed() -> None:
    texts = {"customer": "Zoë & co, 5\u00a0000 €", "a.b-c_d": "x" * limits.attribute_text_chars_max}
    for header in (HEADER, sagas.HEADER, replace(HEADER, attributes=texts, choreography="bestellung_größe")):
        assert header_fault(header) is None
        assert message_fault(control.control(header, Kind.ABORT, "a", "b", "no")) is None
    for site in ("1", "7[2].3", "!event/paid", f"!operator/{'0' * 32}", "4/12[3]/7"):
        assert key_fault(site, "", "b") is None
    assert message_fault(sagas.start()) is None
    assert message_fault(control.event(HEADER.session, "a", "desk", "paid", b"1", 5.0)) is None


def test_only_an_event_names_no_choreography() -> None:
    event = control.event(HEADER.session, "a", "desk", "paid", b"1", 5.0)
    assert message_fault(replace(event, kind=Kind.ABORT))
    assert message_fault(replace(event, header=HEADER))
    assert message_fault(replace(sagas.start(), header=replace(HEADER, choreography="", fingerprint="", initiator="")))


def test_damaged_trace_headers_are_left_out() -> None:
    good = {"traceparent": f"00-{'1' * 32}-{'2' * 16}-01", "baggage": "a=b", "tracestate": "v=1"}
    assert trace_headers(good) == good
    assert trace_headers(good | {"more": "x"}) == good
    for text in (*UNSEEN, "x" * (limits.baggage_chars_max + 1)):
        assert trace_headers(dict.fromkeys(good, text)) == {}


def test_long_texts_take_no_more_steps_than_short_ones() -> None:
    short = replace(HEADER, attributes={"customer": "\x1b"})
    long = replace(HEADER, attributes={"customer": "x" * 65_536})
    assert header_fault(long)
    assert lines(lambda: header_fault(long)) <= lines(lambda: header_fault(short))
