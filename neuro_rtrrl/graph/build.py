"""From a description to a circuit: names to models, text to SI numbers, with every problem told at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path as FilePath
from typing import Any

from neuro_rtrrl.errors import CircuitError, Problem
from neuro_rtrrl.graph.checks import check_circuit
from neuro_rtrrl.graph.circuit import Circuit, PlasticityGroup, Population, Recording, Timing
from neuro_rtrrl.graph.context import Catalogue, Context
from neuro_rtrrl.graph.elements import (
    build_groups,
    build_modulators,
    build_populations,
)
from neuro_rtrrl.graph.environment import build_environment
from neuro_rtrrl.graph.event_units import build_interventions
from neuro_rtrrl.graph.projections import build_projections
from neuro_rtrrl.graph.user_models import user_models
from neuro_rtrrl.models import models
from neuro_rtrrl.spec.document import Document
from neuro_rtrrl.spec.load import SpecError, load_spec
from neuro_rtrrl.spec.schema import CircuitSpec

__all__ = ["build_circuit", "load_circuit"]


def load_circuit(path: str | FilePath, overrides: Iterable[str] = ()) -> Circuit:
    """Read, check and resolve a circuit file.

    Parameters
    ----------
    path : str or Path
    overrides : iterable of str
        ``path.to.key=value`` each, as the command line's ``--set``.

    Raises
    ------
    CircuitError
        With every problem of the file.
    """
    try:
        spec, document = load_spec(path, overrides)
    except SpecError as error:
        raise CircuitError(sorted([*error.problems, *_behind(error)], key=_in_order_of_the_file)) from None
    return build_circuit(spec, document)


def _behind(error: SpecError) -> list[Problem]:
    """Return what the graph's checks find in the part of a file that the schema could read."""
    rest = error.salvaged()
    if rest is None:
        return []
    try:
        build_circuit(rest.spec, error.document)
    except CircuitError as more:
        return [problem for problem in more.problems if not rest.explains(problem)]
    return []


def build_circuit(spec: CircuitSpec, document: Document) -> Circuit:
    """Resolve a description.

    Parameters
    ----------
    spec : CircuitSpec
    document : Document
        Locates problems, and is kept in the circuit as its resolved text.

    Returns
    -------
    Circuit
        Sizes, SI numbers, models; checked.

    Raises
    ------
    CircuitError
        With every problem found, in the order of the file.
    """
    context = Context(spec, document)
    catalogue = _catalogue(context)
    environment = build_environment(context)
    modulators = build_modulators(context, catalogue)
    groups = build_groups(context, catalogue)
    populations = {
        name: _with_learning(population, groups, spec.populations[name].learns)
        for name, population in build_populations(context, catalogue, environment).items()
    }
    projections = build_projections(context, catalogue, populations, groups)
    circuit = Circuit(
        name=spec.circuit,
        timing=Timing(
            spec.timing.dt.value,
            spec.timing.decision_interval.value,
            spec.timing.steps_per_decision,
            spec.timing.method,
        ),
        populations=populations,
        projections=projections,
        neuromodulators=modulators,
        plasticity=groups,
        environment=environment,
        record=_recordings(spec),
        description=spec.description,
        document=document.dump(),
    )
    circuit = circuit.replace(interventions=build_interventions(context, circuit))
    check_circuit(context, circuit)
    context.problems.found.sort(key=_in_order_of_the_file)
    context.problems.raise_if_any()
    return circuit


def _catalogue(context: Context) -> Catalogue:
    neurons, rules, optimisers = user_models(context)
    found: dict[str, Any] = {
        kind: models(kind) for kind in ("neurons", "plasticity", "modulators", "optimisers")
    }
    return Catalogue(
        neurons={**found["neurons"], **neurons},
        rules={**found["plasticity"], **rules},
        modulators=found["modulators"],
        optimisers={**found["optimisers"], **optimisers},
    )


def _with_learning(
    population: Population, groups: dict[str, PlasticityGroup], said: tuple[str, ...] | None
) -> Population:
    """Settle what a population learns: what it says, if only ``[]``, or all that its rule can teach its neurons."""
    group = groups.get(population.plasticity or "")
    if group is None or said is not None:
        return population
    learns = tuple(
        intrinsic.parameter
        for intrinsic in group.rule.intrinsic
        if population.model.parameter(intrinsic.parameter)
    )
    return replace(population, learns=learns)


def _recordings(spec: CircuitSpec) -> tuple[Recording, ...]:
    recordings = []
    for entry in spec.record:
        owner, _, variable = entry.variable.partition(".")
        dt, single = spec.timing.dt.value, spec.timing.steps_per_decision == 1
        every, stride = entry.schedule(spec.timing)
        if every == 0 and single and variable != "spike":
            every, stride = stride, 1  # a step is a decision
        begin, end = (None if time is None else round(time.value / dt) for time in (entry.from_, entry.to))
        recordings.append(Recording(owner, variable, entry.neurons, every, stride, begin or 0, end))
    return tuple(recordings)


def _in_order_of_the_file(problem: Problem) -> tuple[int, int]:
    place = problem.location
    return (place.line, place.column) if place else (0, 0)
