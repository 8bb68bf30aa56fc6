-- The schema of one service's log: who makes what is in it, and who may look inside.
--
-- The contract is what every log is after its newest revision: `tables.sql`, a file for each function, and this one. It
-- is the text to read. `migrations/versions` has the same in steps, for logs that have rows in them.
--
-- Names of a service stand here as variables, written as psql writes them: `owner`, `sidecar`, `worker`, `schema` and
-- `service`.
-- `accompanist migrate --sql` prints all files with the names put in, in an order that runs. The roles and the empty
-- schema are there before: `accompanist/log/provision.py` makes them.
--
-- All of it runs in one transaction, as the owner. Functions keep the search path that is set here for ever. A function
-- that runs as its owner would else find what its caller's path names.
SET LOCAL ROLE :"owner";
SET LOCAL search_path = :"schema", pg_temp;

-- Peers see the schema in order to call `deliver`, and may do nothing else in it. The service's own worker sees it in
-- order to call `start` and `signal`, inside its own transactions.
REVOKE ALL ON SCHEMA :"schema" FROM PUBLIC;
GRANT USAGE ON SCHEMA :"schema" TO accompanist_peer, :"sidecar", :"worker";
