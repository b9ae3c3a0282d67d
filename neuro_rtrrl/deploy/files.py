"""The files of an exported circuit, and what they take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from neuro_rtrrl.errors import Problem, RunError

__all__ = ["Sources"]


@dataclass(frozen=True)
class Sources:
    """The files and what they take.

    Attributes
    ----------
    files : mapping of str to str
        Name → text.
    arithmetic : {"float32", "fixed"}
    state_bytes, scratch_bytes, constant_bytes, table_bytes : int
        The struct without what only one tick needs, that, constant parameters and wiring, and tables of functions.
    parts : mapping of str to int
        Bytes of the members of the struct by what they are: weights, local traces ...
    near_ties : int
        Entries of tables that a C library might round otherwise; see :class:`~neuro_rtrrl.deploy.tables.Tables`.
    """

    files: Mapping[str, str]
    arithmetic: str
    state_bytes: int
    scratch_bytes: int
    constant_bytes: int
    table_bytes: int
    parts: Mapping[str, int]
    near_ties: int = 0

    def write(self, folder: Path) -> list[Path]:
        """Write the files into a folder, which may be there already; return their paths.

        Raises
        ------
        RunError
            If that cannot be done.
        """
        written = []
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for name, text in self.files.items():
                (folder / name).write_text(text, encoding="utf-8")
                written.append(folder / name)
        except OSError as error:
            raise RunError(Problem(f"{folder} cannot be written: {error.strerror or error}")) from error
        return written

    def facts(self) -> dict[str, Any]:
        """Return all but the texts, for JSON."""
        return {each.name: getattr(self, each.name) for each in fields(self) if each.name != "files"}
