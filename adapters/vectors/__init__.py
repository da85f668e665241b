"""Texts that can be found by what they say, one file an engine."""
