-- The till: its drawers, the slips it has printed, and a ledger that nobody of Accompanist writes.

CREATE TABLE IF NOT EXISTS drawer (
    name  text   PRIMARY KEY,
    cents bigint NOT NULL CHECK (cents >= 0)
);

CREATE SEQUENCE IF NOT EXISTS slip_number;

-- (session, site) is how `take_back` finds what `put` has put in
CREATE TABLE IF NOT EXISTS slip (
    number     text    PRIMARY KEY DEFAULT 'S' || nextval('slip_number'),
    session    uuid    NOT NULL,
    site       text    NOT NULL,
    drawer     text    NOT NULL,
    cents      bigint  NOT NULL,
    taken_back boolean NOT NULL DEFAULT false
);

CREATE TABLE IF NOT EXISTS mended (
    drawer text PRIMARY KEY
);

-- what was really done, once for each time: nothing here is unique, so that what was done twice stands here twice
CREATE TABLE IF NOT EXISTS ledger (
    drawer    text        NOT NULL,
    operation text        NOT NULL,
    at        timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE INDEX IF NOT EXISTS ledger_drawer ON ledger (drawer);
