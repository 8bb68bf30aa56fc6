-- The service's name comes from the one who migrates; the bounds are limits.py's of this revision (a test compares).
INSERT INTO setting (service, early_rows_max, payload_bytes_max, shards_count)
VALUES (current_setting('accompanist.service'), 100000, 1048576, 64);
