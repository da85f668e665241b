"""Who and what there is, one file an engine."""
