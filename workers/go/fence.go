package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

const siteBytesMax = 800
const valueBytesMax = 1_048_576 // a larger reply would be refused by the sidecar, larger arguments by its close

// decline is an operation's decision against it: final, and its reason is recorded.
type decline string

func (reason decline) Error() string { return string(reason) }

type kind string

const (
	forward    kind = "forward"
	compensate kind = "compensate"
	query      kind = "query"
)

// key is what the fence knows a call by, with what it asks for.
type key struct {
	session, role, site, kind, method, arguments string
	retriable                                    bool // it may not decline; no part of the key
}

// statements is what an operation may do with its connection, which is in a transaction.
type statements interface {
	Exec(within context.Context, statement string, given ...any) (pgconn.CommandTag, error)
	QueryRow(within context.Context, statement string, given ...any) pgx.Row
}

// work is an operation with its parameters, to be done in a transaction.
type work func(within context.Context, tx statements, call key) (any, error)

// operation reads its parameters before anything is begun.
type operation struct {
	kind kind
	read func(params members) (work, error)
}

type worker struct {
	database   *pgxpool.Pool
	operations map[string]operation
	patience   time.Duration // for a connection that is free
}

// readCommitted is stated for every transaction: the fence waits for a lock and then reads what its holder did, and what
// BEGIN alone means is a setting of the role, the database or the server.
const readCommitted = "BEGIN ISOLATION LEVEL READ COMMITTED"

// settings is what a connection has to be, whatever the role, the database or the server is set to.
var settings = map[string]string{
	"lock_timeout":                        "5000",
	"statement_timeout":                   "8000",
	"idle_in_transaction_session_timeout": "30000",
	"idle_session_timeout":                "0",
	"default_transaction_isolation":       "read committed",
	"default_transaction_read_only":       "off",
	"default_transaction_deferrable":      "off",
	"synchronous_commit":                  "on",
	"row_security":                        "on",
}

func open(dsn, schema string, places int) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, err
	}
	for name, value := range settings {
		config.ConnConfig.RuntimeParams[name] = value
	}
	config.ConnConfig.RuntimeParams["search_path"] = schema
	config.MaxConns = int32(places)
	return pgxpool.NewWithConfig(context.Background(), config)
}

// connection is one of the pool. Where all are in use for too long the call has not begun, and costs its caller no
// attempt; where none can be opened, whatever the reason is may pass.
func (worker *worker) connection(within context.Context) (*pgxpool.Conn, error) {
	soon, cancel := context.WithTimeout(within, worker.patience)
	defer cancel()
	taken, err := worker.database.Acquire(soon)
	if err == nil {
		return taken, nil
	}
	log.Printf("no connection: %T", err)
	used := worker.database.Stat()
	if errors.Is(err, context.DeadlineExceeded) && used.AcquiredConns() >= used.MaxConns() {
		return nil, &rpcError{retryLater, "retry later", "busy"}
	}
	return nil, &rpcError{retryLater, "retry later", ""}
}

// begin gives a connection, what begins a transaction on it, to be sent with more, and what ends the transaction unless
// it was committed. A caller who is patient gets more time than the connection's limits, which suit one of 10 s.
func (worker *worker) begin(within context.Context, how string) (*pgxpool.Conn, *pgx.Batch, func(), error) {
	taken, err := worker.connection(within)
	if err != nil {
		return nil, nil, nil, err
	}
	first := &pgx.Batch{}
	first.Queue(how)
	deadline, _ := within.Deadline()
	if left := time.Until(deadline).Milliseconds(); left > 10_000 {
		first.Queue(`SELECT set_config('statement_timeout', $1, true), set_config('idle_in_transaction_session_timeout', $2, true)`,
			strconv.FormatInt(left-2_000, 10), strconv.FormatInt(left+20_000, 10))
	}
	return taken, first, func() {
		if taken.Conn().PgConn().TxStatus() != 'I' {
			soon, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			_, _ = taken.Exec(soon, "ROLLBACK") // where it fails, the pool closes the connection
		}
		taken.Release()
	}, nil
}

