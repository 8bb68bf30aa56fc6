-- A peer that writes a message under the identity of another peer's message took that message's place: the real one was
-- answered `clash`. Now each service that speaks has places of its own. Which of several messages under one identity is
-- believed is decided where it is read: the one whose speaker plays its sender.
ALTER TABLE inbox DROP CONSTRAINT inbox_pkey,
    ADD CONSTRAINT inbox_pkey PRIMARY KEY (session, site, sender, receiver, sender_service);

-- `aside`: no program here can read the message. It is early, and waits for a program that can.
ALTER TABLE arrival ADD COLUMN sender_service text, ADD COLUMN aside boolean NOT NULL DEFAULT false;
UPDATE arrival a SET sender_service = i.sender_service FROM inbox i
WHERE (i.session, i.site, i.sender, i.receiver) = (a.session, a.site, a.sender, a.receiver);
DELETE FROM arrival WHERE sender_service IS NULL;  -- its message is not there any more
ALTER TABLE arrival ALTER COLUMN sender_service SET NOT NULL;
-- What one peer has waiting here, counted where there may be too much of it.
CREATE INDEX arrival_of ON arrival (sender_service);
CREATE INDEX arrival_aside ON arrival (arrived_at) WHERE aside;

-- What `accept` goes by; our sidecar notes it every few seconds (`crowd`).
--   waiting_per_peer_max  rows that one peer may have in `arrival` before nothing of it may begin a session
--   overfull              peers that have as many
--   undoing               peers that have sent so many aborts and cancels of late that no more may be for unknown sessions
--   arrival_pages         how big `arrival` was when that was noted
ALTER TABLE setting
    ADD COLUMN waiting_per_peer_max integer NOT NULL DEFAULT 10000,
    ADD COLUMN overfull text[] NOT NULL DEFAULT '{}',
    ADD COLUMN undoing text[] NOT NULL DEFAULT '{}',
    ADD COLUMN arrival_pages bigint NOT NULL DEFAULT 0;

CREATE INDEX inbox_undoing ON inbox (received_at) INCLUDE (sender_service) WHERE kind IN ('abort', 'cancel');

-- Whether a role is the initiator of the session that a header is of. Headers are JSON that sidecars wrote, without spaces;
-- inside a string of it a quote is escaped. Who writes another header deceives itself: its message waits.
CREATE FUNCTION heads(header bytea, role text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN position(convert_to('"initiator":"' || role || '"', 'UTF8') IN header) > 0;

-- Whether a message of this kind may have this sender, when it is spoken by the receiver's own service (`own`) or by a
-- peer. A client (the empty sender) speaks through the receiver's own service, and says what no role says.
CREATE FUNCTION sayable(kind text, sender text, own boolean) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN sender = '' THEN own AND kind IN ('start', 'cancel', 'operator', 'event')
    ELSE kind IN ('data', 'choice', 'abort', 'compensated', 'cancel', 'done', 'settled', 'ended')
END;
