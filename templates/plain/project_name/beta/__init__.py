"""The service beta: what it can do, and its worker."""
