"""The JAX program: lowers a circuit, starts its seeds, runs them chunk by chunk."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np

from neuro_rtrrl.backends.chunk import Chunk, Deliver, as_recordings
from neuro_rtrrl.backends.jax.cache import use_cache
from neuro_rtrrl.backends.jax.kernel import Kernel, make_kernel
from neuro_rtrrl.backends.jax.lanes import Mapped, Threaded
from neuro_rtrrl.backends.jax.loop import ClosedLoop
from neuro_rtrrl.backends.jax.native_loop import NativeLoop
from neuro_rtrrl.builds import cores
from neuro_rtrrl.environments import streams
from neuro_rtrrl.environments.base import Environment
from neuro_rtrrl.errors import CircuitError, Problem
from neuro_rtrrl.graph.circuit import Circuit, Recording
from neuro_rtrrl.graph.initialise import initial_values
from neuro_rtrrl.lowering import FixedPoint, fixed_form, hoist, lower
from neuro_rtrrl.lowering.credit import influenced, moving_populations, refuse_nonlocal
from neuro_rtrrl.lowering.pack import pack
from neuro_rtrrl.native import CompilationError
from neuro_rtrrl.randomness import key as seed_key

__all__ = ["LONGEST_CHUNK", "JaxProgram"]

LONGEST_CHUNK = 10_000  # decisions
MOST_UPDATES = 500_000_000  # of synapses on a core in a chunk, a few seconds: bounds how long Ctrl-C waits
MOST_TICKS = 500_000  # decisions times seeds in a chunk
MOST_BYTES = 1 << 28  # of what a chunk draws beforehand and keeps
FEWEST_SYNAPSES = 64  # below, all in one XLA kernel costs less than a call
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
    record : sequence of Recording or str
        What to keep; a bare key means the whole variable at every decision (spikes: every ``dt``).
    regroup : bool
        Whether to run the hoisted and packed form (the default) or the equations as written.
    initials : sequence of mappings, optional
        For each seed, values that replace the initial ones: weights, parameters, optimiser states of an earlier run.
    start : int
        Index of the first decision in the streams of noise, so that a continued run sees new noise.
    kernel : {"auto", "native", "xla"}
        What computes the network's part of a tick: C, built for this machine at first use, or XLA. ``auto`` takes
        the first on a CPU with a compiler, unless the network is tiny or learns by exact RTRL (``rtrl_td``).
    lanes : {"auto", "threads", "map"}
        How seeds run side by side; ``auto`` takes threads on a CPU.
    single_kernel : bool, optional
        Whether what XLA computes in a tick is one kernel, see :class:`~neuro_rtrrl.backends.jax.loop.ClosedLoop`; by
        default on a CPU, where the compiler can (and with the kernel ``xla``, for networks that are not large).
    notice : callable, optional
        Is told, in one line, when ``auto`` has to do without the native kernel.
    arithmetic : FixedPoint, optional
        Words of fixed length in place of ``precision``, which must then be float64.

    Attributes
    ----------
    kernel : {"native", "xla"}
        What is used.

    Raises
    ------
    CircuitError
        If ``native`` is asked for and cannot be had.
    """

    def __init__(
        self,
        circuit: Circuit,
        environment: Environment | None,
        seeds: Sequence[int],
        precision: str = "float32",
        record: Sequence[Recording | str] = (),
        regroup: bool = True,
        initials: Sequence[Mapping[str, np.ndarray]] | None = None,
        start: int = 0,
        kernel: str = "auto",
        lanes: Literal["auto", "threads", "map"] = "auto",
        single_kernel: bool | None = None,
        notice: Callable[[str], None] | None = None,
        arithmetic: FixedPoint | None = None,
    ) -> None:
        use_cache()
        self.circuit, self.environment, self.seeds = circuit, environment, tuple(seeds)
        self.precision, self.record = precision, as_recordings(record)
        self.position, self._done = start, 0
        self.written = lower(circuit, keep={each.key for each in self.record})
        self._hoisted = hoist(self.written) if regroup else self.written
        self._rounded: Callable[..., dict[str, np.ndarray]] = dict
        if arithmetic is not None:
            form = fixed_form(self._hoisted, arithmetic)
            self._hoisted, self._rounded = form.emulated(), form.rounded
        self._initials = initials or [{}] * len(self.seeds)
        self._on_cpu = jax.default_backend() == "cpu"
        self._differentiates = bool(influenced(self.written.variables))
        self._native = self._make_kernel(kernel, notice)
        self.kernel = "xla" if self._native is None else "native"
        packs = regroup and self._native is None and arithmetic is None
        self.lowered = pack(self._hoisted) if packs else self._hoisted
        self._threads = lanes == "threads" or (lanes == "auto" and self._on_cpu)
        small = self._on_cpu and self._threads and self._synapses() <= LARGEST_KERNEL
        small = small and not (environment is not None and _carries_nothing(environment))
        on_host = environment is not None and environment.on_host
        single = (small or self._native is not None) and not on_host and not self._differentiates
        self.single_kernel = single if single_kernel is None else single_kernel
        with self._precision():
            self._start()

    def _precision(self):
        return jax.enable_x64(self.precision == "float64")

    def _synapses(self) -> int:
        spaces = self._hoisted.spaces.values()
        return sum(space.elements for space in spaces if space.kind == "projection")

    def _updates(self) -> int:
        """Return how many updates of a synapse a step is worth; of exact RTRL's product, 32 macs are taken for one."""
        neurons = sum(population.size for population in moving_populations(self.circuit))
        return self._synapses() * (1 + neurons**2 // 32 if self._differentiates else 1)

    def _make_kernel(self, wanted: str, notice: Callable[[str], None] | None) -> Kernel | None:
        if wanted == "native":
            refuse_nonlocal(
                self.written, "the native kernel", "leave the kernel out, or run with --kernel xla"
            )
        if (
            wanted == "xla"
            or self._differentiates
            or (wanted == "auto" and not (self._on_cpu and self._synapses() >= FEWEST_SYNAPSES))
        ):
            return None
        try:
            if not self._on_cpu:
                raise CompilationError(f"it runs on a CPU, and JAX uses the {jax.default_backend()} here")
            observation = self.environment.observation_size if self.environment else 0
            whole = len(self.environment.whole) if self.environment else 0
            return make_kernel(self._hoisted, self.precision, self.record, observation, whole)
        except CompilationError as error:
            if wanted == "native":
                hint = "--kernel xla runs without it; a C compiler is named by the variable CC"
                raise CircuitError(Problem(f"no native kernel: {error}", hint=hint)) from error
            if notice:
                notice(f"no native kernel, running on XLA alone: {error}")
            return None

    def _start(self) -> None:
        keys = [seed_key(seed) for seed in self.seeds]
        loop = self._native_loop() or self._xla_loop()
        starts = self._starts(loop)
        if self._threads:
            self._lanes: Threaded | Mapped = Threaded(loop, keys, starts, self._precision)
        else:
            self._lanes = Mapped(loop, keys, starts)

    def _starts(self, loop: ClosedLoop | NativeLoop) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        return [  # one seed after the other: what only its start needs is gone before the next
            loop.start(self._rounded({**initial_values(self.circuit, seed), **given}), seed_key(seed))
            for seed, given in zip(self.seeds, self._initials, strict=True)
        ]

    def begin(self, initials: Sequence[Mapping[str, np.ndarray]], start: int) -> None:
        """Start anew from other values and with noise from index ``start`` on, without compiling again."""
        self._initials, self.position = initials, start
        with self._precision():
            self._lanes.begin(self._starts(self._lanes.loop))

    def _native_loop(self) -> NativeLoop | None:
        if self._native is None:
            return None
        return NativeLoop(self.lowered, self.environment, self._native, self.single_kernel)

    def _xla_loop(self) -> ClosedLoop:
        products = (
            "sum" if self._on_cpu else "dot"
        )  # on one core sums won at every size tried, 32 to 512 neurons
        return ClosedLoop(
            self.circuit,
            self.lowered,
            self.environment,
            self.precision,
            self.record,
            self.single_kernel,
            products,
            self.written,
        )

    # --- running -----------------------------------------------------------------------------------------------

    def run(self, decisions: int, deliver: Deliver, chunk: int = LONGEST_CHUNK) -> int:
        """Advance by up to ``decisions`` in stretches of one length, so that one program is compiled.

        A remainder, where ``decisions`` has no divisor of a useful size, costs a second compilation.
        """
        done, self._done = self._done, 0
        before = done
        # at least two stretches, so that the second shows the steady rate; fewer decisions a stretch for many seeds
        ticks = min(MOST_TICKS, MOST_BYTES // self.bytes_per_tick()) // len(self.seeds)
        in_turn = -(-len(self.seeds) // cores()) if self._threads else 1
        updates = MOST_UPDATES // max(1, self._updates() * self.circuit.timing.steps * in_turn)
        length = stretch(decisions, max(1, min(chunk, -(-decisions // 2), ticks, updates)))
        while done < decisions:
            count = min(length, decisions - done)
            done += count
            if deliver(self.advance(count)):
                break
        return done - before

    def advance(self, count: int) -> Chunk:
        """Advance by exactly ``count`` decisions; a new count compiles a new program."""
        with self._precision():
            self._compile(count)
            kept: dict[str, Any] = self._lanes.advance(self.position, count)
        records = {
            each.key: kept["records"][each.key][:, : len(each.rows(self.position, count))]
            if each.every > 1
            else kept["records"][each.key]
            for each in self.record
        }
        chunk = Chunk(self.position, count, **{**kept, "records": records})
        self.position += count
        return chunk

    def bytes_per_tick(self) -> int:
        """Return what a decision of one seed draws beforehand and keeps, in bytes."""
        number = np.dtype(self.precision).itemsize
        steps = self.circuit.timing.steps
        total = 64  # flags, keys, the uniform number
        total += sum(steps * number * self._size(key) for key in self.lowered.noise)
        for each in self.record:
            often = steps if each.by_step else 1 / max(1, each.every)
            chosen = self._rows(each)
            total += int(often * number * self._size(each.key) * chosen)
        if self.environment is not None:
            environment = self.environment
            shapes = jax.eval_shape(lambda key: streams.reset_states(environment, key, 0, 1), seed_key(0))
            total += sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(shapes))
        return total

    def _rows(self, each: Recording) -> float:
        """Return what part of a variable is kept."""
        shape = self.written.variables[each.key].space.shape
        return len(each.neurons) / shape[0] if each.neurons is not None and shape else 1.0

    def _size(self, key: str) -> int:
        return int(np.prod(self.written.variables[key].space.shape, dtype=int))

    def _compile(self, count: int) -> None:
        """Compile; where the environment holds something that cannot be part of a single kernel, without one."""
        try:
            self._lanes.compile(count)
        except jax.errors.JaxRuntimeError:
            if not self.single_kernel:
                raise
            self.single_kernel = False
            before: Any = self._lanes.snapshot()  # in the form of these lanes
            self._start()
            self._lanes.restore(before)
            self._lanes.compile(count)

    def snapshot(self) -> tuple[int, Any]:
        """Return a copy of what is carried, and the index of the next decision."""
        with self._precision():
            return self.position, self._lanes.snapshot()

    def restore(self, snapshot: tuple[int, Any]) -> None:
        """Go back to a snapshot."""
        with self._precision():
            self.position = snapshot[0]
            self._lanes.restore(snapshot[1])

    @property
    def resumable(self) -> bool:
        """Whether :meth:`carried` says all: an environment on the host keeps its state there."""
        return self.environment is None or not self.environment.on_host

    def carried(self) -> list[np.ndarray]:
        """Return what is carried as plain arrays."""
        with self._precision():
            return [_as_numbers(leaf) for leaf in jax.tree.leaves(self._lanes.snapshot())]

    def carry_on(self, position: int, arrays: Sequence[np.ndarray], done: int) -> bool:
        """Go on from what such a program carried, ``done`` decisions into the next run."""
        with self._precision():
            leaves, structure = jax.tree.flatten(self._lanes.snapshot())
            numbers = [_as_numbers(leaf) for leaf in leaves]
            if [(each.shape, each.dtype) for each in numbers] != [
                (each.shape, each.dtype) for each in arrays
            ]:
                return False
            restored = [_like(leaf, array) for leaf, array in zip(leaves, arrays, strict=True)]
            self._lanes.restore(jax.tree.unflatten(structure, restored))
        self.position, self._done = position, done
        return True

    def state(self) -> dict[str, np.ndarray]:
        """Return key → array (S, ...) of what is carried from tick to tick and of what is fixed."""
        return {key: value for key, value in self._lanes.values().items() if key in self.written.variables}


def stretch(decisions: int, longest: int) -> int:
    """Return the longest useful divisor of ``decisions`` up to ``longest``, else ``longest`` itself."""
    if decisions <= longest:
        return decisions
    divisor = next(count for count in range(longest, 0, -1) if decisions % count == 0)
    return divisor if divisor >= longest // 8 else longest


def _is_key(leaf: Any) -> bool:
    return jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)


def _as_numbers(leaf: Any) -> np.ndarray:
    return np.asarray(jax.random.key_data(leaf) if _is_key(leaf) else leaf)


def _like(leaf: Any, array: np.ndarray) -> Any:
    """Return the numbers of a file as what they were."""
    return (
        jax.random.wrap_key_data(jnp.asarray(array), impl=jax.random.key_impl(leaf))
        if _is_key(leaf)
        else array
    )


def _carries_nothing(environment: Environment) -> bool:
    """Whether part of its state is an empty array, of which XLA's compiler of single kernels dies."""
    if environment.on_host:
        return False
    state = jax.eval_shape(environment.reset, jax.random.key(0))[1]
    return any(leaf.size == 0 for leaf in jax.tree.leaves(state))
