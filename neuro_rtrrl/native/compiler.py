"""The machine's C compiler: found, identified, asked to build."""

from __future__ import annotations

import functools
import os
import shlex
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from neuro_rtrrl.builds import processor

__all__ = ["CompilationError", "Compiler", "find_compiler"]

# in the order of preference; a compiler that does not know some of them builds with the next
FLAGS = (
    (
        *("-O3", "-march=native", "-fopenmp-simd", "-fno-math-errno", "-fno-trapping-math"),
        # as built-ins a sine and a cosine of one angle are merged into one call that has no vector form
        *("-fno-builtin-sin", "-fno-builtin-cos", "-fno-builtin-sinf", "-fno-builtin-cosf"),
    ),
    ("-O3", "-fno-math-errno"),
)
SHARED = ("-std=gnu11", "-fPIC", "-shared")
LONGEST = 300.0  # seconds


class CompilationError(Exception):
    """The compiler is missing or did not build; the message is one line."""


@dataclass(frozen=True)
class Compiler:
    """A command and what distinguishes its output from another's."""

    command: tuple[str, ...]
    identity: str

    def build(self, source: Path, target: Path, include: tuple[str, ...] = ()) -> None:
        """Build a shared library.

        Raises
        ------
        CompilationError
            With the compiler's first complaint.
        """
        complaint = ""
        for flags in FLAGS:
            command = [*self.command, *flags, *SHARED, *(f"-I{folder}" for folder in include)]
            command += ["-o", str(target), str(source), "-lm"]
            try:
                ended = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST)
            except (OSError, subprocess.SubprocessError) as error:
                raise CompilationError(f"'{self.command[0]}' did not run: {error}") from error
            if ended.returncode == 0 and target.is_file():
                return
            complaint = complaint or _first_error(ended.stderr) or f"it ended with {ended.returncode}"
        raise CompilationError(f"'{self.command[0]}' did not compile it: {complaint}")


@functools.cache
def find_compiler(given: str | None = None) -> Compiler:
    """Return the compiler: ``$CC``, else cc, gcc or clang.

    Raises
    ------
    CompilationError
        If there is none, or it does not run.
    """
    words = shlex.split(given if given is not None else os.environ.get("CC", ""))
    candidates = [words] if words else [["cc"], ["gcc"], ["clang"]]
    for command in candidates:
        if shutil.which(command[0]) is None:
            continue
        try:
            ended = subprocess.run([*command, "--version"], capture_output=True, text=True, timeout=30)
        except (OSError, subprocess.SubprocessError) as error:
            raise CompilationError(f"'{command[0]}' does not run: {error}") from error
        if ended.returncode != 0:
            raise CompilationError(f"'{command[0]} --version' ended with {ended.returncode}")
        return Compiler(tuple(command), f"{shlex.join(command)}\n{ended.stdout}\n{processor()}")
    wanted = f"'{words[0]}' (from CC)" if words else "cc, gcc or clang"
    raise CompilationError(f"there is no C compiler: {wanted} was not found")


def _first_error(text: str) -> str:
    lines = [line for line in text.splitlines() if "error" in line] or text.splitlines()
    return lines[0].strip() if lines else ""
