-- `canonical` writes JSON in the one form that the same JSON always has: keys in the order of their bytes, no spaces.
-- `canonical` of `accompanist/language/values/codec.py` writes the same, but for numbers. They stand here as jsonb
-- keeps them: exponents are written out, and -0.0 is 0.0.
--
-- Called by: `signal`, `start`.
-- Locks: nothing.
-- Answers: the text.
CREATE FUNCTION canonical(given jsonb, depth integer DEFAULT 1) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
AS $$
BEGIN
    IF depth > 65 THEN
        RAISE EXCEPTION 'ACC714: nested deeper than 64' USING ERRCODE = 'AC714';
    END IF;
    CASE jsonb_typeof(given)
        WHEN 'object' THEN
            RETURN '{' || coalesce((
                SELECT string_agg(
                    to_jsonb(m.key)::text || ':' || canonical(m.value, depth + 1), ',' ORDER BY m.key COLLATE "C")
                FROM jsonb_each(given) AS m (key, value)), '') || '}';
        WHEN 'array' THEN
            RETURN '[' || coalesce((
                SELECT string_agg(canonical(e.value, depth + 1), ',' ORDER BY e.n)
                FROM jsonb_array_elements(given) WITH ORDINALITY AS e (value, n)), '') || ']';
        WHEN 'number' THEN
            -- jsonb keeps 1e131000 in a few bytes, and writes it out in full
            IF abs(given::numeric) >= 1e400 OR scale(given::numeric) > 400 THEN
                RAISE EXCEPTION 'ACC714: a number of more than 400 digits' USING ERRCODE = 'AC714';
            END IF;
            RETURN given::text;
        ELSE
            RETURN given::text;
    END CASE;
END
$$;

REVOKE ALL ON FUNCTION canonical FROM PUBLIC;
