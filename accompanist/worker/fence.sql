-- The fence, version 4: what makes a worker's operations exactly-once and closable, from any language.
--
-- Installed into the worker's own schema and used inside the worker's own transactions, all of them READ COMMITTED (what
-- BEGIN alone means depends on settings of the role, the database and the server) or all of them SERIALIZABLE:
--
--     BEGIN ISOLATION LEVEL READ COMMITTED
--     SELECT status, answer FROM fence_enter(session, role, site, kind, operation, arguments)
--         run       do the work now, in this transaction
--         replied   done before: answer is the reply          } COMMIT and
--         declined  refused before: answer is the reason      } answer so
--         closed    the session takes no more forward calls   }
--         reused    this key was used with another operation or other arguments
--     ... the operation's own statements ...
--     SELECT fence_leave(session, role, site, kind, operation, arguments, reply)
--     COMMIT
--
-- An operation that declines rolls its effects back (the transaction, or to a savepoint) and records the refusal:
--
--     SELECT status, answer FROM fence_refuse(session, role, site, operation, arguments, reason)
--         declined, or what was recorded first by somebody else: that is the answer then
--
-- kind is 'forward' or 'compensate'; a compensation has the site of what it undoes. arguments is the canonical JSON
-- text of the parameters, reply that of the result. A compensation of what never ran is recorded as done and answered
-- 'replied' at once, and its forward call finds the door shut from then on.
--
-- State. A row of fence_call is an outcome, written once; there is no row of work under way. A row of fence_shut shuts
-- (session, role).
--
-- Locks, all of the transaction's length, however that ends, taken in this order:
--     door   (session, role)        shared by forward calls, exclusive by close: close waits for calls under way
--     key    (session, role, site)  exclusive: a concurrent repeat, or the compensation of a call that still runs,
--                                   waits and then reads what the first has recorded
--     order  (session, role)        exclusive, from leave to commit, so that `position` agrees with the commit order
-- Each is a lock on a row of fence_gate, one of 4,096 of its kind, found by a hash. Nobody can take it without a right on
-- the worker's table; an advisory lock could be taken, and kept, by any login of the database. Two that have nothing to do
-- with each other may find the same row: then one waits for the other as if it were its repeat, and both are right. They do
-- not wait in a circle, because nobody who has a row of one kind waits for one of that kind or a kind before it.
-- The primary key is the last word: were two to meet in spite of the locks (a snapshot taken too early), the second
-- fails to insert, and its effects roll back with it.
--
-- Levels. Whoever has waited for a lock has to see what its holder committed. READ COMMITTED reads it with the next
-- statement. SERIALIZABLE may not see it, but then one of the two cannot commit (40001), and is done again; for that both
-- have to be SERIALIZABLE. REPEATABLE READ neither sees it nor fails: a close would not tell what was executed. It is
-- refused with AC002, before anything is done.
--
-- Not promised: isolation between sessions, or anything of effects outside this database.

CREATE TABLE IF NOT EXISTS fence_call (
    session   uuid   NOT NULL,
    role      text   NOT NULL,
    site      text   NOT NULL,
    kind      text   NOT NULL CHECK (kind IN ('forward', 'compensate')),
    operation text   NOT NULL,
    digest    bytea  NOT NULL,
    arguments text,                       -- of forward calls: what close hands back to be compensated
    outcome   text   NOT NULL CHECK (outcome IN ('replied', 'declined')),
    answer    text   NOT NULL,            -- the reply's JSON, or the reason
    position  bigint GENERATED ALWAYS AS IDENTITY,
    PRIMARY KEY (session, role, site, kind)
);

CREATE TABLE IF NOT EXISTS fence_shut (
    session uuid NOT NULL,
    role    text NOT NULL,
    at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (session, role)
);

CREATE TABLE IF NOT EXISTS fence_gate (
    gate integer PRIMARY KEY
);
INSERT INTO fence_gate SELECT generate_series(0, 3 * 4096 - 1) ON CONFLICT DO NOTHING;

CREATE TABLE IF NOT EXISTS fence_version (
    version integer PRIMARY KEY,
    at      timestamptz NOT NULL DEFAULT now()
);


-- Before version 4 the locks were advisory, and the table of what is shut had another name. Calls that are under way with
-- those locks end first; one that has only begun does not find the old table any more, fails, and is done again.
DO $$
BEGIN
    IF to_regclass('fence_closed') IS NOT NULL THEN
        LOCK TABLE fence_closed IN ACCESS EXCLUSIVE MODE;
        LOCK TABLE fence_call IN ACCESS EXCLUSIVE MODE;
        INSERT INTO fence_shut SELECT session, role, at FROM fence_closed ON CONFLICT DO NOTHING;
        DROP TABLE fence_closed;
    END IF;
END $$;
DROP FUNCTION IF EXISTS fence_lock_id(text, uuid, text, text);


