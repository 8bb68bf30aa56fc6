ALTER TABLE setting DROP COLUMN released_early;
