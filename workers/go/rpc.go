package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log"
	"regexp"
	"time"
	"unicode/utf8"
)

const (
	parseError     = -32700
	invalidRequest = -32600
	notFound       = -32601
	invalidParams  = -32602
	fault          = -32603
	declined       = -32001
	retryLater     = -32002
	closed         = -32003
	reused         = -32004
)

// rpcError is an error object of JSON-RPC. Data is for people and holds no payload.
type rpcError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
	Data    string `json:"data,omitempty"`
}

func (problem *rpcError) Error() string { return problem.Message }

func invalid(text string) error { return &rpcError{invalidParams, "invalid params", text} }

type members = map[string]json.RawMessage

// answer gives the bytes to answer with; nil for a notification.
func (worker *worker) answer(body []byte) []byte {
	if !utf8.Valid(body) || halfPair(body) || !json.Valid(body) {
		return failure(nil, &rpcError{parseError, "parse error", ""})
	}
	var request members
	if json.Unmarshal(body, &request) != nil || request == nil {
		return failure(nil, &rpcError{invalidRequest, "invalid request", ""})
	}
	id, wanted := request["id"]
	if !isID(id) {
		id = nil
	}
	var version, method string
	if text(request["jsonrpc"], &version) != nil || version != "2.0" || text(request["method"], &method) != nil {
		return failure(id, &rpcError{invalidRequest, "invalid request", ""})
	}
	result, err := worker.result(method, request["params"])
	worker.renew(err)
	if !wanted {
		return nil
	}
	if err != nil {
		return failure(id, err)
	}
	return bytes.Join([][]byte{[]byte(`{"jsonrpc":"2.0","id":`), orNull(id), []byte(`,"result":`), result, []byte("}")}, nil)
}

// patience is how long the caller waits for this call: 10 s, or as long as it says.
func patience(about json.RawMessage) time.Duration {
	var meta struct {
		TimeoutMs int64 `json:"timeout_ms"`
	}
	if json.Unmarshal(about, &meta) != nil {
		meta.TimeoutMs = 0
	}
	return time.Duration(min(max(meta.TimeoutMs, 10_000), 86_400_000)) * time.Millisecond
}

func (worker *worker) result(method string, raw json.RawMessage) ([]byte, error) {
	params := members{}
	if raw != nil && (json.Unmarshal(raw, &params) != nil || params == nil) {
		return nil, invalid("parameters are given by name")
	}
	about := params["_meta"]
	delete(params, "_meta")
	// not the request's context: a caller that hangs up must not cut a transaction short
	within, cancel := context.WithTimeout(context.Background(), patience(about))
	defer cancel()
	switch method {
	case "accompanist.close":
		return worker.close(within, params)
	case "accompanist.forget":
		return worker.forget(within, params)
	}
	operation, known := worker.operations[method]
	if !known {
		return nil, &rpcError{notFound, "method not found", ""}
	}
	run, err := operation.read(params)
	if err != nil {
		return nil, err
	}
	if operation.kind == query {
		return worker.ask(within, run)
	}
	key, err := keyOf(about, operation.kind, method, params)
	if err != nil {
		return nil, err
	}
	return worker.transact(within, key, run)
}

func failure(id json.RawMessage, err error) []byte {
	var problem *rpcError
	var refused decline
	switch {
	case errors.As(err, &refused):
		problem = &rpcError{declined, "declined", string(refused)}
	case errors.As(err, &problem):
	case passing(err):
		problem = &rpcError{retryLater, "retry later", ""}
	default:
		log.Printf("fault: %T", err) // not its text, which may quote what was sent
		problem = &rpcError{fault, "internal error", ""}
	}
	told, _ := json.Marshal(problem)
	return bytes.Join([][]byte{[]byte(`{"jsonrpc":"2.0","id":`), orNull(id), []byte(`,"error":`), told, []byte("}")}, nil)
}

// -- what parameters have to be ---------------------------------------------------------------------

// exactly these members, by their very names: encoding/json would take "Cents" for "cents".
func exactly(params members, names ...string) error {
	for _, name := range names {
		if _, there := params[name]; !there {
			return invalid("missing: " + name)
		}
	}
	if len(params) != len(names) {
		return invalid("a parameter that the operation does not have")
	}
	return nil
}

func text(raw json.RawMessage, into *string) error { return as(raw, '"', into) }

func integer(raw json.RawMessage, into *int64) error {
	if len(raw) > 0 && raw[0] == 'n' { // null would leave the zero in place
		return invalid("not an integer")
	}
	if json.Unmarshal(raw, into) != nil {
		return invalid("not an integer")
	}
	return nil
}

func object(raw json.RawMessage, into *members) error { return as(raw, '{', into) }

func as(raw json.RawMessage, begins byte, into any) error {
	if len(raw) == 0 || raw[0] != begins || json.Unmarshal(raw, into) != nil {
		return invalid("a parameter of another type")
	}
	return nil
}

func isID(raw json.RawMessage) bool {
	var number int64
	return len(raw) > 0 && (raw[0] == '"' || raw[0] != 'n' && json.Unmarshal(raw, &number) == nil)
}

func orNull(raw json.RawMessage) []byte {
	if raw == nil {
		return []byte("null")
	}
	return raw
}

var escapes = regexp.MustCompile(`\\(u[dD][89abAB]..\\u[dD][c-fC-F]..|u[dD][89a-fA-F]..|.)`)

// halfPair finds an escape for half a surrogate pair: encoding/json would replace it silently, and what was replaced is
// another argument.
func halfPair(body []byte) bool {
	for _, found := range escapes.FindAll(body, -1) {
		if len(found) == 6 {
			return true
		}
	}
	return false
}

// canonical is one text for one value, whatever the order of its members and white space were. Numbers stay as they are.
func canonical(params members) (string, error) {
	raw, err := json.Marshal(params)
	if err != nil {
		return "", err
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return "", err
	}
	return encode(value)
}

func encode(value any) (string, error) {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(value)
	return string(bytes.TrimSuffix(buffer.Bytes(), []byte("\n"))), err
}
