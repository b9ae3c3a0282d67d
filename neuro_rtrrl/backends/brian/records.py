"""What a run keeps: arrays of one stretch of decisions, filled tick by tick."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from neuro_rtrrl.backends.brian.replica import Replica
from neuro_rtrrl.backends.chunk import Chunk
from neuro_rtrrl.graph.circuit import Recording

__all__ = ["Records", "chosen_shape", "chosen_synapses"]

Write = Callable[[int], None]


class Records:
    """Buffers for up to ``length`` decisions of all seeds, of the decisions and neurons that are asked for.

    Spikes and what is asked for by steps are kept every ``dt``, all else once a decision or more rarely.
    """

    def __init__(
        self, replicas: Sequence[Replica], record: Sequence[Recording], length: int, dtype: Any
    ) -> None:
        self.replicas, self.length, self.dtype = replicas, length, dtype
        self.spikes = tuple(each for each in record if each.spikes)
        self.values = tuple(each for each in record if not each.spikes)
        self._fired_neurons = [
            (seed, each.key, replica.groups.objects[each.owner].variables["_spikespace"], self._places(each))
            for seed, replica in enumerate(replicas)
            for each in self.spikes
        ]
        self._steps = replicas[0].lowered.circuit.timing.steps
        self.start = 0
        self.renew(0)

    def _shape(self, key: str) -> tuple[int, ...]:
        return self.replicas[0].lowered.variables[key].space.shape

    def _places(self, each: Recording) -> np.ndarray:
        """Return for each neuron its column; all that were not asked for share one more, which nobody reads."""
        (size,) = self._shape(each.key)
        if each.neurons is None:
            return np.arange(size)
        places = np.full(size, len(each.neurons))
        places[list(each.neurons)] = np.arange(len(each.neurons))
        return places

    def renew(self, start: int) -> None:
        """Begin the stretch that starts at decision ``start``."""
        self.start, self.count = start, 0
        seeds, steps = len(self.replicas), self._steps
        self.told: list[tuple[Any, ...]] = []  # of each decision, the flags of all seeds
        self.kept = {
            each.key: np.zeros(
                (
                    seeds,
                    len(each.rows(start, self.length)) * (steps if each.by_step else 1),
                    *chosen_shape(each, self._shape(each.key)),
                ),
                self.dtype,
            )
            for each in self.values
        }
        self.fired = {
            each.key: np.zeros((seeds, self.length, steps, 1 + self._places(each).max()), bool)
            for each in self.spikes
        }
        self._writers: dict[int, list[Write]] = {}
        for seed, replica in enumerate(self.replicas):
            for each in self.values:
                self._writers.setdefault(each.every, []).append(self._writer(seed, replica, each))
        self._each_step = self._writers.pop(0, [])

    def _writer(self, seed: int, replica: Replica, each: Recording) -> Write:
        variable, values = replica.lowered.variables[each.key], replica.values
        buffer, key = self.kept[each.key][seed], each.key
        if variable.value is not None:
            buffer[...] = variable.value
            return lambda row: None
        if variable.space.kind == "projection":
            here, post, pre = chosen_synapses(each, *replica.groups.connections[variable.space.name])
            flat = values[key]

            def scatter(row: int) -> None:
                buffer[row][post, pre] = flat[here]

            return scatter
        if each.neurons is not None and variable.space.shape:
            neurons, own = list(each.neurons), values[key]

            def pick(row: int) -> None:
                buffer[row] = own[neurons]

            return pick

        def copy(row: int) -> None:
            buffer[row] = values[key]

        return copy

    def step(self, step: int) -> None:
        """Keep who fired in integration step ``step`` of the present decision, and what is kept at each."""
        row = self.count * self._steps + step
        for write in self._each_step:
            write(row)
        for seed, key, space, places in self._fired_neurons:
            fired = space.get_value()
            self.fired[key][seed, self.count, step, places[fired[: fired[-1]]]] = True

    def tick(self) -> None:
        """Keep one finished decision."""
        self.told.append(tuple(tuple(replica.flags.values()) for replica in self.replicas))
        for every, writers in self._writers.items():
            decision = self.start + self.count
            if decision % every == 0:
                row = (decision - -(-self.start // every) * every) // every
                for write in writers:
                    write(row)
        self.count += 1

    def chunk(self) -> Chunk:
        """Return what was kept and begin the next stretch."""
        count = self.count
        records = {}
        for each in self.values:
            rows = len(each.rows(self.start, count))
            if each.by_step:
                kept = self.kept[each.key][:, : rows * self._steps]
                records[each.key] = kept.reshape(len(kept), rows, self._steps, *kept.shape[2:])
            else:
                records[each.key] = self.kept[each.key][:, :rows]
        for each in self.spikes:
            (size,) = chosen_shape(each, self._shape(each.key))
            records[each.key] = self.fired[each.key][:, :count, :, :size]
        told = np.array(self.told, np.float64).reshape(count, len(self.replicas), -1)  # (count, S, flags)
        flags = {name: told[:, :, column].T for column, name in enumerate(self.replicas[0].flags)}
        reward = flags.pop("reward").astype(self.dtype)
        ends = {name: values > 0 for name, values in flags.items()}
        made = Chunk(self.start, count, reward, records=records, **ends)
        self.renew(self.start + count)
        return made


def chosen_shape(each: Recording, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape of what is kept of a variable; a sum over a population has no neurons to choose."""
    return shape if each.neurons is None or not shape else (len(each.neurons), *shape[1:])


def chosen_synapses(
    each: Recording, post: np.ndarray, pre: np.ndarray
) -> tuple[np.ndarray | slice, np.ndarray, np.ndarray]:
    """Return which synapses are kept, and their rows (chosen target neurons) and columns."""
    if each.neurons is None:
        return slice(None), post, pre
    rows = np.full(max(post.max(initial=-1), *each.neurons) + 1, -1)
    rows[list(each.neurons)] = np.arange(len(each.neurons))
    here = np.flatnonzero(rows[post] >= 0)
    return here, rows[post[here]], pre[here]
