"""A service's durable memory: Postgres, the only place with SQL, and its verified fake (`memory`)."""
