-- `sha1` is SHA-1, which Postgres has in an extension only. It makes the names of keys, and keeps no secret. A key of
-- fifty bytes takes one block.
--
-- Called by: `name_of_key`.
-- Locks: nothing.
-- Answers: 20 bytes.
CREATE FUNCTION sha1(message bytea) RETURNS bytea
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
AS $$
DECLARE
    full_word constant bigint := 4294967295;
    zeros constant integer := (119 - octet_length(message) % 64) % 64;
    padded constant bytea := message || '\x80'::bytea || decode(repeat('00', zeros), 'hex')
        || int8send(octet_length(message) * 8::bigint);
    h bigint[] := ARRAY[1732584193, 4023233417, 2562383102, 271733878, 3285377520];
    w bigint[];
    at integer;
    a bigint; b bigint; c bigint; d bigint; e bigint; f bigint; k bigint; x bigint;
BEGIN
    FOR block IN 0 .. octet_length(padded) / 64 - 1 LOOP
        a := h[1]; b := h[2]; c := h[3]; d := h[4]; e := h[5];
        FOR i IN 1 .. 80 LOOP
            IF i <= 16 THEN
                at := block * 64 + i * 4 - 4;
                w[i] := (get_byte(padded, at)::bigint << 24) | (get_byte(padded, at + 1) << 16)
                    | (get_byte(padded, at + 2) << 8) | get_byte(padded, at + 3);
            ELSE
                x := w[i - 3] # w[i - 8] # w[i - 14] # w[i - 16];
                w[i] := ((x << 1) | (x >> 31)) & full_word;
            END IF;
            IF i <= 20 THEN
                f := (b & c) | ((b # full_word) & d);
                k := 1518500249;
            ELSIF i <= 40 THEN
                f := b # c # d;
                k := 1859775393;
            ELSIF i <= 60 THEN
                f := (b & c) | (b & d) | (c & d);
                k := 2400959708;
            ELSE
                f := b # c # d;
                k := 3395469782;
            END IF;
            x := ((((a << 5) | (a >> 27)) & full_word) + f + e + k + w[i]) & full_word;
            e := d; d := c; c := ((b << 30) | (b >> 2)) & full_word; b := a; a := x;
        END LOOP;
        h := ARRAY[(h[1] + a) & full_word, (h[2] + b) & full_word, (h[3] + c) & full_word, (h[4] + d) & full_word,
            (h[5] + e) & full_word];
    END LOOP;
    RETURN (SELECT string_agg(substring(int8send(word) FROM 5), '' ORDER BY n)
            FROM unnest(h) WITH ORDINALITY AS u (word, n));
END
$$;

REVOKE ALL ON FUNCTION sha1 FROM PUBLIC;
