-- The tables of alpha. They are in its worker's own schema, beside the fence.

-- (session, site) names the call that made a row: `release` finds by it what `reserve` has done
CREATE TABLE IF NOT EXISTS booking (
    session  uuid    NOT NULL,
    site     text    NOT NULL,
    customer text    NOT NULL,
    amount   bigint  NOT NULL CHECK (amount > 0),
    released boolean NOT NULL DEFAULT false,
    PRIMARY KEY (session, site)
);

CREATE TABLE IF NOT EXISTS confirmation (
    session  uuid   NOT NULL PRIMARY KEY,
    customer text   NOT NULL,
    bookings bigint NOT NULL
);
