"""From the interventions that a file names to values in SI and in decisions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from neuro_rtrrl.graph.circuit import Circuit
from neuro_rtrrl.graph.context import Context
from neuro_rtrrl.graph.events import dimension_of, faults_of, variable_of
from neuro_rtrrl.graph.timed import Intervention, Window
from neuro_rtrrl.spec import sections
from neuro_rtrrl.spec.sections import whole_multiple
from neuro_rtrrl.units import DIMENSIONLESS, Dimension, Quantity

__all__ = ["build_interventions", "window_of"]

LONGEST = 2**31 - 1  # decisions; no run goes on longer

Told = tuple[str, str, dict[str, Any]]


def build_interventions(context: Context, circuit: Circuit) -> dict[str, Intervention]:
    """Return the interventions of the file; what is wrong with them is noted, each in its place.

    Parameters
    ----------
    context : Context
    circuit : Circuit
        All other parts; those that could not be built are missing and have been told.
    """
    built = {}
    spec = context.spec
    parts = {**spec.neuromodulators, **spec.populations, **spec.projections, **spec.plasticity}
    known = {**circuit.neuromodulators, **circuit.populations, **circuit.projections, **circuit.plasticity}
    for name, written in spec.interventions.items():
        event, told = _resolved(circuit, name, written)
        lost = [each for each in (event.target, event.receptors) if each in parts and each not in known]
        if not lost:
            told += [each for each in faults_of(circuit, event) if each[0] not in {key for key, *_ in told}]
        for key, message, more in told:
            path = ("interventions", name, key)
            context.problem(path, message, **{"found": context.written(path), **more})
        path = ("interventions", name)
        built[name] = replace(event, place=context.document.locate(path, key=True))
    return built


def _resolved(circuit: Circuit, name: str, written: sections.Intervention) -> tuple[Intervention, list[Told]]:
    kind: Any = written.kind
    target, _, variable = getattr(written, kind).partition(".")
    if variable and kind not in ("stimulate", "noise"):
        target, variable = f"{target}.{variable}", ""
    times = {"from": written.start, "to": written.stop, "every": written.every, "until": written.until}
    window, told = window_of(times, circuit.timing.decision_interval)
    key = {"stimulate": "amplitude", "noise": "deviation", "agonist": "efficacy"}.get(kind, "")
    amount = getattr(written, key) if key else None
    population = circuit.populations.get(target)
    reached = variable_of(population, variable) if population is not None else None
    if amount is not None and reached is not None and population is not None:
        told += _unit(key, f"'{target}.{reached}'", amount, dimension_of(population, reached))
    elif amount is not None and kind == "agonist":
        told += _unit(key, f"'{target}'", amount, DIMENSIONLESS)
    dose, half = written.dose, written.half_dose
    if dose is not None and half is not None:
        told += _unit("dose", "'half_dose'", dose, half.dimension)
    event = Intervention(
        name,
        target,
        fraction=written.fraction,
        kind=kind,
        variable=variable,
        amount=amount.value if amount is not None else 0.0,
        neurons=written.neurons,
        dose=dose.value if dose is not None else 0.0,
        half_dose=half.value if half is not None else 1.0,
        hill=written.hill,
        receptors=written.target,
        window=window,
    )
    return event, told


def _unit(key: str, of: str, given: Quantity, due: Dimension) -> list[Told]:
    if given.dimension == due:
        return []
    return [(key, f"{of} is in {due}, and this is in {given.dimension}", {})]


def window_of(times: Mapping[str, Quantity | None], interval: float) -> tuple[Window | None, list[Told]]:
    """Turn times of the run into decisions, all of them whole multiples of the decision interval.

    Parameters
    ----------
    times : mapping of str to Quantity or None
        ``from``, ``to``, ``every``, ``until``.
    interval : float
        Of a decision, in seconds.

    Returns
    -------
    Window or None
        None where no time was given.
    list
        What is wrong, by key.
    """
    step, told = Quantity(interval, Dimension(time=1)), []
    counts: dict[str, int | None] = {}
    for key, time in times.items():
        counts[key] = None
        if time is None:
            continue
        count = 0 if time.value == 0.0 else whole_multiple(time, step)
        if count is None or (count == 0 and key == "every"):
            before = int(time.value / interval)
            hint = f"such as {before * interval:g} s or {(before + 1) * interval:g} s"
            message = f"'{key}' must be a whole multiple of the decision interval ({interval:g} s)"
            told.append((key, message, {"hint": hint}))
        elif count > LONGEST:
            told.append((key, f"no run goes on until {time.value:g} s", {}))
        else:
            counts[key] = count
    if all(time is None for time in times.values()):
        return None, told
    return Window(counts["from"] or 0, counts["to"], counts["every"], counts["until"]), told
