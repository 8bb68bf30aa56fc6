-- Sessions that wait keep their rows; up again, each sets its timer anew when it is taken up.
DROP FUNCTION due, collect, forget;
DROP INDEX arrival_told;
DROP TABLE timer;
