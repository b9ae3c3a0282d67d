"""The page beside the study files: the table of each study, and how long all that is stored has taken."""

from __future__ import annotations

from pathlib import Path

from neuro_rtrrl.results.replacing import replacing
from neuro_rtrrl.studies.kept import TABLE, Kept

__all__ = ["PAGE", "budget", "renew_page", "with_budget", "with_table"]

PAGE = "README.md"
CORES = 2


def renew_page(folder: Path, study: str, table: str) -> Path | None:
    """Put a study's table, and the time of all, into the page of its folder; return it where it has a place.

    A page without the markers is left as it is.

    Raises
    ------
    RunError
        If it cannot be written.
    """
    page = folder / PAGE
    if not page.is_file():
        return None
    text = with_table(page.read_text(encoding="utf-8"), study, table)
    if text is None:
        return None
    with replacing(page) as target:
        target.write_text(with_budget(text, folder) or text, encoding="utf-8")
    return page


def with_table(text: str, name: str, table: str) -> str | None:
    """Return a page with the study's table between its markers, None where the page has no such markers.

    The markers are ``<!-- study: NAME -->`` and ``<!-- end of study: NAME -->``, on lines of their own.
    """
    return _between(text, f"<!-- study: {name} -->", f"<!-- end of study: {name} -->", table)


def with_budget(text: str, folder: Path) -> str | None:
    """Return a page with the time of all studies between its markers, None where it has none.

    The markers are ``<!-- time of all studies -->`` and ``<!-- end of time of all studies -->``.
    """
    return _between(
        text, "<!-- time of all studies -->", "<!-- end of time of all studies -->", f"{budget(folder)}\n"
    )


def _between(text: str, opening: str, closing: str, content: str) -> str | None:
    before, found, rest = text.partition(f"{opening}\n")
    _, end, after = rest.partition(closing)
    return f"{before}{opening}\n\n{content}\n{closing}{after}" if found and end else None


def budget(folder: Path) -> str:
    """Say how long the seeds in the tables of a folder's studies took, and would take side by side on two cores."""
    minutes = {}
    for table in sorted(folder.glob(f"*/{TABLE}")):
        records = Kept.read(table.parent).by_key.values()
        if records:
            minutes[table.parent.name] = len(records), sum(each["wall_seconds"] for each in records) / 60
    seeds, total = (sum(column) for column in zip(*minutes.values(), strict=True)) if minutes else (0, 0.0)
    each = ", ".join(f"{name} {spent / CORES:.0f}" for name, (_, spent) in minutes.items())
    return (
        f"The {seeds:,} seeds that are stored took {total:.0f} minutes of a core: all of it regenerates in about "
        f"{total / CORES:.0f} minutes on two cores ({each})."
    )
