-- Payment: the customers' accounts and what was taken from them.

CREATE TABLE IF NOT EXISTS account (
    customer      text   PRIMARY KEY,
    balance_cents bigint NOT NULL CHECK (balance_cents >= 0)
);

CREATE SEQUENCE IF NOT EXISTS receipt_number;

-- (session, site) is how `refund` finds what `charge` has taken
CREATE TABLE IF NOT EXISTS payment (
    receipt    text   PRIMARY KEY DEFAULT 'P' || nextval('receipt_number'),
    session    uuid   NOT NULL,
    site       text   NOT NULL,
    customer   text   NOT NULL REFERENCES account,
    paid_cents bigint NOT NULL CHECK (paid_cents >= 0),
    refunded   boolean NOT NULL DEFAULT false,
    UNIQUE (session, site)
);

-- what was really done, written by the operations themselves: the oracle outside of Accompanist
CREATE TABLE IF NOT EXISTS ledger (
    session   uuid        NOT NULL,
    site      text        NOT NULL,
    kind      text        NOT NULL,
    operation text        NOT NULL,
    at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (session, site, kind)
);

INSERT INTO account (customer, balance_cents) VALUES
    ('customer-gold', 1000000000000), ('customer-silver', 1000000000000), ('customer-plain', 1000000000000), ('customer-poor', 1000)
ON CONFLICT DO NOTHING;

-- a crowd, so that a benchmark does not queue for one account
INSERT INTO account (customer, balance_cents)
SELECT 'customer' || lpad(n::text, 3, '0'), 1000000000000 FROM generate_series(0, 255) n
ON CONFLICT DO NOTHING;
