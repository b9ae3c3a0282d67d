"""What a run keeps: arrays of one stretch of decisions, filled tick by tick."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from neuro_rtrrl.backends.brian.replica import Replica
from neuro_rtrrl.backends.chunk import Chunk

__all__ = ["Records"]


class Records:
    """Buffers for up to ``length`` decisions of all seeds.

    ``keys`` are kept once a decision, but spikes (``population.spike``) every ``dt``.
    """

    def __init__(self, replicas: Sequence[Replica], keys: tuple[str, ...], length: int, dtype: Any) -> None:
        self.replicas, self.length, self.dtype = replicas, length, dtype
        self.spikes = tuple(key for key in keys if key.endswith(".spike"))
        self.keys = tuple(key for key in keys if key not in self.spikes)
        self._spikespaces = [
            {
                key: replica.groups.objects[key.removesuffix(".spike")].variables["_spikespace"]
                for key in self.spikes
            }
            for replica in replicas
        ]
        self.start = 0
        self.renew(0)

    def renew(self, start: int) -> None:
        """Begin the stretch that starts at decision ``start``."""
        self.start, self.count = start, 0
        seeds, lowered = len(self.replicas), self.replicas[0].lowered
        self.told: list[tuple[Any, ...]] = []  # of each decision, the flags of all seeds
        self.kept = {
            key: np.zeros((seeds, self.length, *lowered.variables[key].space.shape), self.dtype)
            for key in self.keys
        }
        steps = lowered.circuit.timing.steps
        self.fired = {
            key: np.zeros((seeds, self.length, steps, *lowered.variables[key].space.shape), bool)
            for key in self.spikes
        }
        self._writers = [
            self._writer(seed, replica, key)
            for seed, replica in enumerate(self.replicas)
            for key in self.keys
        ]

    def _writer(self, seed: int, replica: Replica, key: str) -> Callable[[int], None]:
        variable, values, buffer = replica.lowered.variables[key], replica.values, self.kept[key][seed]
        if variable.value is not None:
            buffer[...] = variable.value
            return lambda place: None
        if variable.space.kind == "projection":
            where = replica.groups.connections[variable.space.name]
            flat = values[key]

            def scatter(place: int) -> None:
                buffer[place][where] = flat

            return scatter

        def copy(place: int) -> None:
            buffer[place] = values[key]

        return copy

    def spike(self, step: int) -> None:
        """Keep who fired in integration step ``step`` of the present decision."""
        for seed, spaces in enumerate(self._spikespaces):
            for key, variable in spaces.items():
                fired = variable.get_value()
                self.fired[key][seed, self.count, step, fired[: fired[-1]]] = True

    def tick(self) -> None:
        """Keep one finished decision."""
        place = self.count
        self.told.append(tuple(tuple(replica.flags.values()) for replica in self.replicas))
        for write in self._writers:
            write(place)
        self.count += 1

    def chunk(self) -> Chunk:
        """Return what was kept and begin the next stretch."""
        count = self.count
        records = {key: array[:, :count] for key, array in (*self.kept.items(), *self.fired.items())}
        told = np.array(self.told, np.float64).reshape(count, len(self.replicas), -1)  # (count, S, flags)
        flags = {name: told[:, :, column].T for column, name in enumerate(self.replicas[0].flags)}
        reward = flags.pop("reward").astype(self.dtype)
        ends = {name: values > 0 for name, values in flags.items()}
        made = Chunk(self.start, count, reward, records=records, **ends)
        self.renew(self.start + count)
        return made
