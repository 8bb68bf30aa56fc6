-- The tables of beta. They are in its worker's own schema, beside the fence.

-- (session, site) names the call that made a row: `release` finds by it what `reserve` has done
CREATE TABLE IF NOT EXISTS booking (
    session  uuid    NOT NULL,
    site     text    NOT NULL,
    customer text    NOT NULL,
    amount   bigint  NOT NULL CHECK (amount > 0),
    released boolean NOT NULL DEFAULT false,
    PRIMARY KEY (session, site)
);
