"""A user's own environment in one file beside the circuit: read once, known by its content, run as it was read."""

from __future__ import annotations

import hashlib
import importlib.abc
import importlib.util
import logging
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from neuro_rtrrl.errors import CircuitError, Location, Problem, RunError

__all__ = ["OwnFile", "factory_of", "module_of", "place_in", "read_own_file"]

FACTORY = "make"
LARGEST = 1_000_000  # bytes
_PLACES = {"environment": "environment.file", "program": "program"}
_LOG = logging.getLogger("neuro_rtrrl")


@dataclass(frozen=True)
class OwnFile:
    """Where the code of an environment stands.

    Attributes
    ----------
    folder, file : str
        The circuit's folder, and the path from there.
    digest : str
        SHA-256 of the content, in hexadecimal digits: what of it is part of the circuit's identity.
    """

    folder: str
    file: str
    digest: str

    @property
    def path(self) -> Path:
        """Where it is."""
        return Path(self.folder) / self.file

    def content(self) -> bytes:
        """Return what is in it.

        Raises
        ------
        RunError
            If that is no longer what the circuit was read with.
        """
        content = _content(self.path)
        if hashlib.sha256(content).hexdigest() != self.digest:
            message = f"{self.path} has changed since the circuit was read"
            raise RunError(Problem(message, hint="run the command again"))
        return content


def read_own_file(folder: str | Path, file: str, what: str = "environment", by: str = "circuit") -> OwnFile:
    """Return what a circuit in ``folder`` means by the ``file`` of its environment, or an assay by its program's.

    Raises
    ------
    CircuitError
        If it is no Python file below that folder.
    """
    path = Path(folder) / file

    def problem(message: str, **details: Any) -> CircuitError:
        return CircuitError(Problem(message, where=_PLACES[what], found=file, **details))

    if path.suffix != ".py":
        raise problem(f"the {what}'s file ends in .py")
    try:
        inside = path.resolve().is_relative_to(Path(folder).resolve())
    except (OSError, RuntimeError):
        inside = False
    if not inside:
        raise problem(f"the {what}'s file lies in the {by}'s folder or below it")
    if not path.is_file():
        there = sorted(each.name for each in path.parent.glob("*.py"))[:16] if path.parent.is_dir() else []
        message = f"there is no such file; its path counts from the {by}'s folder"
        raise problem(message, available=tuple(there))
    return OwnFile(str(folder), file, hashlib.sha256(_content(path)).hexdigest())


def _content(path: Path) -> bytes:
    try:
        if path.stat().st_size > LARGEST:
            raise CircuitError(Problem(f"{path} is larger than {LARGEST:,} bytes", where="environment.file"))
        return path.read_bytes()
    except OSError as error:
        raise CircuitError(
            Problem(f"{path} cannot be read: {error.strerror}", where="environment.file")
        ) from None


def factory_of(own: OwnFile, name: str) -> Callable[..., Any]:
    """Run the file, which is said on the log, and return its function ``make``.

    Raises
    ------
    CircuitError
        If it cannot be run, located in it, or has no such function.
    RunError
        If its content is no longer that of the circuit.
    """
    factory = getattr(module_of(own), FACTORY, None)
    if not callable(factory):
        raise CircuitError(
            Problem(
                f"the file of environment '{name}' has no function '{FACTORY}'",
                where="environment.file",
                location=Location(str(own.path), 1, 1),
                hint=f"write 'def {FACTORY}(): ...', which returns an Environment",
            )
        )
    return factory


def module_of(own: OwnFile, what: str = "environment", by: str = "circuit") -> ModuleType:
    """Run the file, which is said on the log, and return what it defines; a content is run once.

    Raises
    ------
    CircuitError
        If it cannot be run, located in it.
    RunError
        If its content is no longer what it was when it was read.
    """
    module = _module(own, own.content(), what, by)
    if isinstance(module, Problem):
        raise CircuitError(module)
    return module


@cache
def _module(own: OwnFile, content: bytes, what: str, by: str) -> ModuleType | Problem:
    """Return what the file defines, or what is wrong with it; a content is run once."""
    from multiprocessing import parent_process

    if parent_process() is None:  # a study's workers need not say it again
        _LOG.warning("running %s, which the %s names as its %s", own.path, by, what)
    name = f"neuro_rtrrl_own_{own.digest[:16]}"
    found = importlib.util.spec_from_loader(name, _Loader(str(own.path), content))
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    sys.modules[name] = module  # dataclasses look themselves up there
    try:
        found.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        return Problem(
            f"the {what}'s file could not be run: {type(error).__name__}: {_first_line(error)}",
            location=place_in(error, own.path) or Location(str(own.path), 1, 1),
        )
    return module


class _Loader(importlib.abc.SourceLoader):
    """Hands Python the content that was hashed, whatever the file holds by now; keeps no byte code."""

    def __init__(self, path: str, content: bytes) -> None:
        self._path, self._bytes = path, content

    def get_filename(self, fullname: str) -> str:
        return self._path

    def get_data(self, path: str | bytes) -> bytes:
        return self._bytes

    def path_stats(self, path: str | bytes) -> Any:
        raise OSError("no byte code is kept of it")


def place_in(error: BaseException, path: str | Path) -> Location | None:
    """Return where in a file an error came from: the innermost place of it; None where it did not."""
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return Location(str(path), error.lineno or 1, error.offset or 1)
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    if not frames:
        return None
    return Location(str(path), frames[-1].lineno or 1, (getattr(frames[-1], "colno", None) or 0) + 1)


def _first_line(error: BaseException) -> str:
    if isinstance(error, SyntaxError):
        return error.msg
    return (str(error).strip().splitlines() or ["no message"])[0][:300]
