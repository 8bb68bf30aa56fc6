DROP FUNCTION announce;
DROP FUNCTION links;
DROP FUNCTION links_of;
DROP FUNCTION confirm;
DROP FUNCTION heed;
DROP INDEX arrival_early;
CREATE INDEX arrival_early ON arrival (session, receiver) WHERE early;
ALTER TABLE replica DROP COLUMN link, DROP COLUMN link_key;
