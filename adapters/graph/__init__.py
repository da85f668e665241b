"""Who works on what and what depends on what, one file an engine."""
