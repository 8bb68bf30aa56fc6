-- `canonical` writes JSON in the one form that the same JSON always has: keys in the order of their bytes, no spaces.
-- `canonical` of `accompanist/language/values/codec.py` writes the same, but for numbers. They stand here as jsonb
-- keeps them: exponents are written out, and -0.0 is 0.0.
--
-- Called by: `signal`, `start`.
-- Locks: nothing.
-- Answers: the text.
CREATE FUNCTION canonical(given jsonb) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
AS $$
BEGIN
    CASE jsonb_typeof(given)
        WHEN 'object' THEN
            RETURN '{' || coalesce((
                SELECT string_agg(to_jsonb(m.key)::text || ':' || canonical(m.value), ',' ORDER BY m.key COLLATE "C")
                FROM jsonb_each(given) AS m (key, value)), '') || '}';
        WHEN 'array' THEN
            RETURN '[' || coalesce((
                SELECT string_agg(canonical(e.value), ',' ORDER BY e.n)
                FROM jsonb_array_elements(given) WITH ORDINALITY AS e (value, n)), '') || ']';
        ELSE
            RETURN given::text;
    END CASE;
END
$$;

REVOKE ALL ON FUNCTION canonical FROM PUBLIC;