-- The row to lock. Kinds: 0 door, 1 key, 2 order.
CREATE OR REPLACE FUNCTION fence_gate_of(p_kind integer, p_session uuid, p_role text, p_site text) RETURNS integer
LANGUAGE sql STABLE PARALLEL SAFE
RETURN p_kind * 4096 + (hashtextextended(concat_ws(' ', p_session, p_role, p_site), 20) & 4095)::integer;


CREATE OR REPLACE FUNCTION fence_committed_reads() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('transaction_isolation') = 'repeatable read' THEN
        RAISE EXCEPTION 'the fence cannot be used in a transaction that is REPEATABLE READ' USING
            ERRCODE = 'AC002',
            DETAIL = 'It reads from before the lock it waited for, and does not see what was executed or closed meanwhile.',
            HINT = 'Begin with BEGIN ISOLATION LEVEL READ COMMITTED, or set default_transaction_isolation to '
                   '''read committed'' for the worker''s database role or its connections.';
    END IF;
END $$;


CREATE OR REPLACE FUNCTION fence_digest(p_arguments text) RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN sha256(convert_to(p_arguments, 'UTF8'));


CREATE OR REPLACE FUNCTION fence_enter(
    p_session uuid, p_role text, p_site text, p_kind text, p_operation text, p_arguments text,
    OUT status text, OUT answer text
) LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    forward  fence_call;
    recorded fence_call;
BEGIN
    PERFORM fence_committed_reads();
    IF p_kind = 'forward' THEN
        PERFORM FROM fence_gate g WHERE g.gate = fence_gate_of(0, p_session, p_role, '') FOR KEY SHARE;
        PERFORM FROM fence_gate g WHERE g.gate = fence_gate_of(1, p_session, p_role, p_site) FOR UPDATE;
        IF EXISTS (SELECT FROM fence_shut c WHERE c.session = p_session AND c.role = p_role)
           OR EXISTS (SELECT FROM fence_call c WHERE c.session = p_session AND c.role = p_role
                                                 AND c.site = p_site AND c.kind = 'compensate') THEN
            status := 'closed';
            RETURN;
        END IF;
    ELSIF p_kind = 'compensate' THEN
        PERFORM FROM fence_gate g WHERE g.gate = fence_gate_of(1, p_session, p_role, p_site) FOR UPDATE;
        SELECT * INTO forward FROM fence_call c
         WHERE c.session = p_session AND c.role = p_role AND c.site = p_site AND c.kind = 'forward';
        IF forward.outcome = 'replied' AND forward.digest <> fence_digest(p_arguments) THEN
            status := 'reused';
            RETURN;
        END IF;
    ELSE
        RAISE EXCEPTION 'a call is forward or compensate' USING ERRCODE = 'invalid_parameter_value';
    END IF;

    SELECT * INTO recorded FROM fence_call c
     WHERE c.session = p_session AND c.role = p_role AND c.site = p_site AND c.kind = p_kind;
    IF recorded.session IS NOT NULL THEN
        IF recorded.operation <> p_operation OR recorded.digest <> fence_digest(p_arguments) THEN
            status := 'reused';
        ELSE
            status := recorded.outcome;
            answer := recorded.answer;
        END IF;
    ELSIF p_kind = 'forward' OR forward.outcome = 'replied' THEN
        status := 'run';
    ELSE
        -- it never ran, or was refused: nothing is to be undone, and from now on nothing can be done either
        INSERT INTO fence_call (session, role, site, kind, operation, digest, outcome, answer)
        VALUES (p_session, p_role, p_site, p_kind, p_operation, fence_digest(p_arguments), 'replied', 'null');
        status := 'replied';
        answer := 'null';
    END IF;
END $$;


CREATE OR REPLACE FUNCTION fence_leave(
    p_session uuid, p_role text, p_site text, p_kind text, p_operation text, p_arguments text, p_reply text
) RETURNS void LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM fence_committed_reads();
    PERFORM FROM fence_gate g WHERE g.gate = fence_gate_of(2, p_session, p_role, '') FOR UPDATE;
    INSERT INTO fence_call (session, role, site, kind, operation, digest, arguments, outcome, answer)
    VALUES (p_session, p_role, p_site, p_kind, p_operation, fence_digest(p_arguments),
            CASE p_kind WHEN 'forward' THEN p_arguments END, 'replied', p_reply);
END $$;


CREATE OR REPLACE FUNCTION fence_refuse(
    p_session uuid, p_role text, p_site text, p_operation text, p_arguments text, p_reason text,
    OUT status text, OUT answer text
) LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    SELECT e.status, e.answer INTO status, answer
      FROM fence_enter(p_session, p_role, p_site, 'forward', p_operation, p_arguments) e;
    IF status = 'run' THEN
        INSERT INTO fence_call (session, role, site, kind, operation, digest, outcome, answer)
        VALUES (p_session, p_role, p_site, 'forward', p_operation, fence_digest(p_arguments), 'declined', p_reason);
        status := 'declined';
        answer := p_reason;
    END IF;
END $$;


-- Refuse every later forward call of (session, role) and answer what was executed and is not compensated, in commit
-- order. With p_unless, a site whose outcome the caller does not know: if a reply is recorded for it and the door is
-- still open, the door stays open and the reply is the answer. Waits p_wait_ms for calls under way, then fails with
-- lock_not_available (55P03); ask again.
--
-- The answer is a page: the entries that were committed last, at most p_rows of them and p_bytes in all, but one at
-- least. "more": there are earlier ones; ask again with p_before, the site of the page's first entry. Whoever
-- compensates goes backwards and needs the last ones first. Behind a shut door nothing is added, so however often it is
-- asked, all pages together are what was executed.
DROP FUNCTION IF EXISTS fence_close(uuid, text, text, integer);  -- before version 3: all in one answer

CREATE OR REPLACE FUNCTION fence_close(
    p_session uuid, p_role text, p_unless text DEFAULT NULL, p_wait_ms integer DEFAULT 2000,
    p_before text DEFAULT NULL, p_rows integer DEFAULT 1000, p_bytes integer DEFAULT 262144
) RETURNS text LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    reply    text;
    upto     bigint;
    executed text;
    more     boolean;
BEGIN
    PERFORM fence_committed_reads();
    PERFORM set_config('lock_timeout', p_wait_ms::text, true);
    PERFORM FROM fence_gate g WHERE g.gate = fence_gate_of(0, p_session, p_role, '') FOR UPDATE;

    IF p_unless IS NOT NULL
       AND NOT EXISTS (SELECT FROM fence_shut c WHERE c.session = p_session AND c.role = p_role) THEN
        SELECT c.answer INTO reply FROM fence_call c
         WHERE c.session = p_session AND c.role = p_role AND c.site = p_unless
           AND c.kind = 'forward' AND c.outcome = 'replied';
        IF FOUND THEN
            RETURN concat('{"closed":false,"reply":', reply, '}');
        END IF;
    END IF;

    INSERT INTO fence_shut (session, role) VALUES (p_session, p_role) ON CONFLICT DO NOTHING;
    SELECT c.position INTO upto FROM fence_call c
     WHERE c.session = p_session AND c.role = p_role AND c.site = p_before
       AND c.kind = 'forward' AND c.outcome = 'replied';
    -- One pass over what the session has here, however the planner guesses: asking row by row what is compensated may
    -- take a pass for each.
    WITH latest AS (
        SELECT l.position, l.site, f.arguments,
               concat('{"site":', to_json(l.site), ',"operation":', to_json(f.operation), ',"arguments":') AS head
          FROM (SELECT c.site, min(c.position) FILTER (WHERE c.kind = 'forward' AND c.outcome = 'replied') AS position
                  FROM fence_call c
                 WHERE c.session = p_session AND c.role = p_role
                 GROUP BY c.site
                HAVING count(*) FILTER (WHERE c.kind = 'forward' AND c.outcome = 'replied') = 1
                   AND count(*) FILTER (WHERE c.kind = 'compensate') = 0
                   AND (upto IS NULL OR min(c.position) < upto)
                 ORDER BY position DESC
                 LIMIT p_rows + 1) l
         CROSS JOIN LATERAL (SELECT c.operation, c.arguments FROM fence_call c
                              WHERE c.session = p_session AND c.role = p_role AND c.site = l.site AND c.kind = 'forward'
                              LIMIT 1) f
    ), measured AS (
        SELECT l.*, row_number() OVER backwards AS nth,
               sum(octet_length(l.head) + octet_length(l.arguments) + 2) OVER backwards AS bytes
          FROM latest l WINDOW backwards AS (ORDER BY l.position DESC)
    )
    SELECT string_agg(concat(m.head, m.arguments, '}'), ',' ORDER BY m.position) FILTER (WHERE m.fits),
           bool_or(NOT m.fits)
      INTO executed, more
      FROM (SELECT *, nth = 1 OR (nth <= p_rows AND bytes <= p_bytes) AS fits FROM measured) m;
    RETURN concat('{"closed":true,"executed":[', executed, ']', CASE WHEN more THEN ',"more":true' END, '}');
END $$;


-- Forget sessions that are over everywhere; answers how many rows went.
CREATE OR REPLACE FUNCTION fence_forget(p_sessions uuid[]) RETURNS bigint
LANGUAGE sql VOLATILE SET search_path FROM CURRENT AS $$
    WITH calls AS (DELETE FROM fence_call WHERE session = ANY (p_sessions) RETURNING 1),
         doors AS (DELETE FROM fence_shut WHERE session = ANY (p_sessions) RETURNING 1)
    SELECT (SELECT count(*) FROM calls) + (SELECT count(*) FROM doors);
$$;

INSERT INTO fence_version (version) VALUES (4) ON CONFLICT DO NOTHING;
