"""Encoding and decoding of JSON-RPC 2.0 requests and answers, without I/O.

Encoding splices: arguments, `_meta` and results are JSON already and are inserted unchanged, so that a worker computes
the same digest as the log. Decoding has two steps: `strict.check` refuses what must not be parsed, then msgspec decodes
the envelope and leaves its contents raw.

A worker may send anything. `read_answer` returns which call it answers and what it means, or raises Malformed, without
showing the content. Error texts are our own, chosen by code: a worker may quote its arguments in an error's message.

Not promised: fractional ids. The specification discourages them; they are refused.
"""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec

from accompanist import limits
from accompanist.language.values.codec import unquoted
from accompanist.rpc import strict
from accompanist.rpc.strict import Malformed
from accompanist.runtime.answers import Answer, Closed, Declined, Fault, Gone, Missing, Replied, RetryLater, Reused
from accompanist.runtime.headers import words

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
FAILED = -32000  # a named failure of the public API; data holds code, title, text, hint
DECLINED = -32001
RETRY_LATER = -32002
CLOSED = -32003
REUSED = -32004
GONE = -32005

RESERVED = "accompanist."
"""The prefix of the worker contract's own methods."""


Id = int | str | None

_TOKEN = re.compile(r"[a-z][a-z_]{0,40}")
_HEAD_ID = re.compile(rb'\s*\{\s*(?:"jsonrpc"\s*:\s*"2\.0"\s*,\s*)?"id"\s*:\s*(\d{1,18})\s*,')
_TAIL_ID = re.compile(rb',\s*"id"\s*:\s*(\d{1,18})\s*(?:,\s*"jsonrpc"\s*:\s*"2\.0"\s*)?\}\s*\Z')


class RpcRequest(msgspec.Struct, frozen=True):
    """A well-formed request. `params`: by name, raw; `meta`: the content of `_meta`. A notification gets no answer."""

    method: str
    params: dict[str, msgspec.Raw]
    meta: bytes | None
    id: Id
    notification: bool


class RpcError(Exception):
    """An error object; a handler raises it to answer with it. `data` is JSON-encodable and holds no payload."""

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.data = data


def invalid_params(text: str) -> RpcError:
    """The error for invalid parameters: msgspec's text, without the values that it quotes (of enums and tags)."""
    return RpcError(INVALID_PARAMS, "invalid params", unquoted(text))


class _RequestFields(msgspec.Struct):
    jsonrpc: str
    method: str
    params: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    id: int | str | msgspec.UnsetType | None = msgspec.UNSET


class _ErrorFields(msgspec.Struct):
    code: int
    message: str = ""
    data: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class _AnswerFields(msgspec.Struct):
    jsonrpc: str
    id: int | str | None = None
    method: str | msgspec.UnsetType = msgspec.UNSET
    result: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    error: _ErrorFields | msgspec.UnsetType = msgspec.UNSET


class _IdField(msgspec.Struct):
    id: Id = None


_id_field = msgspec.json.Decoder(_IdField)
_request_fields = msgspec.json.Decoder(_RequestFields)
_answer_fields = msgspec.json.Decoder(_AnswerFields)
_members = msgspec.json.Decoder(dict[str, msgspec.Raw])
_elements = msgspec.json.Decoder(list[msgspec.Raw])


# -- writing ---------------------------------------------------------------------------------------


def write_request(id: int, method: str, arguments: bytes, meta: bytes) -> bytes:
    """Encode a call. `arguments` and `meta` are JSON objects, spliced in unchanged."""
    if not (arguments[:1] == b"{" and arguments[-1:] == b"}" and meta[:1] == b"{" and meta[-1:] == b"}"):
        raise ValueError("arguments and meta are JSON objects")
    comma = b"" if arguments == b"{}" else b","
    return b'{"jsonrpc":"2.0","id":%d,"method":%b,"params":%b%b"_meta":%b}}' % (
        id,
        msgspec.json.encode(method),
        arguments[:-1],
        comma,
        meta,
    )


def write_result(id: Id, result: bytes) -> bytes:
    return b'{"jsonrpc":"2.0","id":%b,"result":%b}' % (msgspec.json.encode(id), result)


def write_error(id: Id, error: RpcError) -> bytes:
    fields: dict[str, Any] = {"code": error.code, "message": error.message}
    if error.data is not None:
        fields["data"] = error.data
    return b'{"jsonrpc":"2.0","id":%b,"error":%b}' % (msgspec.json.encode(id), msgspec.json.encode(fields))


# -- reading requests ------------------------------------------------------------------------------


def read_requests(data: bytes) -> tuple[list[RpcRequest | tuple[Id, RpcError]], bool]:
    """Decode a request or a batch. Returns the requests, with an id and an error in place of each invalid one, and
    whether it was a batch. Never raises."""
    try:
        strict.check(data)
    except Malformed as problem:
        return [(None, RpcError(PARSE_ERROR, "parse error", problem.text))], False
    if data.lstrip()[:1] != b"[":
        return [_read_request(data)], False
    try:
        raws = _elements.decode(data)
    except msgspec.DecodeError:
        return [(None, RpcError(PARSE_ERROR, "parse error"))], False
    if not 0 < len(raws) <= limits.batch_requests_max:
        text = f"a batch has between 1 and {limits.batch_requests_max} requests"
        return [(None, RpcError(INVALID_REQUEST, "invalid request", text))], False
    return [_read_request(bytes(raw)) for raw in raws], True


