"""Readable forms of circuits and their parts, for the prompt and for notebooks."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING

from neuro_rtrrl.units import format_si

if TYPE_CHECKING:
    from neuro_rtrrl.graph.circuit import Circuit, Distribution, Population, Projection, Timing
    from neuro_rtrrl.graph.timed import Intervention

__all__ = ["circuit_html", "circuit_text", "intervention_text", "population_text", "projection_text"]

_SYMBOLS = {"second": "s", "volt": "V", "hertz": "Hz", "ampere": "A", "siemens": "S", "farad": "F", "1": ""}


def population_text(population: Population) -> str:
    """Return one line: ``cortex: 32 × ctrnn, tau uniform 20 ms to 100 ms, learns bias, tau``."""
    parts = [f"{population.name}: {population.size} × {population.model.name}"]
    if population.role:
        parts.append(population.role)
    if population.encodes:
        parts.append("encodes " + " + ".join(population.encodes))
    for name, value in population.parameters.items():
        declared = population.model.parameter(name)
        unit = str(declared.dimension) if declared else "1"
        if declared and value.constant is not None and value.constant == declared.default:
            continue
        parts.append(f"{name} {distribution_text(value, unit)}")
    if population.modulator:
        times = f" times {population.strength:g}" if population.strength is not None else ""
        parts.append(f"senses {population.modulator}{times}")
    if population.learns:
        parts.append(f"learns {', '.join(population.learns)}")
    return ", ".join(parts)


def projection_text(projection: Projection) -> str:
    """Return one line: ``cortex_recurrent: cortex.r → cortex.u, rflo_td, lecun_normal``."""
    parts = [f"{projection.name}: {projection.source} → {projection.target}", projection.rule.name]
    if projection.transpose_of:
        parts.append(f"carries the weights of {projection.transpose_of} backwards")
    else:
        unit = next((str(state.dimension) for state in projection.rule.states if state.name == "w"), "1")
        parts.append(distribution_text(projection.weights, unit))
    if projection.probability < 1.0:
        parts.append(f"probability {projection.probability:g}")
    if projection.groups:
        parts.append("group by group")
    if projection.layers or projection.layers_of_source:
        parts.append("neural circuit policy")
    for side, neurons in (("from", projection.sources), ("to", projection.targets)):
        if neurons is not None:
            parts.append(
                f"{side} neuron {neurons[0]}" if len(neurons) == 1 else f"{side} {len(neurons)} neurons"
            )
    if not projection.self_connections:
        parts.append("no self-connections")
    if projection.delays:
        low, high = (format_si(each, "s") for each in projection.delays.arguments)
        parts.append(f"delays {projection.delays.kind} ({low}, {high})")
    elif projection.delay:
        parts.append(f"delay {format_si(projection.delay, 's')}")
    if projection.gain != 1.0:
        parts.append(f"gain {projection.gain:g}")
    if projection.lesion:
        parts.append(f"{projection.lesion:.0%} of synapses lesioned")
    if projection.silenced:
        parts.append(f"{projection.silenced:.0%} of source neurons silenced")
    return ", ".join(parts)


def distribution_text(value: Distribution, unit: str) -> str:
    """Return ``20 ms``, ``uniform 20 ms to 100 ms`` or the name of an initialiser."""
    if value.kind == "grid":
        sides = value.arguments[2 * len(value.arguments) // 3 :]
        return f"grid of {' x '.join(f'{side:g}' for side in sides)}"
    numbers = [number_text(number, unit) for number in value.arguments]
    if value.kind == "constant":
        return numbers[0]
    if value.kind == "uniform":
        return f"uniform {numbers[0]} to {numbers[1]}"
    if value.kind == "normal":
        return f"normal {numbers[0]} ± {numbers[1]}"
    return value.kind


def number_text(value: float, unit: str) -> str:
    """Return a number with its unit, such as ``20 ms``; a pure number as it is."""
    return f"{value:g}" if unit == "1" else format_si(value, _SYMBOLS.get(unit, unit))


def _head(circuit: Circuit) -> list[str]:
    timing = circuit.timing
    steps = f"{timing.steps} step{'s' * (timing.steps != 1)} of {format_si(timing.dt, 's')} a decision"
    environment = circuit.environment
    world = f"in {environment.name}" if environment else "open loop"
    if environment:
        seen = environment.observation
        what = ", ".join(seen) if len(seen) <= 8 else f"{len(seen)} entries"
        world += f", sees {what}, {environment.actions}"
    return [f"{world}; {steps}{'; frozen' if circuit.frozen else ''}; {circuit.hash}"]


def _sections(circuit: Circuit) -> Mapping[str, list[str]]:
    modulators = []
    for each in circuit.neuromodulators.values():
        units = {parameter.name: str(parameter.dimension) for parameter in each.model.parameters}
        numbers = ", ".join(
            f"{name} {number_text(value, units.get(name, '1'))}" for name, value in each.parameters.items()
        )
        heard = " and ".join(dict.fromkeys(each.read.values()))
        late = f", {each.delay} decisions late" if each.delay else ""
        modulators.append(f"{each.name}: {each.model.name}{heard and f' of {heard}'}, {numbers}{late}")
    groups = []
    for group in circuit.plasticity.values():
        declared = (*group.rule.parameters, *(group.optimiser.parameters if group.optimiser else ()))
        numbers = ", ".join(
            f"{each.name} {number_text(group.parameters[each.name], str(each.dimension))}"
            for each in declared
        )
        optimiser = f" with {group.optimiser.name}" if group.optimiser else ""
        gate = f", gated by {group.modulator}" if group.modulator else ""
        gate += f" times {group.strength:g}" if group.strength is not None else ""
        groups.append(f"{group.name}: {group.rule.name}{optimiser}{gate}{', ' if numbers else ''}{numbers}")
    return {
        "populations": [population_text(each) for each in circuit.populations.values()],
        "projections": [projection_text(each) for each in circuit.projections.values()],
        "neuromodulators": modulators,
        "plasticity": groups,
        "interventions in force": [
            f"{event.name}: {intervention_text(event, circuit.timing)}" for event in circuit.events
        ],
    }


def intervention_text(event: Intervention, timing: Timing) -> str:
    """Return what an intervention does and when: ``lesion of dopamine by 0.8 from 600 s``."""
    what = {
        "lesion": f"lesion of {event.target} by {event.fraction:g}",
        "stimulate": f"stimulation of {event.target}{event.variable and '.'}{event.variable} by {event.amount:g}",
        "silence": f"silence of {event.target}",
        "freeze": f"frozen weights of {event.target}",
        "noise": f"noise of deviation {event.amount:g} in {event.target}{event.variable and '.'}{event.variable}",
        "antagonist": f"antagonist of {event.target}, {event.occupancy:.3g} of the receptors",
        "agonist": f"agonist of {event.target}, {event.occupancy:.3g} of the receptors at efficacy {event.amount:g}",
    }[event.kind]
    if event.receptors:
        what += f" of {event.receptors}"
    if event.neurons is not None:
        what += f", {len(event.neurons)} neurons"
    window = event.window
    if window is None:
        return what

    def at(decisions: int) -> str:
        return f"{decisions * timing.decision_interval:g} s"

    what += f" from {at(window.start)}"
    if window.stop is not None:
        what += f" to {at(window.stop)}"
    if window.every is not None:
        what += f", every {at(window.every)}"
    if window.until is not None:
        what += f" until {at(window.until)}"
    return what


def circuit_text(circuit: Circuit) -> str:
    """Return the whole circuit, a line for each part."""
    lines = [f"Circuit {circuit.name}", *(f"  {line}" for line in _head(circuit))]
    for section, entries in _sections(circuit).items():
        if entries:
            lines += [f"  {section}", *(f"    {entry}" for entry in entries)]
    return "\n".join(lines)


def circuit_html(circuit: Circuit) -> str:
    """Return the circuit as an HTML table for notebooks."""
    rows = []
    for section, entries in _sections(circuit).items():
        for entry in entries:
            name, _, rest = entry.partition(": ")
            rows.append(
                f"<tr><td>{section}</td><th style='text-align:left'>{escape(name)}</th>"
                f"<td style='text-align:left'>{escape(rest)}</td></tr>"
            )
            section = ""
    head = escape("; ".join(_head(circuit)))
    caption = f"<caption><b>{escape(circuit.name)}</b><br>{head}</caption>"
    return f"<table>{caption}<tbody>{''.join(rows)}</tbody></table>"
