-- Rows are taken, relayed and sent again by their bytes, too: at most so many of payload in one answer, but one row at least.
ALTER TABLE setting ADD COLUMN batch_bytes_max bigint NOT NULL DEFAULT 16777216;

-- What its receiver will never take, or nobody can bring there: seen by its session, and by people.
CREATE INDEX outbox_undelivered ON outbox (tried_at) WHERE answer IN ('clash', 'refused', 'nowhere');

-- What is over says nothing any more to programs.
DELETE FROM outbox o USING session s
WHERE s.session = o.session AND s.role = o.sender AND o.kind IN ('data', 'choice') AND NOT s.open;
DELETE FROM outbox o USING stub t WHERE t.session = o.session AND t.role = o.sender AND o.kind IN ('data', 'choice');
