"""Interventions that act within a circuit: judged, told for people, and put in force."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from neuro_rtrrl.errors import CircuitError, Problem, nearest
from neuro_rtrrl.graph.timed import ALWAYS, Intervention, meet
from neuro_rtrrl.units import Dimension, unit_dimension

if TYPE_CHECKING:
    from neuro_rtrrl.graph.circuit import Circuit, Population

__all__ = ["dimension_of", "faults_of", "put_in_force", "variable_of"]

Told = tuple[str, str, dict[str, Any]]
"""The key that is wrong, the sentence, and the other fields of a problem."""


def put_in_force(circuit: Circuit, event: Intervention) -> Circuit:
    """Return the circuit in which an intervention acts; one of size 0 changes nothing.

    Raises
    ------
    CircuitError
        If it does not fit the circuit, or contradicts one that is in force.
    """
    told = list(faults_of(circuit, event)) or list(_conflicts(circuit, event))
    if told:
        raise CircuitError(
            Problem(message, where=_where(event, key), location=event.place, **more)
            for key, message, more in told
        )
    from neuro_rtrrl.graph.describe import intervention_text

    circuit = circuit.replace(
        applied=(*circuit.applied, (event.name, intervention_text(event, circuit.timing)))
    )
    if event.is_identity:
        return circuit
    if event.kind == "lesion" and event.window is None:
        from neuro_rtrrl.graph.interventions import lesion

        return lesion(circuit, event.target, event.fraction).replace(lesions=(*circuit.lesions, event))
    event = replace(event, window=event.window or ALWAYS)
    if event.kind == "silence":
        circuit = _relayed(circuit, circuit.populations[event.target])
    return circuit.replace(events=(*circuit.events, event))


def _where(event: Intervention, key: str) -> str:
    return f"interventions.{event.name}.{key}" if event.place else ""


def _relayed(circuit: Circuit, population: Population) -> Circuit:
    """Give a population that is clamped itself a line of its own, which can be silenced."""
    if not population.model.clamped or population.model.clamps != "r":
        return circuit
    model = replace(population.model, on_observation="r = observed")
    return circuit.replace(
        populations={**circuit.populations, population.name: replace(population, model=model)}
    )


def variable_of(population: Population, variable: str) -> str | None:
    """Return the input or parameter that a stimulus reaches: the one named, else the first input, else ``drive``."""
    available = _reached(population)
    if variable:
        return variable if variable in available else None
    return next((name for name in (*population.model.inputs, "drive") if name in available), None)


def dimension_of(population: Population, variable: str) -> Dimension:
    """Return the dimension of an input or a parameter."""
    if variable in population.model.inputs:
        return unit_dimension(population.model.input_units.get(variable, "1"))
    parameter = population.model.parameter(variable)
    assert parameter is not None
    return parameter.dimension


def _reached(population: Population) -> tuple[str, ...]:
    return (*population.model.inputs, *(parameter.name for parameter in population.model.parameters))


# --- whether it fits --------------------------------------------------------------------------------------------


def faults_of(circuit: Circuit, event: Intervention) -> Iterator[Told]:
    """Yield what is wrong with an intervention in this circuit."""
    if event.kind == "lesion":
        yield from _lesion(circuit, event)
    elif event.kind == "freeze":
        yield from _freeze(circuit, event)
    elif event.kind in ("antagonist", "agonist"):
        yield from _drug(circuit, event)
    else:
        yield from _on_neurons(circuit, event)


def _unknown(key: str, what: str, name: str, among: Any) -> Told:
    available = tuple(among)
    return (
        key,
        f"there is no {what} '{name}'",
        {"found": name, "available": available, "hint": nearest(name, available)},
    )


def _lesion(circuit: Circuit, event: Intervention) -> Iterator[Told]:
    if not isinstance(event.fraction, int | float) or not 0.0 <= event.fraction <= 1.0:
        yield "fraction", "a lesion's fraction lies between 0 and 1", {"found": repr(event.fraction)}
    modulator = circuit.neuromodulators.get(event.target)
    if modulator is not None:
        if "gain" not in modulator.parameters:
            message = f"neuromodulator '{modulator.name}' ({modulator.model.name}) has no 'gain' for a lesion to take"
            yield "lesion", message, {}
    elif event.target not in circuit.populations and event.target not in circuit.projections:
        parts = (*circuit.neuromodulators, *circuit.populations, *circuit.projections)
        yield _unknown("lesion", "part of the circuit to lesion:", event.target, parts)


def _freeze(circuit: Circuit, event: Intervention) -> Iterator[Told]:
    group = circuit.plasticity.get(event.target)
    if group is None:
        fault = _unknown("freeze", "group of plasticity", event.target, circuit.plasticity)
        part = circuit.projections.get(event.target)
        if part is not None and part.group:
            fault[2]["hint"] = f"'{event.target}' learns in group '{part.group}': freeze that"
        yield fault
        return
    used = any(each.group == group.name for each in circuit.projections.values())
    used |= any(each.plasticity == group.name and each.learns for each in circuit.populations.values())
    if circuit.frozen or not used or group.parameters.get("learning_rate", 1.0) == 0.0:
        why = "its learning_rate is 0" if used else "nothing is in it"
        why = "all plasticity is frozen" if circuit.frozen else why
        yield "freeze", f"group '{group.name}' does not learn: {why}", {"hint": "leave this out"}


def _drug(circuit: Circuit, event: Intervention) -> Iterator[Told]:
    if event.target not in circuit.neuromodulators:
        yield _unknown(event.kind, "neuromodulator", event.target, circuit.neuromodulators)
    group = circuit.plasticity.get(event.receptors or "")
    if event.receptors is not None and group is None:
        yield _unknown("target", "group of plasticity", event.receptors, circuit.plasticity)
    elif group is not None and group.modulator != event.target:
        listens = f"it listens to '{group.modulator}'" if group.modulator else "it listens to no modulator"
        message = f"group '{group.name}' has no receptors of '{event.target}': {listens}"
        yield "target", message, {"found": group.name}
    for key in ("dose", "half_dose", "hill"):
        value, least = getattr(event, key), "0 or more" if key == "dose" else "more than 0"
        if not value >= 0.0 or (value == 0.0 and key != "dose"):
            yield key, f"'{key}' is {least}", {"found": f"{value:g}"}


def _on_neurons(circuit: Circuit, event: Intervention) -> Iterator[Told]:
    population = circuit.populations.get(event.target)
    if population is None:
        yield _unknown(event.kind, "population", event.target, circuit.populations)
        return
    if event.neurons is not None:
        beyond = [index for index in event.neurons if not 0 <= index < population.size]
        if beyond or not event.neurons:
            hint = f"neurons count from 0 to {population.size - 1}"
            message = f"population '{population.name}' has {population.size} neurons"
            found = ", ".join(map(str, beyond[:5])) or "none"
            yield "neurons", message, {"found": found, "hint": hint}
    if event.kind == "silence":
        if population.role == "actor" and not population.model.by_degrees:
            hint = f"stimulate {population.name} with a negative amplitude: that action becomes unlikely"
            yield "silence", f"the rates of '{population.name}' are the policy and sum to 1", {"hint": hint}
        return
    if variable_of(population, event.variable) is None:
        available = tuple(f"{population.name}.{name}" for name in _reached(population))
        told = f"{population.name}.{event.variable}" if event.variable else population.name
        hint = nearest(told, available)
        message = f"'{told}' is no input and no parameter of '{population.model.name}'"
        if not event.variable:
            message = f"neuron '{population.model.name}' has no input: say which parameter to reach"
        yield event.kind, message, {"found": told, "available": available, "hint": hint}
    elif event.kind == "noise" and population.model.instantaneous:
        hint = "bring the noise into a population with dynamics that projects to it"
        message = f"'{population.name}' is read out once a decision and has no noise of every dt"
        yield "noise", message, {"hint": hint}
    if event.kind == "noise" and event.amount < 0.0:
        yield "deviation", "a deviation cannot be negative", {"found": f"{event.amount:g}"}


# --- whether it contradicts another -----------------------------------------------------------------------------


def _conflicts(circuit: Circuit, event: Intervention) -> Iterator[Told]:
    if event.is_identity:
        return
    window = event.window or ALWAYS
    for other in (*circuit.lesions, *circuit.events):
        if other.name == event.name:
            yield event.kind, f"intervention '{event.name}' is in force already", {"hint": "name it once"}
        elif meet(window, other.window or ALWAYS) and (why := _contradiction(other, event)):
            hint = "let one end before the other begins, or leave one out"
            yield (
                event.kind,
                f"'{other.name}' and '{event.name}' contradict each other: {why}",
                {"hint": hint},
            )


def _contradiction(one: Intervention, other: Intervention) -> str:
    if one.target != other.target:
        return ""
    kinds = {one.kind, other.kind}
    if kinds == {"lesion"}:
        return f"both lesion '{one.target}' at the same time"
    if kinds == {"freeze"}:
        return f"both freeze '{one.target}' at the same time"
    both = kinds == {"silence", "stimulate"}
    if both and (one.neurons is None or other.neurons is None or set(one.neurons) & set(other.neurons)):
        return f"one silences and one stimulates the same neurons of '{one.target}' at the same time"
    return ""
