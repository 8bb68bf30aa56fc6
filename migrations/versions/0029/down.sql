-- As it was for what is written from now on. What was written before is read as it is.
ALTER TABLE session ALTER result SET STORAGE EXTENDED;
ALTER TABLE result ALTER value SET STORAGE EXTENDED;
ALTER TABLE inbox ALTER payload SET STORAGE EXTENDED;
ALTER TABLE outbox ALTER payload SET STORAGE EXTENDED;