def _read_request(data: bytes) -> RpcRequest | tuple[Id, RpcError]:
    try:
        fields = _request_fields.decode(data)
    except msgspec.DecodeError:
        return _id_of(data), RpcError(INVALID_REQUEST, "invalid request", "not a JSON-RPC 2.0 request object")
    id = None if fields.id is msgspec.UNSET else fields.id
    if isinstance(fields.id, str) and len(fields.id) > limits.id_chars_max:
        return None, RpcError(INVALID_REQUEST, "invalid request", f"an id has {limits.id_chars_max} characters at most")
    if fields.jsonrpc != "2.0":
        return id, RpcError(INVALID_REQUEST, "invalid request", 'jsonrpc must be "2.0"')
    params: dict[str, msgspec.Raw] = {}
    if fields.params is not msgspec.UNSET:
        try:
            params = _members.decode(fields.params)
        except msgspec.DecodeError:
            return id, RpcError(INVALID_PARAMS, "invalid params", "parameters are given by name, as an object")
    meta = params.pop("_meta", None)
    notification = fields.id is msgspec.UNSET
    return RpcRequest(fields.method, params, None if meta is None else bytes(meta), id, notification)


def _id_of(data: bytes) -> Id:
    """The id of an invalid request, if it can be repeated in the answer. A long request with half of a surrogate pair
    is not parsed a second time for it."""
    try:
        id = _id_field.decode(data).id
    except msgspec.DecodeError:
        value = json.loads(data) if len(data) <= limits.read_twice_bytes_max else None
        id = value.get("id") if isinstance(value, dict) else None
    if isinstance(id, str) and len(id) <= limits.id_chars_max:
        return id if _encodable(id) else None
    return id if isinstance(id, int) and not isinstance(id, bool) else None


def _encodable(text: str) -> bool:
    """Whether a text can be encoded: half of a surrogate pair is valid JSON but no text."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


# -- reading answers -------------------------------------------------------------------------------


def read_answer(data: bytes) -> tuple[Id, Answer] | None:
    """Decode an answer: the id of its call, and its meaning. None for a request or notification, which a client
    ignores. `Missing` has no method name yet. Raises Malformed."""
    strict.check(data, parts_max=limits.answer_parts_max)
    try:
        fields = _answer_fields.decode(data)
    except msgspec.DecodeError:
        raise Malformed("not a JSON-RPC answer") from None
    if fields.jsonrpc != "2.0":
        raise Malformed('an answer\'s jsonrpc must be "2.0"')
    if fields.method is not msgspec.UNSET:
        return None
    if isinstance(fields.error, _ErrorFields):
        if fields.result is not msgspec.UNSET:
            raise Malformed("an answer with both result and error")
        return fields.id, _failure(fields.error)
    if not isinstance(fields.result, msgspec.Raw):
        raise Malformed("an answer without result or error")
    return fields.id, Replied(bytes(fields.result))


def told(method: str, answer: Answer) -> Answer:
    """An answer, completed for its `method`. An operation's reply is bounded like any value; the answer of a method of
    the contract wraps a value, and is only bounded as a message."""
    if isinstance(answer, Missing):
        return Missing(method)
    if isinstance(answer, Replied) and len(answer.value) > limits.payload_bytes_max and not method.startswith(RESERVED):
        return Fault(f"a reply of {len(answer.value)} bytes, the limit is {limits.payload_bytes_max}")
    return answer


def _failure(error: _ErrorFields) -> Answer:
    match error.code:
        case code if code == DECLINED:
            return Declined(words(_text(error.data) or error.message))
        case code if code == RETRY_LATER:
            return RetryLater(_token(error.data) or "the worker asks to try again later")
        case code if code == CLOSED:
            return Closed()
        case code if code == REUSED:
            return Reused("the worker holds this key with other arguments")
        case code if code == GONE:
            return Gone()
        case code if code == METHOD_NOT_FOUND:
            return Missing("")
        case code:
            return Fault(f"the worker answered error {code}", refused=code in (INVALID_REQUEST, INVALID_PARAMS))


def _text(data: msgspec.Raw | msgspec.UnsetType) -> str:
    """A reason, given as a string or as the `reason` member of an object."""
    if not isinstance(data, msgspec.Raw):
        return ""
    value = msgspec.json.decode(data)
    if isinstance(value, dict):
        value = value.get("reason")
    return value if isinstance(value, str) else ""


def _token(data: msgspec.Raw | msgspec.UnsetType) -> str:
    """A single lower-case word. Anything longer might carry a payload."""
    text = _text(data)
    return text if _TOKEN.fullmatch(text) else ""


def id_at_edge(head: bytes, tail: bytes) -> int | None:
    """The id of an answer that is too large to read, if its first or last bytes are those of the envelope."""
    found = _HEAD_ID.match(head) or _TAIL_ID.search(tail)
    return int(found.group(1)) if found else None