// together sends all statements of a batch at once and waits for them. A statement after one that failed is not done.
func together(within context.Context, taken *pgxpool.Conn, batch *pgx.Batch) error {
	return taken.SendBatch(within, batch).Close()
}

// row asks one statement by itself.
func (worker *worker) row(within context.Context, into []any, statement string, given ...any) error {
	taken, err := worker.connection(within)
	if err != nil {
		return err
	}
	defer taken.Release()
	return taken.QueryRow(within, statement, given...).Scan(into...)
}

// renew closes the connections that nobody uses, and those in use when they are given back, after an error that the
// server goes on giving for as long as it is asked over them: it was demoted, is shutting down, does not know the login.
func (worker *worker) renew(err error) {
	var told *pgconn.PgError
	if errors.As(err, &told) && spoils(told) {
		worker.database.Reset()
	}
}

// transact gives the reply of a transaction or compensation, done now or before.
func (worker *worker) transact(within context.Context, key key, run work) ([]byte, error) {
	status, answer, err := worker.guarded(within, key, run)
	var reason decline
	switch refused := errors.As(err, &reason); {
	case refused && key.kind == string(compensate):
		err = errors.New("a compensation declined")
	case refused && key.retriable:
		// a fault, which is asked again, and no outcome to keep
		told := []rune(string(reason))
		err = &rpcError{declined, "declined", string(told[:min(len(told), 500)])}
	case refused:
		// the effects are rolled back; the refusal is recorded by itself, and what was recorded before it wins
		told := []rune(strings.ReplaceAll(string(reason), "\x00", ""))
		err = worker.row(within, []any{&status, &answer}, `SELECT status, coalesce(answer, '') FROM fence_refuse($1, $2, $3, $4, $5, $6)`,
			key.session, key.role, key.site, key.method, key.arguments, string(told[:min(len(told), 500)]))
	}
	switch {
	case err != nil:
		return nil, err
	case status == "replied":
		return []byte(answer), nil
	case status == "declined":
		return nil, &rpcError{declined, "declined", answer}
	case status == "closed":
		return nil, &rpcError{closed, "closed", ""}
	}
	return nil, &rpcError{reused, "key reused with other arguments", ""}
}

// guarded does it within one commit: BEGIN and enter in one round trip to the database, the operation's own statements,
// leave and COMMIT in one.
func (worker *worker) guarded(within context.Context, key key, run work) (status, answer string, err error) {
	tx, first, end, err := worker.begin(within, readCommitted)
	if err != nil {
		return "", "", err
	}
	defer end()
	entered := first.Queue(`SELECT status, coalesce(answer, '') FROM fence_enter($1, $2, $3, $4, $5, $6)`,
		key.session, key.role, key.site, key.kind, key.method, key.arguments)
	entered.QueryRow(func(row pgx.Row) error { return row.Scan(&status, &answer) })
	if err = together(within, tx, first); err != nil {
		return "", "", err
	}
	last := &pgx.Batch{}
	if status == "run" {
		reply, err := run(within, tx, key)
		if err != nil {
			return "", "", err
		}
		if answer, err = encode(reply); err != nil {
			return "", "", err
		}
		if len(answer) > valueBytesMax {
			return "", "", errors.New("the reply is too large")
		}
		last.Queue(`SELECT fence_leave($1, $2, $3, $4, $5, $6, $7)`,
			key.session, key.role, key.site, key.kind, key.method, key.arguments, answer)
		status = "replied"
	}
	return status, answer, commit(within, tx, last)
}

// commit sends COMMIT with the statements of a batch. A transaction in which a statement failed is rolled back by its
// COMMIT, without an error.
func commit(within context.Context, tx *pgxpool.Conn, last *pgx.Batch) error {
	last.Queue("COMMIT").Exec(func(tag pgconn.CommandTag) error {
		if tag.String() != "COMMIT" {
			return errors.New("the transaction was rolled back")
		}
		return nil
	})
	return together(within, tx, last)
}

