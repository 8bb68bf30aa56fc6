-- Large values are compressed with lz4 where the server was built with it. Elsewhere they are left as they are: to
-- compress 1 MB with Postgres's own form takes four times as long as to store it, for each copy on its way. What was
-- written before is read as it is.
--
-- The tables are altered in the order in which `flush` locks them, so that neither waits for the other in a circle.
DO $$
BEGIN
    ALTER TABLE session ALTER result SET COMPRESSION lz4;
    ALTER TABLE result ALTER value SET COMPRESSION lz4;
    ALTER TABLE inbox ALTER payload SET COMPRESSION lz4;
    ALTER TABLE outbox ALTER payload SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported THEN
    ALTER TABLE session ALTER result SET STORAGE EXTERNAL;
    ALTER TABLE result ALTER value SET STORAGE EXTERNAL;
    ALTER TABLE inbox ALTER payload SET STORAGE EXTERNAL;
    ALTER TABLE outbox ALTER payload SET STORAGE EXTERNAL;
END
$$;
