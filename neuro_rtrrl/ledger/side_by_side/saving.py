"""The comparison as a file: page, lines, document or picture, by its ending."""

from __future__ import annotations

import json
from pathlib import Path

from neuro_rtrrl.errors import CircuitError, Problem
from neuro_rtrrl.ledger.side_by_side.sheet import Sheet

__all__ = ["ENDINGS", "save"]

ENDINGS = (".html", ".csv", ".json", ".svg", ".png", ".pdf")


def save(sheet: Sheet, path: Path) -> None:
    """Write a comparison.

    Raises
    ------
    CircuitError
        For an ending that none of :data:`ENDINGS` is.
    OSError
        If the file cannot be written.
    """
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        message = f"a comparison cannot be written as '{path.name}'"
        raise CircuitError(Problem(message, available=ENDINGS, hint="choose the form by the ending"))
    if ending == ".html":
        from neuro_rtrrl.ledger.side_by_side.page import page_of

        path.write_text(page_of(sheet), encoding="utf-8")
    elif ending == ".csv":
        from neuro_rtrrl.ledger.side_by_side.text import as_csv

        path.write_text(as_csv(sheet), encoding="utf-8")
    elif ending == ".json":
        document = json.dumps(sheet.as_dict(), indent=1, ensure_ascii=False, allow_nan=False)
        path.write_text(f"{document}\n", encoding="utf-8")
    else:
        from neuro_rtrrl.ledger.side_by_side.figure import save_sheet

        save_sheet(sheet, path)
