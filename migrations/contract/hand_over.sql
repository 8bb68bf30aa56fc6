-- `hand_over` gives messages to the services they are for: `counts[i]` of them, in turn, to `deliver` in `schemas[i]`.
-- An empty schema stands for a service that nobody here knows. `homes[i]` says that the receiver's sidecar handed these
-- messages over in memory.
--
-- What goes wrong in a neighbour's schema (it is missing, the right is missing, a lock is held) is answered, and does
-- not fail here. Only a statement that is cancelled meanwhile ends here, too. A neighbour's `deliver` runs in this
-- transaction, so it has to be the one that a log has: `deliver_of` is asked about all before the first call and
-- after the last. If one was replaced meanwhile, nothing of this transaction stays.
--
-- Called by: `flush`, `resend`.
-- Locks: what `accept` locks in each receiver's schema.
-- Answers: the delivery of each message, in the order given. `nowhere`: its schema is empty. `unknown`: its schema
--   could not be asked. Else what `deliver` answered.
-- Raises: `serialization_failure` where a `deliver` was replaced. What `own_name` raises, and what this schema's own
--   `deliver` raises.
CREATE FUNCTION hand_over(
    schemas text[], counts integer[], homes boolean[],
    sessions uuid[], sites text[], senders text[], receivers text[], kinds text[],
    headers bytea[], payloads bytea[], contexts bytea[]
) RETURNS text[]
LANGUAGE plpgsql SET search_path FROM CURRENT
AS $$
DECLARE
    answers text[] := '{}';
    part text[];
    lo integer := 1;
    hi integer;
    neighbours text[] := array_remove(array_remove(schemas, ''), current_schema()::text);
    before text[];
BEGIN
    IF neighbours <> '{}' THEN
        before := deliver_of(schemas);
    END IF;
    FOR i IN 1 .. cardinality(schemas) LOOP
        hi := lo + counts[i] - 1;
        part := NULL;
        IF schemas[i] = current_schema() THEN
            part := deliver(
                sessions[lo:hi], sites[lo:hi], senders[lo:hi], receivers[lo:hi], kinds[lo:hi],
                headers[lo:hi], payloads[lo:hi], contexts[lo:hi], homes[i]);
        ELSIF schemas[i] = '' THEN
            part := array_fill('nowhere'::text, ARRAY[counts[i]]);
        ELSIF before[i] IS NOT NULL THEN
            BEGIN
                EXECUTE format('SELECT %I.deliver($1, $2, $3, $4, $5, $6, $7, $8, $9)', schemas[i]) INTO part
                USING sessions[lo:hi], sites[lo:hi], senders[lo:hi], receivers[lo:hi], kinds[lo:hi],
                    headers[lo:hi], payloads[lo:hi], contexts[lo:hi], homes[i];
            EXCEPTION WHEN OTHERS THEN
                part := NULL;
            END;
        END IF;
        IF part IS NULL OR cardinality(part) <> counts[i] THEN
            part := array_fill('unknown'::text, ARRAY[counts[i]]);
        END IF;
        answers := answers || part;
        lo := hi + 1;
    END LOOP;
    IF neighbours <> '{}' AND deliver_of(schemas) IS DISTINCT FROM before THEN
        RAISE EXCEPTION 'deliver was replaced while it was called' USING ERRCODE = 'serialization_failure';
    END IF;
    PERFORM own_name();
    RETURN answers;
END
$$;

REVOKE ALL ON FUNCTION hand_over FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hand_over TO :"sidecar";
