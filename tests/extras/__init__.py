"""Tests that need an optional package; each is skipped where it is not installed."""
