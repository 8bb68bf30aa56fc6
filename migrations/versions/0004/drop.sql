DROP INDEX session_attributes;
ALTER TABLE session DROP COLUMN attributes;
DROP FUNCTION lighten, attributes_of, forget_versions, version_of;
DROP TABLE version;
