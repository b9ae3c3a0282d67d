"""Built kernels, kept by content: the same text, compiler and processor never build twice."""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
from pathlib import Path

from neuro_rtrrl.builds import keep, kept, working_folder
from neuro_rtrrl.native.compiler import FLAGS, SHARED, CompilationError, Compiler

__all__ = ["build_library"]

LIBRARY = "kernel.so"


def build_library(
    text: str, compiler: Compiler, folder: Path, include: tuple[str, ...] = ()
) -> tuple[str, ctypes.CDLL]:
    """Return a name that identifies the content, and the loaded library, building it where it is not there yet.

    Parameters
    ----------
    text : str
        C source.
    compiler : Compiler
    folder : Path
        Where built kernels are kept; where it cannot be written, the kernel is built for this process only.
    include : tuple of str
        Folders with headers; what they hold must be identified by the text.

    Raises
    ------
    CompilationError
        If it cannot be built or loaded.
    """
    content = "\0".join((text, compiler.identity, repr(FLAGS), repr(SHARED)))
    name = hashlib.sha256(content.encode()).hexdigest()[:24]
    home = folder / name
    if (found := kept(home, LIBRARY)) is not None:
        with contextlib.suppress(OSError):
            return name, ctypes.CDLL(str(found))
    try:
        with working_folder() as work:
            source, built = work / "kernel.c", work / LIBRARY
            source.write_text(text, encoding="utf-8")
            compiler.build(source, built, include)
            with contextlib.suppress(OSError):
                keep((built, source), home)
            return name, ctypes.CDLL(
                str(kept(home, LIBRARY) or built)
            )  # stays loaded after its folder is gone
    except OSError as error:
        raise CompilationError(f"the kernel cannot be written or loaded: {error}") from error
