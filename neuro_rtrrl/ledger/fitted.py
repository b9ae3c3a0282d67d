"""A table of counts in whatever width there is: numbers are never cut, names fold, what does not fit follows below.

Widths are chosen here and not by rich, which cuts the column that it likes least.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from neuro_rtrrl.ledger.tables import Table

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions

__all__ = ["PROSE", "FittedTable"]

PROSE = ("why", "note", "what", "learns")
"""Columns of words, which wrap."""

_GAPS = (2, 1)  # between columns: the wider where all fit beside each other
_NAME = 16  # what a name may always have
_PROSE = 24
_SPLIT = {"transcendental": ("transcen-", "dental")}


class FittedTable:
    """A rich renderable of a table.

    Parameters
    ----------
    table : Table
    """

    def __init__(self, table: Table) -> None:
        self.table = table
        self.head, *self.body = table.cells()
        self.last_is_total = table.totalled and len(table) > 1
        self.prose = [i for i, name in enumerate(self.head) if i > 0 and name in PROSE]
        self.gap = _GAPS[-1]
        self.fixed = [i for i in range(1, len(self.head)) if i not in self.prose]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Any]:
        """Yield the table, or as many of them, one below the other, as its columns need."""
        from rich.text import Text

        for self.gap in _GAPS:
            blocks = self._blocks(options.max_width)
            if len(blocks) == 1:
                break
        if self.table.title:
            yield Text(self.table.title, style="italic")  # rich would wrap it to the width of the table
        for number, columns in enumerate(blocks):
            if number:
                yield ""
            yield self._drawn(columns, options.max_width)

    def _width(self, column: int) -> int:
        """Return what a column of numbers needs: its longest cell, and its heading, long words broken."""
        words = [part for word in self.head[column].split() for part in _broken(word)]
        return max(map(len, [*(line for row in self.body for line in row[column].split("\n")), *words]))

    def _natural(self, column: int) -> int:
        return max(
            (len(line) for row in (self.head, *self.body) for line in row[column].split("\n")), default=0
        )

    def _blocks(self, width: int) -> list[Sequence[int]]:
        """Return which columns stand beside each other; prose stays with the first of them."""
        blocks: list[list[int]] = [[]]
        whole = width - min(self._natural(0), _NAME)
        left = whole - sum(self.gap + min(self._natural(i), _PROSE) for i in self.prose)
        for column in self.fixed:
            needed = self.gap + self._width(column)
            if needed > left and blocks[-1]:
                blocks.append([])
                left = whole
            blocks[-1].append(column)
            left -= needed
        return [sorted([*block, *(self.prose if not number else ())]) for number, block in enumerate(blocks)]

    def _drawn(self, columns: Sequence[int], width: int) -> Any:
        from rich.table import Table as RichTable
        from rich.text import Text

        drawn = RichTable(box=None, padding=(0, self.gap, 0, 0), pad_edge=False)
        name, prose = self._words(columns, width)
        drawn.add_column(self.head[0], width=name, overflow="fold")
        for column in columns:
            if column in prose:
                drawn.add_column(self.head[column], width=prose[column], overflow="fold")
            else:
                heading = " ".join("\n".join(_broken(word)) for word in self.head[column].split())
                drawn.add_column(Text(heading), justify="right", width=self._width(column), no_wrap=True)
        for number, cells in enumerate(self.body):
            total = self.last_is_total and number == len(self.body) - 1
            drawn.add_row(*(Text(cells[i]) for i in (0, *columns)), style="bold" if total else None)
        return drawn

    def _words(self, columns: Sequence[int], width: int) -> tuple[int, dict[int, int]]:
        """Return the widths of the names and of the prose: what they would take, or their share of what there is."""
        prose = [i for i in columns if i in self.prose]
        left = width - self.gap * len(columns) - sum(self._width(i) for i in columns if i not in prose)
        wished = {i: self._natural(i) for i in (0, *prose)}
        if sum(wished.values()) > left and prose:
            wished[0] = min(wished[0], max(_NAME, width // 4))
        found: dict[int, int] = {}
        for place, column in enumerate(sorted(wished, key=lambda i: wished[i])):
            share = left // (len(wished) - place)
            found[column] = max(1, min(wished[column], share))
            left -= found[column]
        return found.pop(0), found


def _broken(word: str) -> tuple[str, ...]:
    """Return a word of a heading, a long one in two parts."""
    return _SPLIT.get(word, (word,))
