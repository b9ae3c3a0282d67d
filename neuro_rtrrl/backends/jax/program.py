"""The JAX program: lowers a circuit, starts its seeds, runs them chunk by chunk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import jax
import numpy as np

from neuro_rtrrl.backends.chunk import Chunk, Deliver
from neuro_rtrrl.backends.jax.cache import use_cache
from neuro_rtrrl.backends.jax.lanes import Mapped, Threaded
from neuro_rtrrl.backends.jax.loop import ClosedLoop
from neuro_rtrrl.environments.base import Environment
from neuro_rtrrl.graph.circuit import Circuit
from neuro_rtrrl.graph.initialise import initial_values
from neuro_rtrrl.lowering import hoist, lower
from neuro_rtrrl.lowering.pack import pack
from neuro_rtrrl.randomness import key as seed_key

__all__ = ["LONGEST_CHUNK", "JaxProgram"]

LONGEST_CHUNK = 10_000  # decisions: bounds the memory of what is made in bulk, and how long Ctrl-C waits
MOST_TICKS = 500_000  # decisions times seeds in a chunk
LARGEST_KERNEL = 1 << 18  # synapses; beyond, starting seventy kernels costs nothing beside running them


class JaxProgram:
    """A circuit compiled for S seeds.

    Parameters
    ----------
    circuit : Circuit
    environment : Environment or None
        None runs the circuit in an open loop.
    seeds : sequence of int
    precision : {"float32", "float64"}
    record : tuple of str
        Variable keys to keep every decision; spikes (``population.spike``) are kept every ``dt``.
    regroup : bool
        Whether to run the hoisted and packed form (the default) or the equations as written.
    initials : sequence of mappings, optional
        For each seed, values that replace the initial ones: weights, parameters, optimiser states of an earlier run.
    start : int
        Index of the first decision in the streams of noise, so that a continued run sees new noise.
    lanes : {"auto", "threads", "map"}
        How seeds run side by side; ``auto`` takes threads on a CPU.
    single_kernel : bool, optional
        See :class:`~neuro_rtrrl.backends.jax.loop.ClosedLoop`; by default on a CPU, for networks that are not large,
        where the compiler can.
    """

    def __init__(
        self,
        circuit: Circuit,
        environment: Environment | None,
        seeds: Sequence[int],
        precision: str = "float32",
        record: tuple[str, ...] = (),
        regroup: bool = True,
        initials: Sequence[Mapping[str, np.ndarray]] | None = None,
        start: int = 0,
        lanes: Literal["auto", "threads", "map"] = "auto",
        single_kernel: bool | None = None,
    ) -> None:
        use_cache()
        self.circuit, self.environment, self.seeds = circuit, environment, tuple(seeds)
        self.precision, self.record = precision, record
        self.position = start
        self.written = lower(circuit, keep=set(record))
        self.lowered = pack(hoist(self.written)) if regroup else self.written
        self._initials = initials or [{}] * len(self.seeds)
        on_cpu = jax.default_backend() == "cpu"
        self._threads = lanes == "threads" or (lanes == "auto" and on_cpu)
        synapses = sum(space.elements for space in self.lowered.spaces.values() if space.kind == "projection")
        small = on_cpu and synapses <= LARGEST_KERNEL
        self._products = (
            "sum" if on_cpu else "dot"
        )  # on one core sums won at every size tried, 32 to 512 neurons
        self.single_kernel = small and self._threads if single_kernel is None else single_kernel
        with self._precision():
            self._start()

    def _precision(self):
        return jax.enable_x64(self.precision == "float64")

    def _start(self) -> None:
        self.loop = ClosedLoop(
            self.circuit,
            self.lowered,
            self.environment,
            self.precision,
            self.record,
            self.single_kernel,
            self._products,
            self.written.masks,
        )
        keys = [seed_key(seed) for seed in self.seeds]
        starts = []
        for seed, given, key in zip(self.seeds, self._initials, keys, strict=True):
            starts.append(self.loop.start({**initial_values(self.circuit, seed), **given}, key))
        if self._threads:
            self._lanes: Threaded | Mapped = Threaded(self.loop, keys, starts, self._precision)
        else:
            self._lanes = Mapped(self.loop, keys, starts)

    # --- running -----------------------------------------------------------------------------------------------

    def run(self, decisions: int, deliver: Deliver, chunk: int = LONGEST_CHUNK) -> int:
        """Advance by up to ``decisions`` in stretches of one length, so that one program is compiled.

        A remainder, where ``decisions`` has no divisor of a useful size, costs a second compilation.
        """
        done = 0
        # at least two stretches, so that the second shows the steady rate; fewer decisions a stretch for many seeds
        length = stretch(decisions, min(chunk, -(-decisions // 2), max(1, MOST_TICKS // len(self.seeds))))
        while done < decisions:
            count = min(length, decisions - done)
            done += count
            if deliver(self.advance(count)):
                break
        return done

    def advance(self, count: int) -> Chunk:
        """Advance by exactly ``count`` decisions; a new count compiles a new program."""
        with self._precision():
            self._compile(count)
            kept: dict[str, Any] = self._lanes.advance(self.position, count)
        chunk = Chunk(self.position, count, records=kept.pop("records"), **kept)
        self.position += count
        return chunk

    def _compile(self, count: int) -> None:
        """Compile; where the environment holds something that cannot be part of a single kernel, without one."""
        if not isinstance(self._lanes, Threaded):
            return
        try:
            self._lanes.compile(count)
        except jax.errors.JaxRuntimeError:
            if not self.single_kernel:
                raise
            self.single_kernel = False
            self._start()
            self._lanes.compile(count)

    def state(self) -> dict[str, np.ndarray]:
        """Return key → array (S, ...) of what is carried from tick to tick and of what is fixed."""
        values = self.loop.shown(self._lanes.values())
        return {key: value for key, value in values.items() if key in self.written.variables}


def stretch(decisions: int, longest: int) -> int:
    """Return the longest useful divisor of ``decisions`` up to ``longest``, else ``longest`` itself."""
    if decisions <= longest:
        return decisions
    divisor = next(count for count in range(longest, 0, -1) if decisions % count == 0)
    return divisor if divisor >= longest // 8 else longest
