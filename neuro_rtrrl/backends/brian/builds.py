"""Built stand-alone programs, kept by content: the same sources, compiler and processor never build twice."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from neuro_rtrrl.builds import keep, kept, processor

__all__ = ["build", "have_compiler"]

COMPILERS = ("g++", "clang++", "c++")
PROGRAM = "main"
SOURCES = (".cpp", ".h", "makefile")


def have_compiler() -> bool:
    """Whether a C++ compiler and make are there."""
    return shutil.which("make") is not None and any(map(shutil.which, COMPILERS))


def build(folder: Path, make: Callable[[], None], cache: Path | None) -> bool:
    """Put the program of the sources in ``folder`` there; return whether a kept one was taken.

    Where ``cache`` cannot be written nothing is kept.
    """
    if cache is None:
        make()
        return False
    home = cache / _digest(folder)
    if (found := kept(home, PROGRAM)) is not None:
        shutil.copy2(found, folder / PROGRAM)
        return True
    make()
    with contextlib.suppress(OSError):
        keep((folder / PROGRAM,), home)
    return False


def _digest(folder: Path) -> str:
    """Return a hash of all that the program depends on; what it reads when it starts is not in it."""
    found = hashlib.sha256(f"{_compiler()}\n{processor()}".encode())
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name.endswith(SOURCES):
            found.update(f"\0{path.relative_to(folder)}\0".encode())
            found.update(path.read_bytes())
    return found.hexdigest()[:24]


def _compiler() -> str:
    command = os.environ.get("CXX") or next(filter(shutil.which, COMPILERS), "")
    if not command:
        return ""
    return subprocess.run([*command.split(), "--version"], capture_output=True, text=True).stdout
