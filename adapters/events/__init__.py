"""Everything that happened, one file an engine."""
