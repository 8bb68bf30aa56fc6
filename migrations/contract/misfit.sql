-- `misfit` says where a value is not of a type. The type is a JSON schema that a sidecar published, with the types that
-- it names by `$ref` in `types`. Looked at are `type`, `enum`, `anyOf`, `properties`, `required`,
-- `additionalProperties`, `items`, `prefixItems`, `minItems` and `maxItems`. Whatever else a type asks for is left to
-- the sidecar. `place` is the path of the value, for people.
--
-- Called by: `signal`, `start`.
-- Locks: nothing.
-- Answers: what is wrong, without the value; null where nothing is.
CREATE FUNCTION misfit(given jsonb, wanted jsonb, types jsonb, place text) RETURNS text
LANGUAGE plpgsql IMMUTABLE
AS $$
DECLARE
    kind text := jsonb_typeof(given);
    members jsonb := wanted -> 'properties';
    others jsonb := wanted -> 'additionalProperties';
    name text;
    part jsonb;
    n bigint;
    found text;
BEGIN
    IF wanted ? '$ref' THEN
        RETURN misfit(given, types -> (wanted ->> '$ref'), types, place);
    END IF;
    IF wanted ? 'anyOf' THEN
        FOR part IN SELECT e FROM jsonb_array_elements(wanted -> 'anyOf') AS e LOOP
            found := misfit(given, part, types, place);
            IF found IS NULL OR jsonb_array_length(wanted -> 'anyOf') = 1 THEN
                RETURN found;
            END IF;
        END LOOP;
        RETURN format('%s is of none of its types', place);
    END IF;
    IF wanted ? 'enum' AND NOT EXISTS (SELECT FROM jsonb_array_elements(wanted -> 'enum') AS e WHERE e = given) THEN
        RETURN format('%s is none of the values that it may have', place);
    END IF;
    IF wanted ? 'type' AND NOT wanted -> 'type' @> to_jsonb(kind)
        AND NOT (wanted -> 'type' @> '"integer"' AND kind = 'number' AND given::text !~ '[.]')
    THEN
        RETURN format('%s is no %s', place, coalesce(
            (SELECT string_agg(e, ' or ') FROM jsonb_array_elements_text(wanted -> 'type') AS e
             WHERE jsonb_typeof(wanted -> 'type') = 'array'),
            wanted ->> 'type'));
    END IF;

    IF kind = 'object' THEN
        FOR name IN SELECT e FROM jsonb_array_elements_text(wanted -> 'required') AS e LOOP
            IF NOT given ? name THEN
                RETURN format('%s lacks %s', place, name);
            END IF;
        END LOOP;
        -- a tag first: of nested unions the others would be looked through to their ends, each at each level
        FOR name, part IN
            SELECT m.key, m.value FROM jsonb_each(given) AS m
            ORDER BY coalesce(members -> m.key ? 'enum', false) DESC, m.key
        LOOP
            IF members ? name THEN
                found := misfit(part, members -> name, types, place || '.' || name);
            ELSIF others = 'false' THEN
                found := format('%s has no member %s', place, left(name, 63));
            ELSIF jsonb_typeof(others) = 'object' THEN
                found := misfit(part, others, types, place || '[...]');
            END IF;
            IF found IS NOT NULL THEN
                RETURN found;
            END IF;
        END LOOP;
    ELSIF kind = 'array' THEN
        IF jsonb_array_length(given) < (wanted ->> 'minItems')::bigint
            OR jsonb_array_length(given) > (wanted ->> 'maxItems')::bigint
        THEN
            RETURN format('%s has another number of elements than it may have', place);
        END IF;
        FOR part, n IN SELECT e.value, e.n - 1 FROM jsonb_array_elements(given) WITH ORDINALITY AS e (value, n) LOOP
            found := misfit(part, coalesce(wanted -> 'prefixItems' -> n::integer, wanted -> 'items', '{}'), types,
                format('%s[%s]', place, n));
            IF found IS NOT NULL THEN
                RETURN found;
            END IF;
        END LOOP;
    END IF;
    RETURN NULL;
END
$$;

REVOKE ALL ON FUNCTION misfit FROM PUBLIC;
