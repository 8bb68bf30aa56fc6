-- The tables are the driving benchmark's; the worker's own schema has the fence alone.
SELECT;
