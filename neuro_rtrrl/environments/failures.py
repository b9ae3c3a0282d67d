"""What went wrong in an environment that runs on the host: compiled code hands on that it failed, but not why."""

from __future__ import annotations

from neuro_rtrrl.errors import RunError

__all__ = ["note", "told_by_host"]

_NOTED: list[RunError] = []


def note(error: RunError) -> RunError:
    """Keep the error for whoever asks why the loop has failed, and return it."""
    _NOTED[:] = [error]
    return error


def told_by_host() -> RunError | None:
    """Return the latest error that was noted, once; None where there was none."""
    return _NOTED.pop() if _NOTED else None
