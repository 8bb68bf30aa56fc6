"""A saga over several services: reserve at each, then confirm; all of it, or none of it."""
