"""What can go wrong in a user's file or command, said so that it can be mended.

A :class:`Problem` says where, what, found, available and hint; a :class:`CircuitError` carries all problems of
one file at once. Nothing here imports anything of ours.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["CircuitError", "Location", "NeuroRtrrlError", "Problem", "Problems", "RunError", "nearest"]


@dataclass(frozen=True)
class Location:
    """A place in a text file; line and column count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True)
class Problem:
    """One thing to mend.

    Attributes
    ----------
    message : str
        One sentence: what is wrong.
    where : str
        Dotted path inside the file, such as ``projections.cortex_recurrent.plasticity``.
    location : Location, optional
        File, line and column.
    found : str
        The offending text, where it helps.
    available : tuple of str
        The valid choices.
    hint : str
        What to do.
    """

    message: str
    where: str = ""
    location: Location | None = None
    found: str = ""
    available: tuple[str, ...] = ()
    hint: str = ""

    def __str__(self) -> str:
        head = "  ".join(part for part in (str(self.location or ""), self.where) if part)
        lines = [head] if head else []
        lines.append(f"  {self.message}")
        if self.found:
            lines.append(f"  found: {self.found}")
        if self.available:
            lines.append(f"  available: {', '.join(self.available)}")
        if self.hint:
            lines.append(f"  hint: {self.hint}")
        return "\n".join(lines)

    def as_dict(self) -> dict:
        """Return the JSON form: file, line, column, where, message, found, available, hint."""
        place = self.location
        return {
            "file": place.file if place else None,
            "line": place.line if place else None,
            "column": place.column if place else None,
            "where": self.where,
            "message": self.message,
            "found": self.found,
            "available": list(self.available),
            "hint": self.hint,
        }


class NeuroRtrrlError(Exception):
    """An error meant for the user: printed without a traceback, ends the command with ``exit_code``."""

    exit_code = 1

    def __init__(self, problems: Problem | Iterable[Problem] | str):
        if isinstance(problems, str):
            problems = Problem(problems)
        self.problems: tuple[Problem, ...] = (problems,) if isinstance(problems, Problem) else tuple(problems)
        super().__init__("\n\n".join(str(problem) for problem in self.problems))


class CircuitError(NeuroRtrrlError):
    """The description (circuit, profile, argument) cannot be used as it stands; exit code 2."""

    exit_code = 2


class RunError(NeuroRtrrlError):
    """A sound description could not be run or its results not be kept; exit code 1."""


class Problems:
    """Collects problems so that all of them are reported at once."""

    def __init__(self) -> None:
        self.found: list[Problem] = []

    def add(self, message: str, **details) -> None:
        """Note one :class:`Problem`; the keywords are its other fields."""
        self.found.append(Problem(message, **details))

    def raise_if_any(self) -> None:
        """Raise :class:`CircuitError` with everything noted so far, if anything was."""
        if self.found:
            raise CircuitError(self.found)


def nearest(name: str, valid: Iterable[str]) -> str:
    """Return a hint naming the valid choice closest to ``name``, or an empty string."""
    close = difflib.get_close_matches(name, list(valid), n=1, cutoff=0.6)
    return f"did you mean '{close[0]}'?" if close else ""
