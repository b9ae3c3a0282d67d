"""Numbers at the start: a weight for every synapse, a parameter value for every neuron.

Drawn here, once, in float64, from (seed, stream, name), so that both backends start from the same numbers.
"""

from __future__ import annotations

import numpy as np

from neuro_rtrrl.errors import CircuitError, Problem, nearest
from neuro_rtrrl.graph.circuit import Circuit, Distribution, Projection
from neuro_rtrrl.graph.event_masks import event_masks
from neuro_rtrrl.graph.layouts import LAYOUTS, laid_out
from neuro_rtrrl.graph.wiring import connectivity, mask
from neuro_rtrrl.randomness import Stream, normal, stream_key, uniform

__all__ = ["draw", "initial_values"]


def initial_values(circuit: Circuit, seed: int) -> dict[str, np.ndarray]:
    """Draw the initial weights and neuron parameters of one run.

    ``lecun_normal`` draws with variance 1/fan-in (LeCun et al. 1998), where the fan-in of a neuron is the
    number of synapses that converge on that input of it *over all projections onto the same port*: the input
    of a cortical neuron is one sum over sensory and recurrent synapses, as in the paper's single matrix.
    ``glorot_normal`` draws with variance 2/(fan-in + fan-out) of the projection itself (Glorot & Bengio
    2010). Sparse projections count the synapses that are there, a lesion does not change the survivors.
    Neither distribution is truncated. A projection's ``gain`` is no part of its weights: it scales what they
    transmit.

    Parameters
    ----------
    circuit : Circuit
        Its ``initial`` replaces what would be drawn.
    seed : int

    Returns
    -------
    dict of str to array, float64
        ``projection.w`` of shape ``(post, pre)``, 0 where there is no synapse; ``population.parameter`` of
        shape ``(n,)`` for every parameter of every population; SI. A projection that carries another's
        weights backwards has no entry. Interventions in force add the neurons and synapses that they reach, 0 or 1.

    Raises
    ------
    CircuitError
        If an entry of ``circuit.initial`` has no place in the circuit or another shape.
    """
    values = {
        f"{projection.name}.w": _weights(circuit, projection, seed)
        for projection in circuit.projections.values()
        if projection.transpose_of is None
    }
    for population in circuit.populations.values():
        for parameter, distribution in population.parameters.items():
            name = f"{population.name}.{parameter}"
            key = stream_key(seed, Stream.PARAMETERS, name)
            values[name] = draw(distribution, key, (population.size,), np.ones(population.size))
    for name, given in circuit.initial.items():
        values[name] = _replacement(circuit, name, np.asarray(given, dtype=np.float64), values)
    return values | event_masks(circuit)


def _weights(circuit: Circuit, projection: Projection, seed: int) -> np.ndarray:
    shape = _shape(circuit, projection)
    key = stream_key(seed, Stream.WEIGHTS, projection.name)
    scale = np.ones(shape)
    if projection.weights.kind == "lecun_normal":
        # a neuron without synapses draws nothing, so its fan-in may be called 1
        scale = 1.0 / np.sqrt(np.maximum(_converging(circuit, projection), 1))[:, np.newaxis]
    elif projection.weights.kind == "glorot_normal":
        connected = connectivity(projection, *shape)
        fans = connected.sum(axis=1)[:, np.newaxis] + connected.sum(axis=0)[np.newaxis, :]
        scale = np.sqrt(2.0 / np.maximum(fans, 1))
    if projection.weights.kind in LAYOUTS:
        weights = laid_out(projection.weights, shape)
    else:
        weights = draw(projection.weights, key, shape, scale)
    existing = mask(projection, *shape)
    return weights if existing is None else np.where(existing, weights, 0.0)


def _converging(circuit: Circuit, projection: Projection) -> np.ndarray:
    """Count the synapses on each target neuron's port, over all projections onto it, shape ``(post,)``."""
    total = np.zeros(circuit.populations[projection.target.population].size)
    for other in circuit.projections.values():
        if other.target == projection.target:
            total += connectivity(other, *_shape(circuit, other)).sum(axis=1)
    return total


def _shape(circuit: Circuit, projection: Projection) -> tuple[int, int]:
    populations = circuit.populations
    return populations[projection.target.population].size, populations[projection.source.population].size


def draw(
    distribution: Distribution, key: np.ndarray, shape: tuple[int, ...], scale: np.ndarray | float = 1.0
) -> np.ndarray:
    """Return numbers of the distribution, float64; ``scale`` is the deviation of one that has no arguments."""
    arguments = distribution.arguments
    if distribution.kind == "constant":
        return np.full(shape, arguments[0], dtype=np.float64)
    if distribution.kind == "uniform":
        low, high = arguments
        return low + (high - low) * uniform(key, shape)
    if distribution.kind == "normal":
        mean, deviation = arguments
        return mean + deviation * normal(key, shape)
    return scale * normal(key, shape)


def _replacement(circuit: Circuit, name: str, given: np.ndarray, values: dict[str, np.ndarray]) -> np.ndarray:
    if name not in values:
        owners = tuple(values)
        raise CircuitError(
            Problem(f"the circuit has no '{name}' to set", available=owners, hint=nearest(name, owners))
        )
    if given.shape != values[name].shape:
        raise CircuitError(
            Problem(f"'{name}' has shape {values[name].shape}, the given values have {given.shape}")
        )
    if not np.isfinite(given).all():
        raise CircuitError(Problem(f"the given values of '{name}' are not all finite numbers"))
    owner = name.rpartition(".")[0]
    if name.endswith(".w") and owner in circuit.projections:
        existing = mask(circuit.projections[owner], *given.shape)
        if existing is not None:
            return np.where(existing, given, 0.0)
    return given.copy()
