"""The noise of spiking populations, drawn in bulk from the streams that both backends share."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from neuro_rtrrl.backends.brian.replica import Replica
from neuro_rtrrl.environments import streams
from neuro_rtrrl.lowering import LoweredCircuit
from neuro_rtrrl.randomness import key as seed_key

__all__ = ["Noise"]

MOST_AT_ONCE = 2_000_000  # numbers for each seed and source of noise
MOST_DECISIONS = 1000


class Noise:
    """Uniform numbers in [0, 1) for every neuron and integration step."""

    def __init__(self, lowered: LoweredCircuit, replicas: Sequence[Replica], seeds: Sequence[int]) -> None:
        self.lowered, self.replicas = lowered, replicas
        self.keys = [seed_key(seed) for seed in seeds]
        self.steps = lowered.circuit.timing.steps
        self._drawn: dict[str, list[np.ndarray]] = {}
        largest = max((lowered.variables[name].space.elements for name in lowered.noise), default=1)
        self._bulk = max(1, min(MOST_DECISIONS, MOST_AT_ONCE // (self.steps * largest)))

    def show(self, decision: int, step: int) -> None:
        """Write the numbers of one integration step where Brian2 reads them."""
        index = decision % self._bulk
        if not self._drawn or (index == 0 and step == 0):
            self._draw(decision - index)
        for name, drawn in self._drawn.items():
            for replica, numbers in zip(self.replicas, drawn, strict=True):
                replica.values[name][...] = numbers[index * self.steps + step]

    def _draw(self, decision: int) -> None:
        start, count = decision * self.steps, self._bulk * self.steps
        for name in self.lowered.noise:
            shape = self.lowered.variables[name].space.shape
            drawn = (streams.noise_uniforms(key, name, start, count, shape) for key in self.keys)
            self._drawn[name] = [np.asarray(numbers) for numbers in drawn]
