"""Where a result comes from: versions, seeds, circuit, command, machine, time."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from neuro_rtrrl.builds import cores

__all__ = ["collect_provenance", "now"]

#: Distribution names; looked up without importing them.
_PACKAGES = ("neuro-rtrrl", "numpy", "jax", "jaxlib", "brian2", "gymnax", "xarray")


def now() -> str:
    """Return the time in UTC, ISO 8601, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def collect_provenance(
    seeds: Sequence[int],
    circuit_hash: str,
    backend: str,
    precision: str,
    command: Sequence[str] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """Return what is known at the start of a run; ``end`` and ``kernel`` are None until it runs.

    Nothing here fails: what cannot be found out is None.

    Parameters
    ----------
    seeds : sequence of int
    circuit_hash, backend, precision : str
    command : sequence of str, optional
        The command line; ``sys.argv`` with the program's folder left out by default.
    **more
        Further entries (the results folder continued from, overrides), JSON values.
    """
    words = list(command) if command is not None else [Path(sys.argv[0] or "python").name, *sys.argv[1:]]
    return {
        "start": now(),
        "end": None,
        "command": words,
        "circuit_hash": circuit_hash,
        "seeds": [int(seed) for seed in seeds],
        "backend": backend,
        "precision": precision,
        "kernel": None,
        "versions": {"python": platform.python_version(), **{name: _version(name) for name in _PACKAGES}},
        "git_commit": _git_commit(),
        "machine": {
            "platform": platform.platform(),
            "processor": _processor(),
            "cpu_count": os.cpu_count(),
            "cpus_usable": cores(),
        },
        **more,
    }


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def _processor() -> str | None:
    try:  # Linux: platform.processor() is empty or only names the architecture
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine() or None


def _git_commit() -> str | None:
    """Return the commit of the package's checkout; ``+changes`` says that files differ from it."""
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return None
    try:
        commit = _git(root, "rev-parse", "HEAD")
        changed = _git(root, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.SubprocessError):
        return None
    return f"{commit}+changes" if changed else commit


def _git(root: Path, *words: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(root), *words],
        capture_output=True,
        text=True,
        timeout=5,
        check=True,
        stdin=subprocess.DEVNULL,
    )
    return done.stdout.strip()
