"""Every check of a resolved circuit."""

from __future__ import annotations


def check_circuit(context, circuit) -> None:
    """Note every problem."""
