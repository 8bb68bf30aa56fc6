-- The warehouse: stock, what is set aside of it, and the parcels that have left.

CREATE TABLE IF NOT EXISTS product (
    sku         text    PRIMARY KEY,
    price_cents bigint  NOT NULL CHECK (price_cents > 0),
    stock       bigint  NOT NULL CHECK (stock >= 0),
    shippable   boolean NOT NULL DEFAULT true
);

CREATE SEQUENCE IF NOT EXISTS reservation_number;

-- (session, site) is how `release` finds what `reserve` has set aside, whether or not anybody got to know its number
CREATE TABLE IF NOT EXISTS reservation (
    number      text   PRIMARY KEY DEFAULT 'R' || nextval('reservation_number'),
    session     uuid   NOT NULL,
    site        text   NOT NULL,
    customer    text   NOT NULL,
    total_cents bigint NOT NULL,
    state       text   NOT NULL DEFAULT 'held' CHECK (state IN ('held', 'released', 'shipped')),
    UNIQUE (session, site)
);

CREATE TABLE IF NOT EXISTS reserved (
    reservation text   NOT NULL REFERENCES reservation,
    sku         text   NOT NULL REFERENCES product,
    quantity    bigint NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (reservation, sku)
);

CREATE SEQUENCE IF NOT EXISTS tracking_number;

CREATE TABLE IF NOT EXISTS parcel (
    tracking    text   PRIMARY KEY DEFAULT 'T' || nextval('tracking_number'),
    reservation text   NOT NULL UNIQUE REFERENCES reservation,
    points      bigint NOT NULL
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

INSERT INTO product (sku, price_cents, stock, shippable) VALUES
    ('kettle',           3900, 10000000, true),
    ('teapot',           2450, 10000000, true),
    ('grinder',         18900, 10000000, true),
    ('espresso_machine', 64900, 10000000, true),
    ('samovar',          31500,        3, true),
    ('gas_cooker',        8900, 10000000, false)
ON CONFLICT DO NOTHING;
