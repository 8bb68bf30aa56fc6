-- What a session waits for that is no message: time. An event from outside is a message of a client in the inbox, under
-- the site `!event/NAME`, and needs no table of its own: it is write-once, stored when early and collected with its
-- session like every other message.

-- One row a timer that is set, until it has ended or its session is over. `due_at` is the truth, by this database's
-- clock; it is written once, when the timer is set, and moved by operators only. `ask_at` is when the sidecar is to be
-- told of it next: at first when it is due, later again and again, as long as nothing has come of it.
CREATE TABLE timer (
    session uuid NOT NULL,
    role text NOT NULL,
    site text NOT NULL,
    shard smallint NOT NULL,
    operation text NOT NULL,
    set_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    due_at timestamptz NOT NULL,
    ask_at timestamptz NOT NULL,
    PRIMARY KEY (session, role, site)
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);

CREATE INDEX timer_due ON timer (ask_at);

-- Events that came before their session: bounded, and let go after a time.
CREATE INDEX arrival_told ON arrival (arrived_at) WHERE early AND site LIKE '!event/%';
