"""Whether the integration step is small enough for what it integrates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from neuro_rtrrl.errors import Location
from neuro_rtrrl.graph.circuit import Circuit, Population
from neuro_rtrrl.graph.context import Context, Path
from neuro_rtrrl.graph.user_models import line_of
from neuro_rtrrl.language import (
    Apply,
    EquationError,
    Expression,
    Name,
    Statement,
    names,
    parse_statements,
    walk,
)
from neuro_rtrrl.language.integration import own_coefficients
from neuro_rtrrl.language.on_numbers import number_of
from neuro_rtrrl.models import Model, NeuronModel
from neuro_rtrrl.units import format_si, unit_dimension

__all__ = [
    "euler_does_not_overshoot",
    "learned_time_constants_stay_above_their_bound",
    "refractory_periods_are_whole_steps",
    "spikes_by_chance_are_seldom_enough",
]

_TOLERANCE = 1.0 - 1e-9  # tau equal to dt is the discrete algorithm and allowed
_MOST_NAMES = 8  # of a coefficient whose extremes are looked for at all its corners


def euler_does_not_overshoot(context: Context, circuit: Circuit) -> None:
    """A time constant below dt makes an Euler step go past its target."""
    for part in _integrated(circuit):
        told = {name for name in _time_constants(part) if _too_short(context, circuit, part, name)}
        _decays_within_a_step(context, circuit.timing.dt, part, told)


@dataclass(frozen=True)
class _Part:
    """What Euler's method integrates: its place and name, its equations, and the lowest and highest of its numbers."""

    path: Path
    whose: str
    model: Model
    equations: str
    bounds: Mapping[str, tuple[float, float]]
    own: Path
    learns: tuple[str, ...] = ()


def _integrated(circuit: Circuit) -> Iterator[_Part]:
    for population in circuit.populations.values():
        if (population.method or circuit.timing.method) == "euler":
            model = population.model
            yield _Part(
                ("populations", population.name),
                f"neuron '{model.name}' of population '{population.name}'",
                model,
                model.equations,
                {name: (value.lowest, value.highest) for name, value in population.parameters.items()},
                ("models", "neurons", model.name, "equations"),
                population.learns,
            )
    for modulator in circuit.neuromodulators.values():
        model = modulator.model
        whose = f"neuromodulator '{modulator.name}' ({model.name})"
        numbers = {name: (value, value) for name, value in modulator.parameters.items()}
        own: Path = ("models", "modulators", model.name, "equations")
        yield _Part(("neuromodulators", modulator.name), whose, model, model.equations, numbers, own)
    for group in circuit.plasticity.values():
        if (group.method or circuit.timing.method) == "euler":
            whose = f"rule '{group.rule.name}' of group '{group.name}'"
            numbers = {name: (value, value) for name, value in group.parameters.items()}
            own = ("models", "rules", group.rule.name, "dynamics")
            yield _Part(("plasticity", group.name), whose, group.rule, group.rule.dynamics, numbers, own)


def _too_short(context: Context, circuit: Circuit, part: _Part, name: str) -> bool:
    """Note a time constant below dt, or the bound of a learned one; return whether there was one."""
    dt = circuit.timing.dt
    low, _ = part.bounds.get(name, (dt, dt))
    if low < dt * _TOLERANCE:
        _overshoots(context, (*part.path, name), name, low, dt)
    bound, _ = part.bounds.get(f"{name}_minimum", (dt, dt))
    if name in part.learns and bound < dt * _TOLERANCE:
        _overshoots(context, (*part.path, f"{name}_minimum"), f"{name}_minimum", bound, dt)
        return True
    return low < dt * _TOLERANCE


def _decays_within_a_step(context: Context, dt: float, part: _Part, told: set[str]) -> None:
    """Note each state that decays faster than dt, by whatever its equation multiplies it with."""
    bounds = {name: ends for name, ends in part.bounds.items() if name not in part.learns}
    bounds |= {"dt": (dt, dt), "decision_interval": (context.clock["decision_interval"],) * 2}
    statements = _statements(part.equations)
    algebraic = [each for each in statements if each.kind == "assign"]
    derivatives = [each for each in statements if each.kind == "derivative"]
    for statement, coefficient in own_coefficients(derivatives, algebraic, bounds):
        read = sorted(names(coefficient))
        if told & set(read) or len(read) > _MOST_NAMES:
            continue
        corners = product(*(dict.fromkeys(bounds[name]) for name in read))
        found = [number_of(coefficient, dict(zip(read, corner, strict=True))) for corner in corners]
        rate = max((-each for each in found if each is not None), default=0.0)
        if rate * dt * _TOLERANCE > 1.0:
            shown = format_si(1.0 / rate, "s")
            context.problems.add(
                f"{part.whose}: '{statement.target}' can decay within {shown}, less than dt ({format_si(dt, 's')}): "
                "an Euler step would overshoot",
                where=".".join(map(str, part.own if context.written(part.own) else part.path)),
                location=_place(context, part, statement),
                found=statement.text,
                hint=f"set timing.dt to {shown} or less, or choose 'method: exponential_euler'",
            )


