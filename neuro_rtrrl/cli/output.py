"""Where output goes: results and JSON to standard output, progress and errors to standard error."""

from __future__ import annotations

import json as json_format
import math
import sys
from collections.abc import Iterable
from typing import Any

from neuro_rtrrl.errors import Problem

__all__ = ["console", "notice", "print_error", "print_json"]

SHOWN = 40  # problems; a file with thousands has one cause


def console(stderr: bool = False):
    """Return a rich console on standard output or standard error."""
    from rich.console import Console

    return Console(stderr=stderr, highlight=False)


def notice(text: str) -> None:
    """Say one line to the user beside the results."""
    print(text, file=sys.stderr)


def print_json(document: Any) -> None:
    """Print one JSON document and nothing else; NaN and infinity become null."""
    print(json_format.dumps(_plain(document), indent=2, ensure_ascii=False, allow_nan=False))


def print_error(problems: Iterable[Problem], json: bool) -> None:
    """Print problems for people on standard error or, with ``--json``, as a document on standard output."""
    problems = list(problems)
    if json:
        print_json({"problems": [problem.as_dict() for problem in problems]})
        return
    for problem in problems[:SHOWN]:
        print(f"{problem}\n", file=sys.stderr)
    if len(problems) > SHOWN:
        print(f"... and {len(problems) - SHOWN} more problems", file=sys.stderr)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "tolist"):  # NumPy scalars and arrays
        return _plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
