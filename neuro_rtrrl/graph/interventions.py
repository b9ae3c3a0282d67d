"""What one does to a circuit: lesion it, give it other weights, stop its plasticity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from neuro_rtrrl.errors import CircuitError, Problem, nearest
from neuro_rtrrl.graph.circuit import Circuit

__all__ = ["freeze", "intervene", "lesion", "with_weights"]


def lesion(circuit: Circuit, name: str, fraction: float = 1.0) -> Circuit:
    """Destroy a fraction of a part of the circuit.

    Of a neuromodulator, that fraction of the signal is lost. Of a projection, that fraction of the synapses
    that are left. Of a population, that fraction of its neurons falls silent: all their outgoing synapses are
    gone, the same neurons for every projection.
    Lesions add up: half of what is left, twice, leaves a quarter. A fraction of 0 is the identity.

    Parameters
    ----------
    circuit : Circuit
    name : str
        A neuromodulator, projection or population.
    fraction : float
        From 0 to 1.

    Raises
    ------
    CircuitError
        If there is no such part or the fraction is not within 0 and 1.
    """
    if isinstance(fraction, bool) or not isinstance(fraction, int | float) or not 0.0 <= fraction <= 1.0:
        raise CircuitError(Problem("a lesion's fraction lies between 0 and 1", found=repr(fraction)))
    if name in circuit.neuromodulators:
        modulator = circuit.neuromodulators[name]
        if "gain" not in modulator.parameters:
            raise CircuitError(
                Problem(
                    f"neuromodulator '{name}' ({modulator.model.name}) has no 'gain' that a lesion could take"
                )
            )
        parameters = {**modulator.parameters, "gain": modulator.parameters["gain"] * (1.0 - fraction)}
        changed = {**circuit.neuromodulators, name: replace(modulator, parameters=parameters)}
        return replace(circuit, neuromodulators=changed)
    if name in circuit.projections:
        projection = circuit.projections[name]
        hurt = replace(projection, lesion=_added(projection.lesion, fraction))
        return replace(circuit, projections={**circuit.projections, name: hurt})
    if name in circuit.populations:
        projections = {
            each.name: replace(each, silenced=_added(each.silenced, fraction))
            if each.source.population == name
            else each
            for each in circuit.projections.values()
        }
        return replace(circuit, projections=projections)
    available = (*circuit.neuromodulators, *circuit.populations, *circuit.projections)
    raise CircuitError(
        Problem(
            f"the circuit has no part '{name}' to lesion", available=available, hint=nearest(name, available)
        )
    )


def intervene(circuit: Circuit, name: str) -> Circuit:
    """Apply an intervention that the circuit file names under ``interventions``.

    Raises
    ------
    CircuitError
        If the file names none of that name.
    """
    if name not in circuit.interventions:
        available = tuple(circuit.interventions)
        hint = nearest(name, available) or "name it under 'interventions' in the circuit file"
        raise CircuitError(
            Problem(f"the circuit has no intervention '{name}'", available=available, hint=hint)
        )
    chosen = circuit.interventions[name]
    return lesion(circuit, chosen.target, chosen.fraction)


def with_weights(circuit: Circuit, weights: Mapping[str, np.ndarray]) -> Circuit:
    """Start from these values instead of drawn ones.

    Parameters
    ----------
    circuit : Circuit
    weights : mapping of str to array
        ``projection.w`` of shape ``(post, pre)`` or ``population.parameter`` of shape ``(n,)``, SI; what is
        not named stays as it is.

    Raises
    ------
    CircuitError
        If a name has no place in the circuit, or an array another shape or a value that is not finite.
    """
    given = {name: np.array(value, dtype=np.float64) for name, value in weights.items()}
    shapes = _shapes(circuit)
    problems = []
    for name, value in given.items():
        if name not in shapes:
            available = tuple(shapes)
            problems.append(
                Problem(
                    f"the circuit has no '{name}' to set", available=available, hint=nearest(name, available)
                )
            )
        elif value.shape != shapes[name]:
            problems.append(
                Problem(f"'{name}' has shape {shapes[name]}, and the given values have {value.shape}")
            )
        elif not np.isfinite(value).all():
            problems.append(Problem(f"the given values of '{name}' are not all finite"))
    if problems:
        raise CircuitError(problems)
    return replace(circuit, initial={**circuit.initial, **given})


def freeze(circuit: Circuit) -> Circuit:
    """Stop all plasticity; the circuit still acts."""
    return replace(circuit, frozen=True)


def _added(before: float, fraction: float) -> float:
    """Return the fraction lost after losing ``fraction`` of what was left; exact where either is 0."""
    return before + (1.0 - before) * fraction


def _shapes(circuit: Circuit) -> dict[str, tuple[int, ...]]:
    sizes = {population.name: population.size for population in circuit.populations.values()}
    shapes: dict[str, tuple[int, ...]] = {
        f"{each.name}.w": (sizes[each.target.population], sizes[each.source.population])
        for each in circuit.projections.values()
        if each.transpose_of is None
    }
    for population in circuit.populations.values():
        shapes |= {
            f"{population.name}.{parameter}": (population.size,) for parameter in population.parameters
        }
    return shapes