// ask runs a query in a transaction that cannot write.
func (worker *worker) ask(within context.Context, run work) ([]byte, error) {
	tx, first, end, err := worker.begin(within, readCommitted+" READ ONLY")
	if err != nil {
		return nil, err
	}
	defer end()
	if err = together(within, tx, first); err != nil {
		return nil, err
	}
	reply, err := run(within, tx, key{})
	var told *pgconn.PgError
	if errors.As(err, &told) && told.Code == readOnly {
		return nil, errors.New("a query wrote") // no server that was demoted: it may not
	}
	if err != nil {
		return nil, err
	}
	answer, err := encode(reply)
	return []byte(answer), err
}

func (worker *worker) close(within context.Context, params members) ([]byte, error) {
	var session, role string
	var unless, before *string
	if text(params["session"], &session) != nil || !uuid.MatchString(session) || text(params["role"], &role) != nil ||
		!isName(role) || params["unless"] != nil && json.Unmarshal(params["unless"], &unless) != nil ||
		params["before"] != nil && json.Unmarshal(params["before"], &before) != nil {
		return nil, invalid("close takes session, role and perhaps unless and before")
	}
	var told []byte
	err := worker.row(within, []any{&told}, `SELECT fence_close($1, $2, $3, p_before => $4)`, session, role, unless, before)
	return told, err
}

func (worker *worker) forget(within context.Context, params members) ([]byte, error) {
	var sessions []string
	if raw := params["sessions"]; len(raw) == 0 || raw[0] != '[' || json.Unmarshal(raw, &sessions) != nil {
		return nil, invalid("forget takes sessions, a list")
	}
	for _, session := range sessions {
		if !uuid.MatchString(session) {
			return nil, invalid("not a session")
		}
	}
	var rows int64
	err := worker.row(within, []any{&rows}, `SELECT fence_forget($1::uuid[])`, sessions)
	return []byte(`{"rows":` + strconv.FormatInt(rows, 10) + `}`), err
}

var uuid = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

func isName(text string) bool {
	return text != "" && len(text) <= siteBytesMax && !strings.Contains(text, "\x00")
}

// keyOf reads the key of a call from its _meta. The attempt is no part of it.
func keyOf(about json.RawMessage, wanted kind, method string, params members) (key, error) {
	found := key{kind: string(forward), method: method}
	var meta members
	if object(about, &meta) != nil || text(meta["session"], &found.session) != nil || text(meta["role"], &found.role) != nil ||
		text(meta["site"], &found.site) != nil || meta["key"] != nil && text(meta["key"], &found.kind) != nil {
		return key{}, invalid("the key in _meta: session, role, site, key")
	}
	if !uuid.MatchString(found.session) || !isName(found.role) || !isName(found.site) || found.kind != string(wanted) {
		return key{}, invalid("the key in _meta: session, role, site, key")
	}
	found.retriable = string(meta["retriable"]) == "true"
	var err error
	found.arguments, err = canonical(params)
	if err == nil && len(found.arguments) > valueBytesMax {
		err = invalid("too large")
	}
	return found, err
}

const readOnly = "25006"

// spoils tells what the server goes on saying over this connection, where a new one may lead to a better server.
func spoils(told *pgconn.PgError) bool {
	switch told.Code[:2] {
	case "08", "28", "58", "XX":
		return true
	}
	return told.Code == readOnly || told.Code == "3D000" || strings.HasPrefix(told.Code, "57P")
}

// passing tells errors that may pass: a conflict, a lock, a time-out, a right that somebody took away, a database that is
// away or does not let us in or write.
func passing(err error) bool {
	var told *pgconn.PgError
	if errors.As(err, &told) {
		switch {
		case told.Code == "23505":
			return told.TableName == "fence_call" // a repeat of this very call was first
		case told.Code == "57014", told.Code == "40001", told.Code == "40P01", told.Code == "55P03", told.Code == "25P03",
			told.Code == "42501", told.Code[:2] == "53":
			return true
		}
		return spoils(told)
	}
	var network net.Error
	return pgconn.SafeToRetry(err) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) ||
		errors.As(err, &network) || errors.Is(err, context.DeadlineExceeded)
}
