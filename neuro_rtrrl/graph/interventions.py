"""What one does to a circuit: lesion it, stimulate it, give it other weights, stop its plasticity."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import count
from typing import Any

import numpy as np

from neuro_rtrrl.errors import CircuitError, Problem, nearest
from neuro_rtrrl.graph.circuit import Circuit, Neuromodulator
from neuro_rtrrl.graph.event_units import window_of
from neuro_rtrrl.graph.events import dimension_of, put_in_force, variable_of
from neuro_rtrrl.graph.timed import Intervention, Kind
from neuro_rtrrl.spec.faults import Refused
from neuro_rtrrl.spec.interventions import order_of
from neuro_rtrrl.spec.values import read_neurons, read_quantity, read_time
from neuro_rtrrl.units import Quantity

__all__ = ["freeze", "intervene", "lesion", "timed", "with_dose", "with_weights"]

DRUGS = ("antagonist", "agonist")


def lesion(circuit: Circuit, name: str, fraction: float = 1.0) -> Circuit:
    """Destroy a fraction of a part of the circuit.

    Of a neuromodulator, that fraction of the signal is lost. Of a projection, that fraction of the synapses
    that are left. Of a population, that fraction of its neurons falls silent: all their outgoing synapses are
    gone, the same neurons for every projection, and a neuromodulator that reads them hears so much less.
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
        modulators = {
            each.name: replace(each, lost=_deafened(each, name, fraction))
            if fraction and name in each.read.values()
            else each
            for each in circuit.neuromodulators.values()
        }
        return replace(circuit, projections=projections, neuromodulators=modulators)
    available = (*circuit.neuromodulators, *circuit.populations, *circuit.projections)
    raise CircuitError(
        Problem(
            f"the circuit has no part '{name}' to lesion", available=available, hint=nearest(name, available)
        )
    )


def _deafened(modulator: Neuromodulator, population: str, fraction: float) -> dict[str, float]:
    before = modulator.lost or {}
    return {**before, population: _added(before.get(population, 0.0), fraction)}


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
    return put_in_force(circuit, circuit.interventions[name])


def with_dose(circuit: Circuit, name: str, dose: float | str) -> Circuit:
    """Apply a drug that the circuit file names under ``interventions``, at another dose.

    Raises
    ------
    CircuitError
        If the file names no drug of that name.
    """
    drugs = {key: each for key, each in circuit.interventions.items() if each.kind in DRUGS}
    if name not in drugs:
        raise CircuitError(
            Problem(f"the circuit has no drug '{name}'", available=tuple(drugs), hint=nearest(name, drugs))
        )
    return put_in_force(circuit, replace(drugs[name], dose=_number("dose", dose)))


def timed(
    circuit: Circuit,
    kind: Kind,
    target: str,
    *,
    neurons: Any = None,
    start: str | None = None,
    stop: str | None = None,
    every: str | None = None,
    until: str | None = None,
    **numbers: Any,
) -> Circuit:
    """Intervene as a file's section ``interventions`` does; the methods of :class:`Circuit` are its short forms.

    Parameters
    ----------
    circuit : Circuit
    kind : str
        ``lesion``, ``stimulate``, ``silence``, ``freeze``, ``noise``, ``antagonist`` or ``agonist``.
    target : str
        A part of the circuit; for a stimulus or noise also ``population.variable``.
    neurons : str, int or sequence of int, optional
        ``"0-7"``, 3 or ``[0, 2, 5]``; all by default.
    start, stop, every, until : str, optional
        Model times of the run such as ``"10 s"``: from, to, repeated how often, until when. By default the whole run.
    **numbers
        ``fraction``, ``amount``, ``dose``, ``half_dose``, ``hill``, ``receptors``, as an ``Intervention`` has them;
        those with a unit as text (``"5 mV"``), or in SI.

    Raises
    ------
    CircuitError
        If it does not fit the circuit, or contradicts an intervention that is in force.
    """
    times = {"from": _time("start", start), "to": _time("stop", stop)}
    times |= {"every": _time("every", every), "until": _time("until", until)}
    target, _, variable = target.partition(".")
    for key in ("amount", "dose", "half_dose"):
        if isinstance(numbers.get(key), str):
            numbers[key] = _in_unit(circuit, kind, target, variable, key, numbers[key])
    taken = {event.name for event in circuit.events} | set(circuit.interventions)
    name = next(each for each in _names(f"{kind}_{target}") if each not in taken)
    window, problems = window_of(times, circuit.timing.decision_interval)
    problems += [
        (str(fault.at[0]) if fault.at else kind, fault.message, {"found": fault.found, "hint": fault.hint})
        for fault in order_of({key: value for key, value in times.items() if value is not None})
    ]
    if problems:
        raise CircuitError([Problem(message, where=key, **more) for key, message, more in problems])
    if neurons is not None:
        numbers["neurons"] = _neurons(neurons)
    return put_in_force(
        circuit, Intervention(name, target, kind=kind, variable=variable, window=window, **numbers)
    )


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


def _names(wanted: str) -> Iterator[str]:
    yield wanted
    yield from (f"{wanted}_{number}" for number in count(2))


def _read(read: Callable[[Any], Any], key: str, value: Any) -> Any:
    try:
        return read(value)
    except Refused as refused:
        raise CircuitError(
            Problem(fault.message, where=key, found=fault.found, available=fault.available, hint=fault.hint)
            for fault in refused.faults
        ) from None


def _time(key: str, value: str | None) -> Quantity | None:
    return None if value is None else _read(read_time, key, value)


def _neurons(value: Any) -> tuple[int, ...]:
    plain = value if isinstance(value, str | int) else [int(each) for each in value]
    return _read(read_neurons, "neurons", plain)


def _number(key: str, value: float | str) -> float:
    return _read(read_quantity, key, value).value


def _in_unit(circuit: Circuit, kind: str, target: str, variable: str, key: str, text: str) -> float:
    """Read a number with its unit, which must be that of what it is added to."""
    quantity = _read(read_quantity, key, text)
    population = circuit.populations.get(target)
    if kind in DRUGS or population is None:
        return quantity.value
    reached = variable_of(population, variable)
    due = dimension_of(population, reached) if reached else quantity.dimension
    if quantity.dimension != due:
        message = f"'{target}.{reached}' is in {due}, and this is in {quantity.dimension}"
        raise CircuitError(Problem(message, found=text))
    return quantity.value


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
