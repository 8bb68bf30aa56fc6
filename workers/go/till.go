package main

import (
	"context"
	"errors"
	"strings"

	"github.com/jackc/pgx/v5"
)

const pauseMsMax = 2_000

type slip struct {
	Number string `json:"number"`
	Cents  int64  `json:"cents"`
	Note   string `json:"note"`
}

type entry struct {
	cents, pauseMs int64
	note           string
}

func till() map[string]operation {
	return map[string]operation{
		"put":       {forward, readPut(put)},
		"take_back": {compensate, readPut(takeBack)},
		"pay":       {forward, readPay},
		"mend":      {forward, readDrawer(mend)},
		"balance":   {query, readDrawer(balance)},
	}
}

// -- reading parameters -----------------------------------------------------------------------------

func readPut(do func(context.Context, statements, key, string, entry) (any, error)) func(members) (work, error) {
	return func(params members) (work, error) {
		var drawer string
		var of members
		var told entry
		err := errors.Join(exactly(params, "drawer", "entry"), text(params["drawer"], &drawer), object(params["entry"], &of))
		if err == nil {
			err = errors.Join(exactly(of, "cents", "note", "pause_ms"), integer(of["cents"], &told.cents),
				text(of["note"], &told.note), integer(of["pause_ms"], &told.pauseMs))
		}
		return func(within context.Context, tx statements, call key) (any, error) {
			return do(within, tx, call, drawer, told)
		}, err
	}
}

func readPay(params members) (work, error) {
	var drawer string
	var cents int64
	err := errors.Join(exactly(params, "drawer", "cents"), text(params["drawer"], &drawer), integer(params["cents"], &cents))
	return func(within context.Context, tx statements, call key) (any, error) {
		return pay(within, tx, call, drawer, cents)
	}, err
}

func readDrawer(do func(context.Context, statements, string) (any, error)) func(members) (work, error) {
	return func(params members) (work, error) {
		var drawer string
		err := errors.Join(exactly(params, "drawer"), text(params["drawer"], &drawer))
		return func(within context.Context, tx statements, _ key) (any, error) { return do(within, tx, drawer) }, err
	}
}

// -- what a till does --------------------------------------------------------------------------------

func put(within context.Context, tx statements, call key, drawer string, told entry) (any, error) {
	if told.cents < 1 {
		return nil, decline("nothing to put in")
	}
	if strings.HasPrefix(drawer, "broken-") {
		var mended bool
		err := tx.QueryRow(within, `SELECT EXISTS (SELECT FROM mended WHERE drawer = $1)`, drawer).Scan(&mended)
		if err != nil {
			return nil, err
		}
		if !mended {
			return nil, errors.New("the drawer is jammed")
		}
	}
	made := slip{Cents: told.cents, Note: told.note}
	err := tx.QueryRow(within, `
		WITH held AS (INSERT INTO drawer (name, cents) VALUES ($3, $4)
		              ON CONFLICT (name) DO UPDATE SET cents = drawer.cents + excluded.cents),
		     told AS (INSERT INTO ledger (drawer, operation) VALUES ($3, 'put'))
		INSERT INTO slip (session, site, drawer, cents) VALUES ($1, $2, $3, $4) RETURNING number`,
		call.session, call.site, drawer, told.cents).Scan(&made.Number)
	if err == nil && told.pauseMs > 0 {
		_, err = tx.Exec(within, `SELECT pg_sleep($1::float8 / 1000)`, min(told.pauseMs, pauseMsMax))
	}
	return made, err
}

func takeBack(within context.Context, tx statements, call key, _ string, _ entry) (any, error) {
	var taken int
	err := tx.QueryRow(within, `
		WITH undone AS (UPDATE slip SET taken_back = true
		                 WHERE session = $1 AND site = $2 AND NOT taken_back RETURNING drawer, cents),
		     back AS (UPDATE drawer d SET cents = d.cents - u.cents FROM undone u WHERE d.name = u.drawer),
		     told AS (INSERT INTO ledger (drawer, operation) SELECT drawer, 'take_back' FROM undone)
		SELECT count(*) FROM undone`, call.session, call.site).Scan(&taken)
	if err == nil && taken != 1 {
		err = errors.New("what is to be taken back is not there")
	}
	return nil, err
}

func pay(within context.Context, tx statements, call key, drawer string, cents int64) (any, error) {
	if cents < 1 {
		return nil, decline("nothing to pay out")
	}
	made := slip{Cents: cents}
	err := tx.QueryRow(within, `
		WITH taken AS (UPDATE drawer SET cents = cents - $4 WHERE name = $3 AND cents >= $4 RETURNING name),
		     told AS (INSERT INTO ledger (drawer, operation) SELECT name, 'pay' FROM taken)
		INSERT INTO slip (session, site, drawer, cents) SELECT $1, $2, name, $4 FROM taken RETURNING number`,
		call.session, call.site, drawer, cents).Scan(&made.Number)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, decline("not enough in the drawer")
	}
	return made, err
}

func mend(within context.Context, tx statements, drawer string) (any, error) {
	_, err := tx.Exec(within, `
		WITH made AS (INSERT INTO mended (drawer) VALUES ($1) ON CONFLICT DO NOTHING)
		INSERT INTO ledger (drawer, operation) VALUES ($1, 'mend')`, drawer)
	return nil, err
}

func balance(within context.Context, tx statements, drawer string) (any, error) {
	var cents int64
	err := tx.QueryRow(within, `SELECT cents FROM drawer WHERE name = $1`, drawer).Scan(&cents)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, nil
	}
	return cents, err
}
