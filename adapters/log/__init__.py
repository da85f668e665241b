"""The log, one file an engine."""
