"""What Brian2 and Python keep for the whole process, set for the time of a run and put back after it."""

from __future__ import annotations

import signal
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jax
import numpy as np
from brian2 import prefs
from brian2.codegen.runtime.cython_rt.cython_rt import CythonCodeObject
from brian2.codegen.runtime.cython_rt.extension_manager import get_cython_cache_dir
from brian2.utils.logger import BrianLogger

__all__ = ["Interruption", "code_target", "settings"]


def code_target(codegen: str, notice: Callable[[str], None] | None = None) -> str:
    """Return the code generation target, ``cython`` or ``numpy``; ``auto`` takes the first where it works."""
    if codegen != "auto":
        return codegen
    if CythonCodeObject.is_available():
        if notice is not None and not any(_cython_cache().glob("_cython_magic_*")):
            notice("Brian2 compiles its code objects, once: up to a minute before the first decision.")
        return "cython"
    if notice is not None:
        notice("Brian2 runs on NumPy, several times slower: no working C++ compiler was found for Cython.")
    return "numpy"


def _cython_cache() -> Path:
    """Return the folder in which Brian2 keeps what it compiled."""
    return Path(get_cython_cache_dir() or ".")


@contextmanager
def settings(target: str, precision: str) -> Iterator[None]:
    """Set target and number type, and let only Brian2's errors reach the terminal."""
    console: Any = BrianLogger.console_handler
    before = prefs.codegen.target, prefs.core.default_float_dtype, console.level
    prefs.codegen.target, prefs.core.default_float_dtype = target, np.dtype(precision).type
    console.setLevel("ERROR")
    try:
        # numbers that are no numbers are the business of whoever looks at the results
        with jax.enable_x64(precision == "float64"), np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.filterwarnings("ignore", category=DeprecationWarning, module=r"brian2|pyparsing")
            yield
    finally:
        prefs.codegen.target, prefs.core.default_float_dtype = before[:2]
        console.setLevel(before[2])


class Interruption:
    """Ctrl-C during a run: the first ends it at a whole decision, the second at once.

    Attributes
    ----------
    running : bool
        Set by the run once it integrates; before, while code is compiled, Ctrl-C takes effect at once.
    requested : bool
    """

    def __init__(self) -> None:
        self.running = self.requested = False

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Receive Ctrl-C, unless the caller has a handler of its own or this is not the main thread."""
        self.running = self.requested = False
        free = signal.getsignal(signal.SIGINT) is signal.default_int_handler
        if not free or threading.current_thread() is not threading.main_thread():
            yield
            return
        signal.signal(signal.SIGINT, self._receive)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def _receive(self, number: int, frame: Any) -> None:
        if self.requested or not self.running:
            raise KeyboardInterrupt
        self.requested = True
