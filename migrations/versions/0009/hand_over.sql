-- Give messages to their services: `counts[i]` of them, in turn, to schema `schemas[i]`,
-- ('*': the service is in another database, '': nobody here knows it, which is answered `nowhere`),
-- `homes[i]` as theirs.
-- What goes wrong at a neighbour (no schema, no right, a lock, its own migration) is its answer `unknown`, never
-- our failure. Only a SECURITY DEFINER function is called: any other would run with our own rights.
CREATE OR REPLACE FUNCTION hand_over(
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
BEGIN
    FOR i IN 1 .. cardinality(schemas) LOOP
        hi := lo + counts[i] - 1;
        part := NULL;
        IF schemas[i] = current_schema() THEN
            part := deliver(
                sessions[lo:hi], sites[lo:hi], senders[lo:hi], receivers[lo:hi], kinds[lo:hi],
                headers[lo:hi], payloads[lo:hi], contexts[lo:hi], homes[i]);
        ELSIF schemas[i] = '' THEN
            part := array_fill('nowhere'::text, ARRAY[counts[i]]);
        ELSIF EXISTS (
            SELECT FROM pg_namespace n JOIN pg_proc p ON p.pronamespace = n.oid
            WHERE n.nspname = schemas[i] AND p.proname = 'deliver' AND p.prosecdef
        ) THEN
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
    RETURN answers;
END
$$;
