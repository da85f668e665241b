"""Texts as vectors, one file an embedder."""
