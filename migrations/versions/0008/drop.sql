DROP TRIGGER audit_verb ON inbox;
DROP TRIGGER requests_gone ON stub;
DROP FUNCTION audit_verb, requests_gone, request_of, forget_requests;
DROP TABLE request;
