"""Where every lasting value of one seed lies in memory: the C struct ``state`` as a table of offsets.

A dense projection lies by rows: one row for each presynaptic neuron where it has eight postsynaptic ones or more, so
that neighbours in memory are neighbouring neurons that run side by side in vector registers; else one row for each
postsynaptic neuron. A sparse one keeps only its synapses, row by row, and a table of where they lead.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from neuro_rtrrl.lowering import LoweredCircuit, Space, SpikeStep
from neuro_rtrrl.lowering.dataflow import carried_keys, written_keys
from neuro_rtrrl.native.delays import delay_tables

__all__ = ["ALIGNMENT", "Field", "Layout", "Storage", "storages"]

ALIGNMENT = 64  # bytes: a cache line, a vector register
FEWEST_SIDE_BY_SIDE = 8
DENSEST_SPARSE = 0.5  # share of synapses above which a dense matrix with a mask is less to move than indices

Rows = Literal["pre", "post"]


@dataclass(frozen=True)
class Storage:
    """How the synapses of one projection lie.

    Attributes
    ----------
    rows : {"pre", "post"}
        Which side the rows belong to; within a row, synapses follow the other side.
    shape : tuple of int
        (rows, row length); for a sparse projection (rows, neurons of the other side).
    start, other : arrays of int32, or None where dense
        Row r holds synapses ``start[r]`` to ``start[r + 1]``; ``other`` is the neuron of the other side.
    across : bool
        Whether the tables also say which synapses a neuron of the other side has.
    """

    rows: Rows
    shape: tuple[int, int]
    start: np.ndarray | None = None
    other: np.ndarray | None = None
    across: bool = False

    @property
    def sparse(self) -> bool:
        """Whether only the synapses that exist are kept."""
        return self.start is not None

    @property
    def elements(self) -> int:
        """Number of stored values of one variable."""
        return len(self.other) if self.other is not None else self.shape[0] * self.shape[1]

    def tables(self) -> dict[str, np.ndarray]:
        """Return the tables by name, int32; none where dense."""
        if self.start is None or self.other is None:
            return {}
        found = {"start": self.start, "other": self.other}
        if self.across:
            order = np.argsort(self.other, kind="stable")
            ends = np.searchsorted(self.other[order], np.arange(self.shape[1] + 1))
            found |= {"across_start": ends, "across_synapse": order, "across_row": self._row()[order]}
        return {name: table.astype(np.int32) for name, table in found.items()}

    def ends(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the row of each stored synapse and its neuron of the other side."""
        if self.other is not None:
            return self._row(), self.other
        rows, others = np.indices(self.shape)
        return rows.reshape(-1), others.reshape(-1)

    def put(self, matrix: np.ndarray) -> np.ndarray:
        """Return (post, pre) values as they lie, flat."""
        turned = matrix.T if self.rows == "pre" else matrix
        if self.other is None or self.start is None:
            return np.ascontiguousarray(turned).reshape(-1)
        return turned[self._row(), self.other]

    def take(self, flat: np.ndarray) -> np.ndarray:
        """Return values (..., elements) as (..., post, pre), 0 where there is no synapse."""
        shape = (*flat.shape[:-1], *self.shape)
        if self.other is None:
            found = flat.reshape(shape)
        else:
            found = np.zeros(shape, flat.dtype)
            found[..., self._row(), self.other] = flat
        return found.swapaxes(-1, -2) if self.rows == "pre" else found

    def _row(self) -> np.ndarray:
        return np.repeat(np.arange(self.shape[0]), np.diff(self.start))  # type: ignore[arg-type]


@dataclass(frozen=True)
class Field:
    """One member of the struct: ``count`` numbers from ``offset`` on (both in numbers, not in bytes)."""

    key: str
    offset: int
    count: int


