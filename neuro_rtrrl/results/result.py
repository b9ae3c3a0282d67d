"""A finished (or interrupted) run: what it learned and what was recorded."""

from __future__ import annotations

import html
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from neuro_rtrrl.errors import CircuitError, Problem, nearest
from neuro_rtrrl.results.episodes import Episodes
from neuro_rtrrl.results.weights import Weights

__all__ = ["Result"]


@dataclass(repr=False)
class Result:
    """What a run of S seeds left behind.

    Attributes
    ----------
    circuit : str
        The circuit's name.
    seeds : tuple of int
    decisions : int
        Decisions made, for each seed.
    episodes : Episodes
    recordings : xarray.Dataset
        See :meth:`neuro_rtrrl.results.Recorder.dataset`; index the result itself for one variable.
    state : mapping of str to array
        Every lasting variable (weights, traces, membranes), key → (S, ...), SI.
    settable : tuple of str
        Keys of ``state`` that another run can start from.
    wall_seconds, first_decision_seconds : float
        The whole run, and until its first decisions were there (compilation included).
    decisions_per_second : float
        Of all seeds together, compilation excluded.
    interrupted : bool
        Whether the run was ended before its time.
    folder : Path or None
    next_decision : int
        Index in the streams of noise at which a run that continues this one goes on.
    unfinished : bool
        Whether the run has not told its end (it was killed, the disk was full, or it still goes on): then this is what
        it had flushed to its folder last.
    activity : Activity or None
        What the ledger needs to count what a stretch of the run really did, where it was asked for.
    """

    circuit: str
    seeds: tuple[int, ...]
    decisions: int
    episodes: Episodes
    recordings: Any
    state: Mapping[str, np.ndarray]
    settable: tuple[str, ...] = ()
    wall_seconds: float = 0.0
    decisions_per_second: float = 0.0
    first_decision_seconds: float = 0.0
    interrupted: bool = False
    folder: Path | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)
    next_decision: int = 0
    activity: Any = None
    unfinished: bool = False

    @property
    def final_return(self) -> np.ndarray:
        """Mean return of the episodes that end in the last tenth of the run, shape (S,); NaN where none."""
        return self.episodes.final_return(self.decisions)

    @property
    def best_return(self) -> np.ndarray:
        """Best such mean over any tenth of the run, shape (S,)."""
        return self.episodes.best_return(self.decisions)

    @property
    def weights(self) -> Weights:
        """Weights and learned neuron parameters of all seeds, with a leading axis of seeds.

        ``result.of(seed)`` or ``result.best()`` are what a circuit takes.
        """
        return Weights({key: self.state[key] for key in self.settable})

    def of(self, seed: int) -> Weights:
        """Return the weights that ``seed`` (its number) ended with.

        Raises
        ------
        CircuitError
            If the run had no such seed.
        """
        if seed not in self.seeds:
            available = tuple(str(each) for each in self.seeds)
            raise CircuitError(Problem("this run had no such seed", found=str(seed), available=available))
        row = self.seeds.index(seed)
        return Weights({key: np.asarray(self.state[key])[row] for key in self.settable}, seed=seed)

    def best(self) -> Weights:
        """Return the weights of the seed with the best final return (the first seed if no episode ended)."""
        final = self.final_return
        known = np.where(np.isfinite(final), final, -np.inf)
        return self.of(self.seeds[int(np.argmax(known))])

    @property
    def _named(self) -> dict[str, str]:
        """What was recorded: its key, and its name in the dataset."""
        variables = self.recordings.data_vars.items()
        return {str(array.attrs.get("key", name)): str(name) for name, array in variables}

    def __iter__(self) -> Iterator[str]:
        """Go through the keys of what was recorded."""
        return iter(self._named)

    def __getitem__(self, key: str):
        """Return one recorded variable as an ``xarray.DataArray``.

        Its dimensions are seed, decision (or step) with the coordinate ``time``, then neuron, or post and pre. Of
        spikes it is their times.

        Raises
        ------
        CircuitError
            If nothing of that name was recorded; the message lists what was.
        """
        named = self._named
        name = named.get(key) or (key if key in self.recordings.data_vars else None)
        if name is None:
            available = tuple(named)
            hint = nearest(key, available) or "list it under 'record' in the circuit file"
            raise CircuitError(
                Problem(f"'{key}' was not recorded", found=key, available=available, hint=hint)
            )
        array = self.recordings[name]
        names = {dim: plain for dim, plain in _plain_names(array.dims) if plain != dim}
        names |= {f"{dim}_time": "time" for dim in names if f"{dim}_time" in array.coords}
        names |= {"step_time": "time"} if "step_time" in array.coords else {}
        return array.rename(names).rename(key)

    @property
    def trials(self) -> Any:
        """The trials of a protocol, a table with one row each; see :func:`neuro_rtrrl.results.trials.trials`."""
        from neuro_rtrrl.results.trials import trials

        return trials(self)

    def aligned(self, key: str, to: str = "trial", **options: Any) -> Any:
        """Return a recording cut into trials, time 0 at ``to``; see :func:`neuro_rtrrl.results.trials.aligned`."""
        from neuro_rtrrl.results.trials import aligned

        return aligned(self, key, to, **options)

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON document of ``simulate``; numbers per seed are null where no episode ended."""
        return {
            "circuit": self.circuit,
            "seeds": list(self.seeds),
            "decisions": int(self.decisions),
            "episodes": [int(count) for count in self.episodes.count],
            "final_return": _numbers(self.final_return),
            "best_return": _numbers(self.best_return),
            "wall_seconds": float(self.wall_seconds),
            "decisions_per_second": float(self.decisions_per_second),
            "first_decision_seconds": float(self.first_decision_seconds),
            "interrupted": bool(self.interrupted),
            "next_decision": int(self.next_decision),
            "results": None if self.folder is None else str(self.folder),
        }

    def _rows(self) -> list[tuple[str, str, str, str]]:
        columns = zip(self.seeds, self.episodes.count, self.final_return, self.best_return, strict=True)
        return [(str(seed), str(count), _shown(final), _shown(best)) for seed, count, final, best in columns]

    def _head(self) -> str:
        ended = ", interrupted" if self.interrupted else ""
        ended = ", not finished: what was flushed last" if self.unfinished else ended
        return f"{self.circuit}: {self.decisions:,} decisions in {self.wall_seconds:.1f} s{ended}"

    def __repr__(self) -> str:
        lines = [f"<Result {self._head()}>", "  seed  episodes  final return  best return"]
        lines += [
            f"  {seed:>4}  {count:>8}  {final:>12}  {best:>11}" for seed, count, final, best in self._rows()
        ]
        lines.append(f"  recorded: {', '.join(self) or 'nothing'}")
        if self.folder is not None:
            lines.append(f"  files: {self.folder}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        heads = "".join(f"<th>{head}</th>" for head in ("seed", "episodes", "final return", "best return"))
        cells = "".join(
            "<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in self._rows()
        )
        return (
            f"<p><b>{html.escape(self._head())}</b></p>"
            f"<table><thead><tr>{heads}</tr></thead><tbody>{cells}</tbody></table>"
        )


def _plain_names(dims) -> list[tuple[str, str]]:
    """Pair the dataset's dimension names with those of one array by itself, where that is unambiguous."""
    pairs = []
    for dim in map(str, dims):
        plain = dim
        if dim.startswith("observation_entry"):
            plain = "entry"
        for word in ("decision", "step"):
            if dim.startswith(f"{word}_"):
                plain = word
        for word in ("neuron", "post", "pre"):
            if f"_{word}" in dim and dim.rsplit(f"_{word}", 1)[1].strip("_").isdigit() | dim.endswith(
                f"_{word}"
            ):
                plain = word
        pairs.append((dim, plain))
    return pairs


def _numbers(values: np.ndarray) -> list[float | None]:
    return [float(value) if math.isfinite(value) else None for value in values]


def _shown(value: float) -> str:
    return f"{value:.3g}" if math.isfinite(value) else "–"
