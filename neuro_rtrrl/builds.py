"""What is compiled once and kept: where, for which machine, and whether it is still whole.

A build lies in a folder of its own, named by a hash of all it depends on, with a checksum beside it. It is moved into
place in one step, so that two processes building at once never see half a file, and its checksum is compared before it
is used, so that a damaged one is built anew.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

__all__ = ["cache_folder", "cores", "keep", "kept", "processor", "working_folder"]

CHECKSUM = "sha256"


def cache_folder() -> Path:
    """Return the folder: ``NEURO_RTRRL_CACHE``, or ``neuro-rtrrl`` in the user's cache folder."""
    given = os.environ.get("NEURO_RTRRL_CACHE")
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(given) if given else base / "neuro-rtrrl"


def cores() -> int:
    """Return on how many cores this process may run."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def processor() -> str:
    """Return what ``-march=native`` depends on, so that a cache shared by several machines never mixes them up."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    kinds = {line for line in lines if line.split(":")[0].strip() in ("flags", "Features", "model name")}
    return "\n".join((platform.machine(), platform.processor(), *sorted(kinds)))


def kept(home: Path, product: str) -> Path | None:
    """Return the kept file, or None where there is none, it is damaged or belongs to somebody else."""
    path = home / product
    try:
        if hasattr(os, "getuid") and path.stat().st_uid not in (os.getuid(), 0):
            return None
        return path if _checksum(path) == (home / CHECKSUM).read_text() else None
    except OSError:
        return None


def keep(files: Sequence[Path], home: Path) -> None:
    """Put files in their place, the product first; who comes second finds it there, and a damaged one is replaced.

    Raises
    ------
    OSError
        If the folder cannot be written.
    """
    home.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="building-", dir=home.parent, ignore_cleanup_errors=True) as work:
        whole = Path(work) / home.name
        whole.mkdir()
        for path in files:
            shutil.copy2(path, whole / path.name)
        (whole / CHECKSUM).write_text(_checksum(files[0]))
        if home.exists():
            if kept(home, files[0].name):
                return
            shutil.rmtree(home)
        with contextlib.suppress(FileExistsError):
            whole.rename(home)


@contextlib.contextmanager
def working_folder() -> Iterator[Path]:
    """Give a folder to build in, removed in the end.

    Raises
    ------
    OSError
        If there is no room for one.
    """
    with tempfile.TemporaryDirectory(prefix="neuro-rtrrl-", ignore_cleanup_errors=True) as name:
        yield Path(name)


def _checksum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
