"""How costs grow with roles, replicas, payloads and what lies in the log."""
