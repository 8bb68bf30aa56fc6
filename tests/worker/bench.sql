CREATE TABLE IF NOT EXISTS ledger (
    session   uuid NOT NULL,
    site      text NOT NULL,
    kind      text NOT NULL,
    operation text NOT NULL,
    UNIQUE (session, site, kind)
);
