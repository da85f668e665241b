"""Addresses of streams and what events look like on them."""
