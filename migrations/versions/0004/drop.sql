DROP FUNCTION forget_versions, version_of;
DROP TABLE version;
