"""On what, with what, and of what commit a run was made."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmarks.contestants import ROOT


def machine() -> dict[str, str | float]:
    """Describe this machine and the software that decides about speed."""
    return {
        "processor": f"{os.cpu_count()} × {_processor()}",
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "jax": _version("jax"),
        "brian2": _version("brian2"),
        "compiler": _said(["gcc", "--version"]).split("\n")[0] or "none",
        "load": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else 0.0,
    }


def commit() -> str:
    """Return the commit, short, with ``+`` where the working tree differs from it; empty outside of a repository."""
    short = _said(["git", "rev-parse", "--short", "HEAD"])
    return f"{short}+" if short and _said(["git", "status", "--porcelain"]) else short


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "none"


def _said(command: list[str]) -> str:
    if shutil.which(command[0]) is None:
        return ""
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout.strip()