class Layout:
    """The struct of one seed.

    Parameters
    ----------
    lowered : LoweredCircuit
        Hoisted, not packed.
    precision : {"float32", "float64"}
    scratch : mapping of str to Space, optional
        Keys that a tick needs room for, though they do not last.
    """

    def __init__(
        self, lowered: LoweredCircuit, precision: str, scratch: Mapping[str, Space] | None = None
    ) -> None:
        self.lowered, self.dtype = lowered, np.dtype(precision)
        self.storage = storages(lowered)
        self.carried = carried_keys(lowered)
        written = written_keys(lowered)
        computed = {assign.target for assign in lowered.setup}
        borrowed = {f"{name}.w" for name in lowered.transposed}
        self.fixed = tuple(
            key
            for key, variable in lowered.variables.items()
            if variable.value is None
            and (variable.persistent or key in computed)
            and key not in written
            and key not in self.carried
            and key not in borrowed
        )
        #: spikes on their way: (steps, neurons); with delays apart a list of those that fired, for each step
        self.queues: dict[str, tuple[int, int]] = {}
        self.lists: set[str] = set()
        for index, statement in enumerate(lowered.sections["spike"]):
            if isinstance(statement, SpikeStep) and statement.delay_steps:
                size = lowered.variables[statement.trigger].space.shape[0]
                apart = statement.space.name in lowered.delays
                self.queues[f"queue {index}"] = (statement.delay_steps + apart, size)
                if apart:
                    self.lists.add(f"queue {index}")
        self.masks = tuple(name for name in lowered.masks if not self.storage[name].sparse)
        self.fields: dict[str, Field] = {}
        self._end = 0
        for key in (*self.carried, *self.fixed):
            self._add(key, self.count(lowered.variables[key].space))
        for key, space in (scratch or {}).items():
            self._add(key, self.count(space))
        for name in self.masks:
            self._add(f"{name}.mask", self.storage[name].elements)
        for key, (steps, size) in self.queues.items():
            self._add(key, steps * size)
            self._add(f"{key} head", 1)
            if key in self.lists:
                self._add(f"{key} count", steps)
        self.size = self._end

    def _add(self, key: str, count: int) -> None:
        if key in self.fields:
            return
        self.fields[key] = Field(key, self._end, count)
        step = ALIGNMENT // self.dtype.itemsize
        self._end += -(-count // step) * step

    def count(self, space: Space) -> int:
        """Return how many numbers a variable of this space is."""
        if space.kind == "projection":
            return self.storage[space.name].elements
        return int(np.prod(space.shape, dtype=int))

    def write(self, values: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return the struct, shape (size,), from values by key; what is not given starts at 0."""
        state = np.zeros(self.size, self.dtype)
        given = {**{f"{name}.mask": self.lowered.masks[name] for name in self.masks}, **values}
        for key, field in self.fields.items():
            if key in given and key not in self.queues:  # no spike is on its way yet
                state[field.offset : field.offset + field.count] = self._flat(key, np.asarray(given[key]))
        return state

    def read(self, states: np.ndarray) -> dict[str, np.ndarray]:
        """Return key → values (..., shape of the variable) from structs (..., size)."""
        found = {}
        for key, field in self.fields.items():
            if key not in self.lowered.variables:
                continue
            flat = states[..., field.offset : field.offset + field.count]
            found[key] = self.shown(key, flat)
        return found

    def shown(self, key: str, flat: np.ndarray) -> np.ndarray:
        """Return values (..., count) as (..., shape of the variable)."""
        space = self.lowered.variables[key].space
        if space.kind == "projection":
            return self.storage[space.name].take(flat)
        return flat.reshape(*flat.shape[:-1], *space.shape)

    def _flat(self, key: str, value: np.ndarray) -> np.ndarray:
        variable = self.lowered.variables.get(key)
        name = variable.space.name if variable else key.removesuffix(".mask")
        if name in self.storage and (variable is None or variable.space.kind == "projection"):
            return self.storage[name].put(value)
        return np.broadcast_to(value, variable.space.shape if variable else value.shape).reshape(-1)

    @property
    def is_sparse(self) -> bool:
        """Whether any projection needs tables."""
        return bool(self.lists) or any(storage.sparse for storage in self.storage.values())

    def wiring(self) -> tuple[np.ndarray, dict[tuple[str, str], int]]:
        """Return the tables of all sparse and variously delayed projections, and where each begins.

        The array is int32 with at least one entry; the keys are (projection, name of the table).
        """
        tables, begins, position = [np.zeros(1, np.int32)], {}, 1
        for name, storage in self.storage.items():
            found = storage.tables()
            if name in self.lowered.delays:
                delays = self.lowered.delays[name]
                longest = int(delays.max())
                found |= delay_tables(storage.put(delays), *storage.ends(), storage.shape[0], longest)
            for which, table in found.items():
                begins[name, which] = position
                tables.append(table.astype(np.int32))
                position += len(table)
        return np.concatenate(tables), begins


def storages(lowered: LoweredCircuit) -> dict[str, Storage]:
    """Decide how the synapses of every projection lie."""
    apart = set(lowered.transposed) | set(lowered.transposed.values())
    found = {}
    for name, space in lowered.spaces.items():
        if space.kind != "projection":
            continue
        post, pre = space.shape
        delivers = _has_event(lowered, name, "pre")
        rows: Rows = "pre" if post >= FEWEST_SIDE_BY_SIDE or delivers else "post"
        mask = lowered.masks.get(name)
        if mask is not None and name not in apart and mask.mean() < DENSEST_SPARSE:
            rows = "pre" if delivers else "post"
            found[name] = _sparse(np.asarray(mask), rows, rows == "pre" and _has_event(lowered, name, "post"))
        else:
            found[name] = Storage(rows, (pre, post) if rows == "pre" else (post, pre))
    return found


def _has_event(lowered: LoweredCircuit, projection: str, event: str) -> bool:
    """Whether pre- (post-)synaptic spikes do something to the synapses of a projection."""
    return any(
        isinstance(statement, SpikeStep) and statement.event == event and statement.space.name == projection
        for statement in lowered.sections["spike"]
    )


def _sparse(mask: np.ndarray, rows: Rows, across: bool) -> Storage:
    turned = mask.T if rows == "pre" else mask
    row, other = np.nonzero(turned)
    start = np.searchsorted(row, np.arange(turned.shape[0] + 1))
    return Storage(rows, turned.shape, start.astype(np.int32), other.astype(np.int32), across)
