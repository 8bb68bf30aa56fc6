package main

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net"
	"regexp"
	"strings"
	"time"

	"github.com/lib/pq"
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

// work is an operation with its parameters, to be done in a transaction.
type work func(within context.Context, tx *sql.Tx, call key) (any, error)

// operation reads its parameters before anything is begun.
type operation struct {
	kind kind
	read func(params members) (work, error)
}

type worker struct {
	database   *sql.DB
	operations map[string]operation
	places     int           // connections at most
	patience   time.Duration // for one that is free
}

// readCommitted is stated for every transaction: the fence waits for a lock and then reads what its holder did, and what
// BEGIN alone means is a setting of the role, the database or the server.
var readCommitted = &sql.TxOptions{Isolation: sql.LevelReadCommitted}

// settings is what a connection has to be, whatever the role, the database or the server is set to.
const settings = "lock_timeout=5000&statement_timeout=8000&idle_in_transaction_session_timeout=30000" +
	"&idle_session_timeout=0&default_transaction_isolation=read%20committed&default_transaction_read_only=off" +
	"&default_transaction_deferrable=off&synchronous_commit=on&row_security=on"

func open(dsn, schema string, places int) (*sql.DB, error) {
	separator := "?"
	if strings.Contains(dsn, "?") {
		separator = "&"
	}
	database, err := sql.Open("postgres", dsn+separator+"search_path="+schema+"&"+settings)
	if err == nil {
		database.SetMaxOpenConns(places)
		database.SetMaxIdleConns(places)
	}
	return database, err
}

// connection is one of the pool. Where all are in use for too long the call has not begun, and costs its caller no
// attempt; where none can be opened, whatever the reason is may pass.
func (worker *worker) connection(within context.Context) (*sql.Conn, error) {
	soon, cancel := context.WithTimeout(within, worker.patience)
	defer cancel()
	taken, err := worker.database.Conn(soon)
	if err == nil {
		return taken, nil
	}
	log.Printf("no connection: %T", err)
	if errors.Is(err, context.DeadlineExceeded) && worker.database.Stats().InUse >= worker.places {
		return nil, &rpcError{retryLater, "retry later", "busy"}
	}
	return nil, &rpcError{retryLater, "retry later", ""}
}

// begin gives a transaction, and what ends it unless it was committed.
func (worker *worker) begin(within context.Context, options *sql.TxOptions) (*sql.Tx, func(), error) {
	taken, err := worker.connection(within)
	if err != nil {
		return nil, nil, err
	}
	tx, err := taken.BeginTx(within, options)
	if err != nil {
		taken.Close()
		return nil, nil, err
	}
	return tx, func() {
		tx.Rollback() // after a commit it does nothing
		taken.Close()
	}, nil
}

// row asks one statement by itself.
func (worker *worker) row(within context.Context, into []any, statement string, given ...any) error {
	taken, err := worker.connection(within)
	if err != nil {
		return err
	}
	defer taken.Close()
	return taken.QueryRowContext(within, statement, given...).Scan(into...)
}

// renew closes the connections that nobody uses, after an error that the server goes on giving for as long as it is
// asked over them: it was demoted, is shutting down, does not know the login any more.
func (worker *worker) renew(err error) {
	var told *pq.Error
	if errors.As(err, &told) && spoils(told) {
		worker.database.SetMaxIdleConns(0)
		worker.database.SetMaxIdleConns(worker.places)
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

// guarded does it within one commit: enter, the operation's own statements, leave.
func (worker *worker) guarded(within context.Context, key key, run work) (status, answer string, err error) {
	tx, end, err := worker.begin(within, readCommitted)
	if err != nil {
		return "", "", err
	}
	defer end()
	if err = follow(within, tx); err != nil {
		return "", "", err
	}
	err = tx.QueryRowContext(within, `SELECT status, coalesce(answer, '') FROM fence_enter($1, $2, $3, $4, $5, $6)`,
		key.session, key.role, key.site, key.kind, key.method, key.arguments).Scan(&status, &answer)
	if err != nil {
		return "", "", err
	}
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
		_, err = tx.ExecContext(within, `SELECT fence_leave($1, $2, $3, $4, $5, $6, $7)`,
			key.session, key.role, key.site, key.kind, key.method, key.arguments, answer)
		if err != nil {
			return "", "", err
		}
		status = "replied"
	}
	return status, answer, tx.Commit()
}

// follow gives a transaction whose caller is patient more time than the connection's limits, which suit one of 10 s.
func follow(within context.Context, tx *sql.Tx) error {
	deadline, _ := within.Deadline()
	left := time.Until(deadline).Milliseconds()
	if left <= 10_000 {
		return nil
	}
	_, err := tx.ExecContext(within, fmt.Sprintf(
		"SET LOCAL statement_timeout = %d; SET LOCAL idle_in_transaction_session_timeout = %d", left-2_000, left+20_000))
	return err
}

// ask runs a query in a transaction that cannot write.
func (worker *worker) ask(within context.Context, run work) ([]byte, error) {
	tx, end, err := worker.begin(within, &sql.TxOptions{Isolation: sql.LevelReadCommitted, ReadOnly: true})
	if err != nil {
		return nil, err
	}
	defer end()
	if err = follow(within, tx); err != nil {
		return nil, err
	}
	reply, err := run(within, tx, key{})
	var told *pq.Error
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
	var rows []byte
	err := worker.row(within, []any{&rows}, `SELECT fence_forget($1::uuid[])`, pq.Array(sessions))
	return []byte(`{"rows":` + string(rows) + `}`), err
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
func spoils(told *pq.Error) bool {
	switch told.Code.Class() {
	case "08", "28", "58", "XX":
		return true
	}
	return told.Code == readOnly || told.Code == "3D000" || strings.HasPrefix(string(told.Code), "57P")
}

// passing tells errors that may pass: a conflict, a lock, a time-out, a right that somebody took away, a database that is
// away or does not let us in or write.
func passing(err error) bool {
	var told *pq.Error
	if errors.As(err, &told) {
		switch {
		case told.Code == "23505":
			return told.Table == "fence_call" // a repeat of this very call was first
		case told.Code == "57014", told.Code == "40001", told.Code == "40P01", told.Code == "55P03", told.Code == "25P03",
			told.Code == "42501", told.Code.Class() == "53":
			return true
		}
		return spoils(told)
	}
	var network net.Error
	return errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) || errors.As(err, &network) ||
		errors.Is(err, context.DeadlineExceeded)
}
