-- Loyalty: the customers' tiers and points.

CREATE TABLE IF NOT EXISTS member (
    customer text   PRIMARY KEY,
    tier     text   NOT NULL CHECK (tier IN ('none', 'silver', 'gold')),
    points   bigint NOT NULL DEFAULT 0
);

-- (session, site) is how `revoke` finds what `award` has given
CREATE TABLE IF NOT EXISTS award (
    session  uuid   NOT NULL,
    site     text   NOT NULL,
    customer text   NOT NULL REFERENCES member,
    points   bigint NOT NULL CHECK (points >= 0),
    revoked  boolean NOT NULL DEFAULT false,
    PRIMARY KEY (session, site)
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

INSERT INTO member (customer, tier) VALUES
    ('customer-gold', 'gold'), ('customer-silver', 'silver'), ('customer-plain', 'none'), ('customer-poor', 'none')
ON CONFLICT DO NOTHING;

INSERT INTO member (customer, tier)
SELECT 'customer' || lpad(n::text, 3, '0'), (ARRAY ['none', 'silver', 'gold'])[n % 3 + 1]
  FROM generate_series(0, 255) n
ON CONFLICT DO NOTHING;
