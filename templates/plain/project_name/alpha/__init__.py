"""The service alpha: what it can do, and its worker."""
