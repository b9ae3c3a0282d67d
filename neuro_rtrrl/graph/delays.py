"""How long spikes are on their way: one delay for all synapses of a projection, or one for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from neuro_rtrrl.graph.circuit import Distribution, Projection
from neuro_rtrrl.graph.context import Context, Path
from neuro_rtrrl.spec.schema import Projection as WrittenProjection
from neuro_rtrrl.spec.values import Distribution as WrittenDistribution

if TYPE_CHECKING:
    import numpy as np

__all__ = ["delay_steps", "delays_of"]

MOST_STEPS = 100_000


def delays_of(context: Context, path: Path, written: WrittenProjection, spikes: bool) -> dict[str, Any]:
    """Return the fields of a :class:`Projection` that say how long its spikes take, noting what is wrong."""
    if written.delay is None:
        return {}
    path, given = (*path, "delay"), written.delay
    if not spikes and (isinstance(given, WrittenDistribution) or given.value):
        context.problem(
            path, "only spikes can be delayed; this projection carries rates", found=context.written(path)
        )
        return {}
    if isinstance(given, WrittenDistribution):
        numbers = tuple(quantity.value for quantity in given.arguments)
        drawn = Distribution(given.kind, numbers)  # type: ignore[arg-type]
        _reaches_a_step(context, path, drawn)
        return {"delays": drawn}
    return {"delay": _whole(context, path, given.value)}


def _reaches_a_step(context: Context, path: Path, drawn: Distribution) -> None:
    dt = context.spec.timing.dt.value
    if drawn.highest < dt / 2:
        context.problem(
            path,
            f"no delay of this distribution reaches dt ({dt * 1e3:g} ms)",
            found=context.written(path),
            hint="leave 'delay' out, or make timing.dt shorter",
        )
    if drawn.highest / dt > MOST_STEPS:
        context.problem(
            path,
            f"delays of up to {drawn.highest / dt:,.0f} steps of dt, where {MOST_STEPS:,} are the most",
            found=context.written(path),
        )


def _whole(context: Context, path: Path, delay: float) -> float:
    dt = context.spec.timing.dt.value
    steps = delay / dt
    if abs(steps - round(steps)) > 1e-6 * max(1.0, steps):
        below, above = int(steps) * dt, (int(steps) + 1) * dt
        context.problem(
            path,
            f"a delay must be a whole multiple of dt ({dt * 1e3:g} ms)",
            found=context.written(path),
            hint=f"use {below * 1e3:g} ms or {above * 1e3:g} ms",
        )
    return round(steps) * dt


def delay_steps(projection: Projection, shape: tuple[int, int], dt: float) -> np.ndarray:
    """Return the delay of each synapse in steps of ``dt``, int32 ``(post, pre)``, drawn once for the circuit.

    Like the wiring it follows from ``wiring_seed`` and the projection's name; a draw is rounded to the nearest step,
    and a negative one is none.
    """
    import numpy as np

    from neuro_rtrrl.graph.initialise import draw
    from neuro_rtrrl.randomness import Stream, stream_key

    assert projection.delays is not None
    key = stream_key(projection.wiring_seed, Stream.DELAY, projection.name)
    seconds = draw(projection.delays, key, shape)
    return np.maximum(np.rint(seconds / dt), 0).astype(np.int32)
