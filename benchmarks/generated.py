"""The generated program, timed in the steady state: what `simulate` runs, without its recordings."""

from __future__ import annotations

import inspect
import math
import time
from typing import Any

from benchmarks.contestants import CARTPOLE, ROOT, LeftOut


class Generated:
    """A circuit compiled by the JAX backend.

    Parameters
    ----------
    path : str
        Circuit file, relative to the repository.
    overrides : tuple of str
        As the command line's ``--set``.
    seeds : int
    kernel : {"auto", "native", "xla"}
    single_kernel : bool, optional
        False for XLA's plain way, as on accelerators.
    count : int, optional
        Decisions of a chunk; by default as many as `simulate` takes, fewer for large networks.

    Raises
    ------
    LeftOut
        If the native kernel was asked for and is not what runs.
    """

    def __init__(
        self,
        path: str = CARTPOLE,
        overrides: tuple[str, ...] = (),
        seeds: int = 1,
        kernel: str = "auto",
        single_kernel: bool | None = None,
        count: int | None = None,
    ) -> None:
        from neuro_rtrrl.backends.jax.program import LONGEST_CHUNK, MOST_TICKS, JaxProgram
        from neuro_rtrrl.errors import CircuitError, RunError
        from neuro_rtrrl.graph import load_circuit
        from neuro_rtrrl.programs import make_environment

        circuit = load_circuit(str(ROOT / path), overrides)
        options: dict[str, Any] = {}
        if single_kernel is not None:
            options["single_kernel"] = single_kernel
        if "kernel" in inspect.signature(JaxProgram.__init__).parameters:
            options["kernel"] = kernel
        elif kernel == "native":
            raise LeftOut("this version has no native kernel")
        try:
            self.program = JaxProgram(circuit, make_environment(circuit), range(seeds), **options)
            largest = max(population.size for population in circuit.populations.values())
            fewer = max(1.0, (largest / 32) ** 2)
            self.count = count or max(10, int(min(LONGEST_CHUNK, MOST_TICKS // seeds) / fewer))
            self.seeds = seeds
            self.program.advance(self.count)
        except (CircuitError, RunError) as error:
            if kernel != "native":
                raise
            raise LeftOut(str(error).splitlines()[0]) from error
        ran = getattr(self.program, "kernel", "xla")
        if kernel == "native" and ran != "native":
            raise LeftOut(f"the native kernel cannot run this here; '{ran}' would")
        self.facts: dict[str, Any] = {"kernel": ran, "state_bytes": bytes_touched(self.program)}

    def rate(self, seconds: float) -> float:
        """Return ticks/s of all seeds together."""
        began, done = time.perf_counter(), 0
        while not done or time.perf_counter() - began < seconds:
            self.program.advance(self.count)
            done += self.count
        return done * self.seeds / (time.perf_counter() - began)


def bytes_touched(program: Any) -> int:
    """Return the bytes that one tick of one seed must move: what is carried, read and written; what is fixed, read."""
    import numpy as np

    from neuro_rtrrl.backends.jax.network import Network

    network = Network(program.lowered, program.precision)

    def size(keys: Any) -> int:
        return sum(math.prod(program.lowered.variables[key].space.shape) for key in keys)

    return np.dtype(program.precision).itemsize * (2 * size(network.carried) + size(network.fixed))