def _place(context: Context, part: _Part, statement: Statement) -> Location | None:
    if context.written(part.own):
        return line_of(context, part.own, statement.line)
    return context.document.locate(part.path, key=True)


def _statements(equations: str) -> Sequence[Statement]:
    try:
        return parse_statements(equations)
    except EquationError:  # told where the model is checked
        return ()


def spikes_by_chance_are_seldom_enough(context: Context, circuit: Circuit) -> None:
    """A neuron that fires with probability rate*dt cannot fire faster than once a step."""
    dt = circuit.timing.dt
    for population in circuit.populations.values():
        model = population.model
        for threshold in _statements(f"fires = {model.threshold}") if model.noise and model.threshold else ():
            chance = _chance(threshold.expression, model)
            if chance is None:
                continue
            lines = [each for each in _statements(model.equations) if each.kind == "assign"]
            values = {name: value.highest for name, value in population.parameters.items()}
            values |= dict.fromkeys(model.inputs, 0.0) | {"dt": dt}
            for line in lines:
                value = number_of(line.expression, values)
                if value is not None:
                    values[line.target] = value
            highest = number_of(chance, values)
            if highest is not None and highest * _TOLERANCE > 1.0:
                rate = next((name for name in ("rate", "rate_maximum") if name in population.parameters), "")
                path: Path = ("populations", population.name, *((rate,) if rate else ()))
                context.problem(
                    path,
                    f"population '{population.name}' would fire {format_si(highest / dt, 'Hz')}, and can fire once in "
                    f"each dt ({format_si(dt, 's')}): {format_si(1 / dt, 'Hz')} at most",
                    found=context.written(path) if rate else threshold.text,
                    hint=f"set timing.dt to {format_si(dt / highest, 's')} or less, well below it where spikes are to "
                    "be independent",
                )


def _chance(threshold: Expression, model: NeuronModel) -> Expression | None:
    """Return what a uniform random number is held against, or None where the threshold is another."""
    if not isinstance(threshold, Apply) or threshold.operator not in ("less", "less_equal"):
        return None
    drawn, against = threshold.arguments
    return against if isinstance(drawn, Name) and drawn.name in model.noise else None


def refractory_periods_are_whole_steps(context: Context, circuit: Circuit) -> None:
    """A neuron is silent for whole steps of dt after a spike, as a spike travels for whole steps."""
    dt = circuit.timing.dt
    for population in circuit.populations.values():
        period = population.parameters.get("refractory")
        parameter = population.model.parameter("refractory")
        if period is None or parameter is None or parameter.dimension != unit_dimension("second"):
            continue
        path: Path = ("populations", population.name, "refractory")
        shown = f"dt ({format_si(dt, 's')})"
        if period.constant is None:
            if period.highest < dt / 2:
                message = f"no refractory period of this distribution reaches {shown}"
                hint = "write 'refractory: 0 ms', or make timing.dt shorter"
                context.problem(path, message, found=context.written(path), hint=hint)
            continue
        steps = period.constant / dt
        if abs(steps - round(steps)) > 1e-6 * max(1.0, steps):
            below, above = int(steps) * dt, (int(steps) + 1) * dt
            context.problem(
                path if context.written(path) else path[:-1],
                f"a refractory period must be a whole multiple of {shown}",
                found=context.written(path) or f"{format_si(period.constant, 's')}, which it is by default",
                hint=f"write 'refractory: {below * 1e3:g} ms', or {above * 1e3:g} ms",
            )


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


def _time_constants(part: _Part) -> Iterator[str]:
    """Yield the parameters in seconds that a derivative is divided by."""
    found = {
        node.arguments[1].name
        for statement in _statements(part.equations)
        if statement.kind == "derivative"
        for node in walk(statement.expression)
        if isinstance(node, Apply) and node.operator == "divide" and isinstance(node.arguments[1], Name)
    }
    for parameter in part.model.parameters:
        if parameter.name in found and parameter.dimension == unit_dimension("second"):
            yield parameter.name


def _overshoots(context: Context, path: Path, name: str, value: float, dt: float) -> None:
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
