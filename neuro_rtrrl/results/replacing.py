"""A file that is written whole or not at all."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from neuro_rtrrl.errors import NeuroRtrrlError, Problem, RunError

__all__ = ["hint_of", "reason_of", "replacing"]

LEAST_ROOM = 1 << 16  # bytes: with less no file of ours can be written


@contextmanager
def replacing(final: Path) -> Iterator[Path]:
    """Yield a temporary path beside ``final`` that takes its place in one step when the block ends well.

    Raises
    ------
    RunError
        If the file cannot be written.
    """
    # the suffix stays last: writers choose the format by it
    temporary = final.with_name(f".{final.stem}.{os.getpid()}.part{final.suffix}")
    try:
        yield temporary
        os.replace(temporary, final)
    except NeuroRtrrlError:
        raise
    except (OSError, RuntimeError) as error:  # the NetCDF library reports a full disk as RuntimeError
        error = error if final.parent.is_dir() else OSError(errno.ENOENT, "its folder does not exist")
        error = _full(final, error)
        problem = Problem(f"{final} could not be written: {reason_of(error)}", hint=hint_of(error))
        raise RunError(problem) from error
    finally:
        temporary.unlink(missing_ok=True)


def _full(final: Path, error: Exception) -> Exception:
    """Return the error of a full disk where that is what it is: the NetCDF library calls it a lack of permission."""
    with suppress(OSError):
        if (
            shutil.disk_usage(final.parent).free < LEAST_ROOM
            and getattr(error, "errno", None) != errno.ENOSPC
        ):
            return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    return error


def reason_of(error: Exception) -> str:
    """Return what the system says, in lower case."""
    return (getattr(error, "strerror", None) or str(error)).strip().lower()


def hint_of(error: Exception) -> str:
    """Return what may help against a file that cannot be written."""
    if getattr(error, "errno", None) == errno.ENOSPC:
        return "the disk is full: free some space, or choose another --out"
    if isinstance(error, RuntimeError):
        return "is the disk full? choose another --out, or record less"
    return "choose another --out, where you may write"
