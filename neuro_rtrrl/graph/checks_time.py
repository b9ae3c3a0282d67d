"""Whether the integration step is small enough for what it integrates."""

from __future__ import annotations

from collections.abc import Iterator

from neuro_rtrrl.graph.circuit import Circuit, Population
from neuro_rtrrl.graph.context import Context
from neuro_rtrrl.language import Apply, EquationError, Name, parse_statements, walk
from neuro_rtrrl.models import Model
from neuro_rtrrl.units import format_si, unit_dimension

__all__ = ["euler_does_not_overshoot", "learned_time_constants_stay_above_their_bound"]

_TOLERANCE = 1.0 - 1e-9  # tau equal to dt is the discrete algorithm and allowed


def euler_does_not_overshoot(context: Context, circuit: Circuit) -> None:
    """A time constant below dt makes an Euler step go past its target."""
    dt = circuit.timing.dt
    for population in circuit.populations.values():
        model = population.model
        if (population.method or circuit.timing.method) != "euler":
            continue
        for parameter in _time_constants(model, model.equations):
            value = population.parameters.get(parameter)
            low = value.lowest if value else dt
            if low < dt * _TOLERANCE:
                _overshoots(context, ("populations", population.name, parameter), parameter, low, dt)
            bound = population.parameters.get(f"{parameter}_minimum")
            if bound and parameter in population.learns and bound.lowest < dt * _TOLERANCE:
                path = ("populations", population.name, f"{parameter}_minimum")
                _overshoots(context, path, f"{parameter}_minimum", bound.lowest, dt)
    for modulator in circuit.neuromodulators.values():
        for parameter in _time_constants(modulator.model, modulator.model.equations):
            value = modulator.parameters.get(parameter, dt)
            if value < dt * _TOLERANCE:
                _overshoots(context, ("neuromodulators", modulator.name, parameter), parameter, value, dt)
    for group in circuit.plasticity.values():
        if (group.method or circuit.timing.method) != "euler":
            continue
        for parameter in _time_constants(group.rule, group.rule.dynamics):
            value = group.parameters.get(parameter, dt)
            if value < dt * _TOLERANCE:
                _overshoots(context, ("plasticity", group.name, parameter), parameter, value, dt)


def learned_time_constants_stay_above_their_bound(context: Context, circuit: Circuit) -> None:
    """A learned parameter starts above the bound below which it is not let fall."""
    for population in circuit.populations.values():
        for parameter in population.learns:
            value = population.parameters.get(parameter)
            bound = population.parameters.get(f"{parameter}_minimum")
            if value and bound and value.lowest < bound.highest * _TOLERANCE:
                path = ("populations", population.name, parameter)
                context.problem(
                    path,
                    f"'{parameter}' may start at {_shown(population, parameter, value.lowest)}, below "
                    f"'{parameter}_minimum' ({_shown(population, parameter, bound.highest)})",
                    found=context.written(path),
                )


def _time_constants(model: Model, equations: str) -> Iterator[str]:
    """Yield the parameters in seconds that a derivative is divided by."""
    try:
        statements = parse_statements(equations)
    except EquationError:
        return
    found = {
        node.arguments[1].name
        for statement in statements
        if statement.kind == "derivative"
        for node in walk(statement.expression)
        if isinstance(node, Apply) and node.operator == "divide" and isinstance(node.arguments[1], Name)
    }
    for parameter in model.parameters:
        if parameter.name in found and parameter.dimension == unit_dimension("second"):
            yield parameter.name


def _overshoots(context: Context, path: tuple[str, ...], name: str, value: float, dt: float) -> None:
    context.problem(
        path,
        f"'{name}' can be {format_si(value, 's')}, less than dt ({format_si(dt, 's')}): an Euler step would "
        f"overshoot",
        found=context.written(path),
        hint=f"set timing.dt to {format_si(value, 's')} or less, or '{name}' to at least {format_si(dt, 's')}, "
        "or choose 'method: exponential_euler'"
        if value > 0
        else "",
    )


def _shown(population: Population, parameter: str, value: float) -> str:
    declared = population.model.parameter(parameter)
    seconds = declared is not None and declared.dimension == unit_dimension("second")
    return format_si(value, "s") if seconds else f"{value:g}"
