"""Soaks: proofs that take minutes, over the running program."""
