"""A small table of counts that prints itself: in a terminal, in a notebook, as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

__all__ = ["Table", "format_count"]

Cell = float | int | str | None


@dataclass(frozen=True)
class Table:
    """Named rows of named columns.

    Attributes
    ----------
    title : str
    index : str
        What a row is.
    columns : tuple of str
    rows : mapping of mappings
        Missing cells of a count are 0.
    totalled : bool
        Whether a last line shows the sums of the columns.
    note : str
        What a reader must know.
    """

    title: str
    index: str
    columns: tuple[str, ...]
    rows: Mapping[str, Mapping[str, Cell]]
    totalled: bool = True
    note: str = ""

    def __getitem__(self, row: str) -> Mapping[str, Cell]:
        return self.rows[row]

    def __iter__(self) -> Iterator[str]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def total(self) -> dict[str, float]:
        """Sum of each column over the rows."""
        return {
            column: sum(_number(row.get(column, 0)) for row in self.rows.values()) for column in self.columns
        }

    def as_dict(self) -> dict[str, dict[str, Any]]:
        """Return row -> column -> value, every cell filled."""
        return {
            name: {column: row.get(column, 0) for column in self.columns} for name, row in self.rows.items()
        }

    def cells(self) -> list[list[str]]:
        """Return the lines as text, head first and total last."""
        lines = [[self.index, *(column.replace("_", " ") for column in self.columns)]]
        for name, row in self.rows.items():
            lines.append([name, *(format_count(row.get(column, 0)) for column in self.columns)])
        if self.totalled and len(self.rows) > 1:
            lines.append(["total", *(format_count(value) for value in self.total.values())])
        return lines

    def __str__(self) -> str:
        lines = self.cells()
        widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
        ruler = "  ".join("-" * width for width in widths)
        text = [self.title] if self.title else []
        for number, line in enumerate(lines):
            if number == 1 or (self.totalled and len(self.rows) > 1 and number == len(lines) - 1):
                text.append(ruler)
            first, *others = line
            parts = [
                first.ljust(widths[0]),
                *(cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True)),
            ]
            text.append("  ".join(parts).rstrip())
        if self.note:
            text.append(self.note)
        return "\n".join(text)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        head, *body = self.cells()

        def line(cells: list[str], tag: str) -> str:
            return "<tr>" + "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells) + "</tr>"

        rows = "".join(line(cells, "td") for cells in body)
        caption = f"<caption>{escape(self.title)}</caption>" if self.title else ""
        note = f"<p>{escape(self.note)}</p>" if self.note else ""
        return f"<table>{caption}<thead>{line(head, 'th')}</thead><tbody>{rows}</tbody></table>{note}"


def format_count(value: Cell) -> str:
    """Write a count for people: thousands apart, 0 as a dot, unknown as a dash."""
    if value is None:
        return "-"
    if isinstance(value, str):
        return value
    if value == 0:
        return "·"
    if value == int(value):
        return f"{int(value):,}"
    return f"{value:,.3g}"


def _number(value: Cell) -> float:
    return value if isinstance(value, int | float) else 0
