"""Everything that speaks with the world outside: one folder a role, one file an engine."""
