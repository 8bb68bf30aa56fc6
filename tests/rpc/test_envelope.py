"""Requests and answers: what is written is what is read, and every answer a worker may give has one meaning."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accompanist import limits
from accompanist.language.values import codec
from accompanist.rpc import envelope
from accompanist.rpc.envelope import RpcError, RpcRequest
from accompanist.rpc.strict import Malformed
from accompanist.runtime.answers import Answer, Closed, Declined, Fault, Missing, Replied, RetryLater, Reused

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), inner, max_size=3)
    ),
    max_leaves=10,
)
names = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1).filter(
    lambda name: name != "_meta"
)


@pytest.mark.slow
@given(st.integers(1, 2**60), names, st.dictionaries(names, json_values, max_size=4), json_values)
def test_a_request_is_read_as_it_was_written(id: int, method: str, arguments: dict[str, Any], context: Any) -> None:
    meta = codec.encode({"context": context})
    requests, batch = envelope.read_requests(envelope.write_request(id, method, codec.encode(arguments), meta))
    [request] = requests
    assert isinstance(request, RpcRequest) and not batch and not request.notification
    assert (request.id, request.method, request.meta) == (id, method, meta)
    assert {name: json.loads(bytes(raw)) for name, raw in request.params.items()} == arguments


@given(st.binary(max_size=300) | json_values.map(lambda value: json.dumps(value).encode()))
def test_no_bytes_make_reading_raise(data: bytes) -> None:
    envelope.read_requests(data)
    with contextlib.suppress(Malformed):
        envelope.read_answer(data)


@pytest.mark.parametrize("wrong", [(b"[]", b"{}"), (b"{}", b"null"), (b"", b"{}"), (b"{}", b"")])
def test_arguments_and_meta_are_objects(wrong: tuple[bytes, bytes]) -> None:
    with pytest.raises(ValueError, match="JSON objects"):
        envelope.write_request(1, "a", *wrong)


@pytest.mark.parametrize(
    ("request_", "id", "code"),
    [
        (b"{", None, -32700),
        (b"\xff", None, -32700),
        (b'{"jsonrpc":"2.0","method":"a","id":1,"id":2}', None, -32700),
        (b"1", None, -32600),
        (b'"a"', None, -32600),
        (b"[]", None, -32600),
        (b"[" + b",".join([b"1"] * 65) + b"]", None, -32600),
        (b"{}", None, -32600),
        (b'{"method":"a","id":7}', 7, -32600),
        (b'{"jsonrpc":"1.0","method":"a","id":"x"}', "x", -32600),
        (b'{"jsonrpc":"2.0","method":1,"id":7}', 7, -32600),
        (b'{"jsonrpc":"2.0","method":"a","id":1.5}', None, -32600),
        (b'{"jsonrpc":"2.0","method":"a","id":true}', None, -32600),
        (b'{"jsonrpc":"2.0","method":"a","id":{}}', None, -32600),
        (b'{"jsonrpc":"2.0","method":"a","id":"' + b"x" * 129 + b'"}', None, -32600),
        (b'{"jsonrpc":"2.0","method":"a","id":7,"params":[1]}', 7, -32602),
        (b'{"jsonrpc":"2.0","method":"a","id":7,"params":1}', 7, -32602),
        (b'{"jsonrpc":"2.0","method":"\\ud800","id":7}', 7, -32600),
        (b'{"jsonrpc":"2.0","method":"a","id":"\\ud800"}', None, -32600),
    ],
)
def test_what_is_no_request(request_: bytes, id: envelope.Id, code: int) -> None:
    [(found, error)], batch = envelope.read_requests(request_)  # type: ignore[misc]
    assert (found, error.code, batch) == (id, code, False)


@pytest.mark.parametrize("count", [0, limits.batch_requests_max + 1])
def test_a_batch_of_none_or_too_many_is_refused_whole(count: int) -> None:
    one = envelope.write_request(1, "charge", b"{}", b"{}")
    [(found, error)], batch = envelope.read_requests(b"[" + b",".join([one] * count) + b"]")  # type: ignore[misc]
    assert (found, error.code, batch) == (None, envelope.INVALID_REQUEST, False)


def test_a_batch_is_read_one_by_one() -> None:
    requests, batch = envelope.read_requests(
        b'[{"jsonrpc":"2.0","method":"a","id":1},{"jsonrpc":"2.0","method":"b"},7]'
    )
    first, second, third = requests
    assert batch
    assert isinstance(first, RpcRequest) and not first.notification
    assert isinstance(second, RpcRequest) and second.notification
    assert isinstance(third, tuple) and third[1].code == -32600


ANSWERS: list[tuple[bytes, Answer]] = [
    (b'"result":{"b":1, "a":2}', Replied(b'{"b":1, "a":2}')),
    (b'"result":null', Replied(b"null")),
    (b'"error":{"code":-32001,"message":"declined","data":"no money"}', Declined("no money")),
    (b'"error":{"code":-32001,"message":"declined","data":{"reason":"no money"}}', Declined("no money")),
    (b'"error":{"code":-32001,"message":"no money"}', Declined("no money")),
    (b'"error":{"code":-32001,"message":"no money","data":7}', Declined("no money")),
    (b'"error":{"code":-32001}', Declined("")),
    (b'"error":{"code":-32001,"message":"%b"}' % (b"x" * 600), Declined("x" * limits.reason_chars_max)),
    (b'"error":{"code":-32002,"message":"m","data":"lock_wait"}', RetryLater("lock_wait")),
    (b'"error":{"code":-32002,"message":"CANARY","data":"CANARY"}', RetryLater("the worker asks to try again later")),
    (b'"error":{"code":-32003,"message":"m"}', Closed()),
    (b'"error":{"code":-32004,"message":"CANARY"}', Reused("the worker holds this key with other arguments")),
    (b'"error":{"code":-32601,"message":"m"}', Missing("")),
    (b'"error":{"code":-32603,"message":"CANARY"}', Fault("the worker answered error -32603")),
    (b'"error":{"code":42,"message":"CANARY","data":{"a":"CANARY"}}', Fault("the worker answered error 42")),
]


@pytest.mark.parametrize(("fields", "answer"), ANSWERS)
def test_what_an_answer_means(fields: bytes, answer: Answer) -> None:
    assert envelope.read_answer(b'{"jsonrpc":"2.0","id":7,%b}' % fields) == (7, answer)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b'[{"jsonrpc":"2.0","id":7,"result":1}]',
        b'{"jsonrpc":"2.0","id":7}',
        b'{"id":7,"result":1}',
        b'{"jsonrpc":"1.0","id":7,"result":1}',
        b'{"jsonrpc":"2.0","id":7,"result":1,"error":{"code":1,"message":"a"}}',
        b'{"jsonrpc":"2.0","id":7,"error":"CANARY"}',
        b'{"jsonrpc":"2.0","id":7,"error":{"code":"CANARY"}}',
        b'{"jsonrpc":"2.0","id":{},"result":1}',
        b'{"jsonrpc":"2.0","id":7,"result":1,"result":2}',
        b'{"jsonrpc":"2.0","id":7,"result":NaN}',
    ],
)
def test_what_is_no_answer(body: bytes) -> None:
    with pytest.raises(Malformed) as refused:
        envelope.read_answer(body)
    assert "CANARY" not in str(refused.value)


def test_an_operations_reply_is_one_value_and_what_a_close_answers_wraps_one() -> None:
    reply = Replied(b'"' + b"x" * limits.payload_bytes_max + b'"')
    assert envelope.told("put", reply) == Fault("a reply of 1048578 bytes, the limit is 1048576")
    assert envelope.told("accompanist.close", reply) == reply
    assert envelope.told("put", Missing("")) == Missing("put")


def test_requests_and_notifications_are_no_answers() -> None:
    assert envelope.read_answer(b'{"jsonrpc":"2.0","method":"$/progress","params":{}}') is None
    assert envelope.read_answer(b'{"jsonrpc":"2.0","method":"ask","id":7}') is None


@given(st.integers(-(2**31), 2**31) | st.text(st.characters(exclude_categories=["Cs"])) | st.none(), json_values)
def test_results_and_errors_are_json(id: envelope.Id, value: Any) -> None:
    result = json.loads(envelope.write_result(id, json.dumps(value).encode()))
    assert result == {"jsonrpc": "2.0", "id": id, "result": value}
    error = json.loads(envelope.write_error(id, RpcError(-1, "m", value)))
    assert error["error"] == {"code": -1, "message": "m", **({} if value is None else {"data": value})}


@pytest.mark.parametrize(
    ("head", "tail", "id"),
    [
        (b'{"jsonrpc":"2.0","id":17,"result":{"id":4', b"x", 17),
        (b'{ "id" : 17 , "result"', b"x", 17),
        (b'{"result":{"id":4,', b'"x","id":17}', 17),
        (b'{"result":{"id":4,', b'"x"}, "id" : 17 , "jsonrpc":"2.0" }\n', 17),
        (b'{"result":{"id":4,', b'"id":17}}', None),
        (b'{"result":{"id":4,', b'"id":"17"}', None),
        (b"xxx", b"xxx", None),
    ],
)
def test_the_id_at_the_edge(head: bytes, tail: bytes, id: int | None) -> None:
    assert envelope.id_at_edge(head, tail) == id


def test_texts_about_parameters_do_not_quote_values() -> None:
    for text, shown in (
        ("Invalid enum value 'CANARY' - at `$.key`", "Invalid enum value - at `$.key`"),
        ("Invalid value 'CANARY - at `$' - at `$.a`", "Invalid value - at `$.a`"),
        ("Invalid enum value 7", "Invalid enum value"),
        ("Expected `int`, got `str` - at `$.a`", "Expected `int`, got `str` - at `$.a`"),
    ):
        assert envelope.invalid_params(text).data == shown
