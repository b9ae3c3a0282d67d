"""Where output goes: results and JSON to standard output, progress and errors to standard error.

What goes to standard error never breaks a command: a run must not be lost because nobody reads its progress.
"""

from __future__ import annotations

import json as json_format
import math
import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from neuro_rtrrl.errors import Problem

__all__ = [
    "console",
    "counted",
    "forget_stdout",
    "notice",
    "number",
    "plain",
    "print_error",
    "print_json",
    "unfinished",
]

SHOWN = 40  # problems; a file with thousands has one cause


def console(stderr: bool = False):
    """Return a rich console on standard output or standard error; a closed pipe raises BrokenPipeError."""
    from rich.console import Console

    class Plain(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    return Plain(stderr=stderr, highlight=False)


def notice(text: str) -> None:
    """Say one line to the user beside the results; quietly nothing where standard error is closed."""
    if sys.stderr is None:  # closed by the caller: print() would turn to standard output
        return
    with suppress(OSError, ValueError, RuntimeError):  # RuntimeError: said by a signal handler in mid-print
        print(_printable(text), file=sys.stderr, flush=True)


def print_json(document: Any) -> None:
    """Print one JSON document and nothing else; NaN and infinity become null."""
    encoding = (getattr(sys.stdout, "encoding", None) or "").lower().replace("-", "")
    ascii_only = encoding not in ("utf8", "utf16", "utf32")
    print(json_format.dumps(plain(document), indent=2, ensure_ascii=ascii_only, allow_nan=False))


def print_error(problems: Iterable[Problem], json: bool) -> None:
    """Print problems for people on standard error or, with ``--json``, as a document on standard output."""
    problems = list(problems)
    if json:
        try:
            print_json({"problems": [problem.as_dict() for problem in problems]})
            sys.stdout.flush()
            return
        except BrokenPipeError:
            forget_stdout()
            return
        except (OSError, AttributeError):  # a full disk, or no standard output at all
            forget_stdout()
    for problem in problems[:SHOWN]:
        notice(f"{problem}\n")
    if len(problems) > SHOWN:
        notice(f"... and {len(problems) - SHOWN} more problems")


def forget_stdout() -> None:
    """Send what is still to be written to standard output nowhere, so that the interpreter ends without complaint."""
    with suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def _printable(text: str) -> str:
    """Show control characters, which a file's name or a value may hold, instead of obeying them."""
    return "".join(c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text)


def plain(value: Any) -> Any:
    """Return a value as JSON can say it: plain numbers and lists, None for NaN and infinity."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if hasattr(value, "tolist"):  # NumPy scalars and arrays
        return plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def number(value: float | None) -> str:
    """Write a score for a table; a dash where there is none."""
    return "–" if value is None else f"{value:.3f}"


def counted(number: int, what: str) -> str:
    """Return ``1 neuron``, ``2 neurons``."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def unfinished(result: Any, place: str) -> str:
    """Return what there is of a run that did not end."""
    made = f"{result.decisions:,} decisions"
    if not result.recordings.data_vars:
        return f"the run in {place} ended early: weights and episodes of {made}, nothing that was recorded"
    return f"the run in {place} is not finished: its first {made}, flushed last"
