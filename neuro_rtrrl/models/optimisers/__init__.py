"""Optimisers: one declaration a file; the registry finds them."""
