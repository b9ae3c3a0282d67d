"""Episodes: returns and lengths, found in the rewards of a run chunk by chunk."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from neuro_rtrrl.backends.chunk import Chunk

__all__ = ["Episode", "EpisodeTable", "Episodes"]


class Episode(NamedTuple):
    """One finished episode: its summed reward, its environment steps, the decision it ended in, and how."""

    total: float
    length: int
    end: int
    truncated: bool


class EpisodeTable(NamedTuple):
    """All finished episodes, sorted by seed and then by end; arrays of one length.

    ``seed`` is the index of the seed in the run, not its number.
    """

    seed: np.ndarray
    total: np.ndarray
    length: np.ndarray
    end: np.ndarray
    truncated: np.ndarray


class Episodes:
    """The finished episodes of S seeds.

    An episode ends where the environment terminates or truncates it; what is unfinished at the end of a run
    is not an episode. The first tick of an episode is a reset and no step of the environment: it has no
    reward and does not count towards the length.

    Parameters
    ----------
    seeds : sequence of int
        The seeds' numbers, in the order of the chunks' rows.
    """

    def __init__(self, seeds: Sequence[int]) -> None:
        self.seeds = tuple(int(seed) for seed in seeds)
        self._total = np.zeros(len(self.seeds))
        self._length = np.zeros(len(self.seeds), dtype=np.int64)
        self._parts: list[EpisodeTable] = []
        self._table: EpisodeTable | None = None

    @classmethod
    def from_table(cls, seeds: Sequence[int], table: EpisodeTable) -> Episodes:
        """Return the episodes of a stored table."""
        episodes = cls(seeds)
        episodes._parts.append(table)
        return episodes

    def arrays(self) -> dict[str, np.ndarray]:
        """Return all that is known, the episodes under way included, for :meth:`from_arrays`."""
        columns = {f"episode_{name}": column for name, column in self.table._asdict().items()}
        return {**columns, "open_total": self._total, "open_length": self._length}

    @classmethod
    def from_arrays(cls, seeds: Sequence[int], arrays: Mapping[str, np.ndarray]) -> Episodes:
        """Return the episodes of a run that goes on."""
        columns = (arrays[f"episode_{name}"] for name in EpisodeTable._fields)
        episodes = cls.from_table(seeds, EpisodeTable(*columns))
        episodes._total, episodes._length = arrays["open_total"].copy(), arrays["open_length"].copy()
        return episodes

    def add(self, chunk: Chunk) -> None:
        """Take in the next stretch of decisions; arrays are (S, count)."""
        if chunk.count == 0:
            return
        total = self._total[:, None] + np.cumsum(chunk.reward, axis=1, dtype=np.float64)
        length = self._length[:, None] + np.cumsum(~np.asarray(chunk.first, dtype=bool), axis=1)
        ended = np.asarray(chunk.terminated, dtype=bool) | np.asarray(chunk.truncated, dtype=bool)
        seed, column = np.nonzero(ended)
        at_end, steps = total[seed, column], length[seed, column]
        # The running sums do not restart: an episode is the difference of two ends of the same seed.
        follows = np.zeros(len(seed), dtype=bool)
        follows[1:] = seed[1:] == seed[:-1]
        before = np.where(follows, np.roll(at_end, 1), 0.0)
        steps_before = np.where(follows, np.roll(steps, 1), 0)
        self._parts.append(
            EpisodeTable(
                seed,
                at_end - before,
                steps - steps_before,
                chunk.start + column,
                np.asarray(chunk.truncated, dtype=bool)[seed, column],
            )
        )
        last = np.zeros_like(self._total), np.zeros_like(self._length)
        last[0][seed] = at_end  # indices are sorted: the last end of each seed wins
        last[1][seed] = steps
        self._total, self._length = total[:, -1] - last[0], length[:, -1] - last[1]
        self._table = None

    @property
    def table(self) -> EpisodeTable:
        """Every finished episode, sorted by seed and end."""
        if self._table is None:
            empty = EpisodeTable(
                np.zeros(0, np.int64),
                np.zeros(0),
                np.zeros(0, np.int64),
                np.zeros(0, np.int64),
                np.zeros(0, bool),
            )
            columns = [np.concatenate(column) for column in zip(empty, *self._parts, strict=True)]
            order = np.lexsort((columns[3], columns[0]))
            self._table = EpisodeTable(*(column[order] for column in columns))
        return self._table

    def of(self, seed: int) -> list[Episode]:
        """Return the episodes of the ``seed``-th row, first to last."""
        table = self.table
        rows = np.flatnonzero(table.seed == seed)
        columns = (column[rows].tolist() for column in table[1:])
        return [Episode(*values) for values in zip(*columns, strict=True)]

    @property
    def count(self) -> np.ndarray:
        """Number of finished episodes of each seed, shape (S,)."""
        return np.bincount(self.table.seed, minlength=len(self.seeds))

    def __len__(self) -> int:
        return sum(len(part.end) for part in self._parts)

    def __repr__(self) -> str:
        return f"<Episodes: {len(self)} of {len(self.seeds)} seeds>"

    def curve(self, decisions: int, bins: int) -> np.ndarray:
        """Return the mean return of the episodes that end in each of ``bins`` equal parts of a run.

        Returns
        -------
        array (S, bins)
            NaN where no episode ends.
        """
        table = self.table
        place = table.end * bins // max(decisions, 1)
        cell = np.clip(place, 0, bins - 1) + bins * table.seed
        shape = (len(self.seeds), bins)
        number = np.bincount(cell, minlength=shape[0] * bins).reshape(shape)
        total = np.bincount(cell, weights=table.total, minlength=shape[0] * bins).reshape(shape)
        return np.divide(total, number, out=np.full(shape, np.nan), where=number > 0)

    def tenths(self, decisions: int) -> np.ndarray:
        """Return the mean return of the episodes that end in each tenth, shape (S, 10); NaN where none."""
        return self.curve(decisions, 10)

    def final_return(self, decisions: int) -> np.ndarray:
        """Return the mean return of the episodes that end in the last tenth, shape (S,); NaN where none."""
        return self.tenths(decisions)[:, -1]

    def best_return(self, decisions: int) -> np.ndarray:
        """Return the best mean return over any tenth, shape (S,); NaN where no episode ends at all.

        It hides a collapse: report it beside :meth:`final_return`, never alone.
        """
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # a seed without an episode is NaN, said above
            return np.nanmax(self.tenths(decisions), axis=1)

    def to_dataset(self):
        """Return the table as an ``xarray.Dataset`` over ``episode``."""
        import xarray

        table = self.table
        numbers = np.asarray(self.seeds, dtype=np.int64)[table.seed]
        return xarray.Dataset(
            {
                "seed": ("episode", numbers, {"long_name": "seed of the run"}),
                "seed_index": ("episode", table.seed, {"long_name": "row of the seed in the run"}),
                "return": ("episode", table.total, {"long_name": "sum of rewards", "units": "1"}),
                "length": ("episode", table.length, {"long_name": "environment steps", "units": "1"}),
                "end": (
                    "episode",
                    table.end,
                    {"long_name": "decision in which the episode ended", "units": "1"},
                ),
                "truncated": ("episode", table.truncated, {"long_name": "cut off by a time limit"}),
            },
            attrs={"seeds": np.asarray(self.seeds, dtype=np.int64)},
        )

    @classmethod
    def from_dataset(cls, dataset) -> Episodes:
        """Return the episodes of a dataset made by :meth:`to_dataset`."""
        names = ("seed_index", "return", "length", "end", "truncated")
        table = EpisodeTable(*(np.asarray(dataset[name].values) for name in names))
        table = table._replace(truncated=table.truncated.astype(bool))
        return cls.from_table(np.atleast_1d(dataset.attrs["seeds"]).tolist(), table)
