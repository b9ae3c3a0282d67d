"""Parameters: from quantities in the file to SI numbers, against what the model declares."""

from __future__ import annotations

import math
from collections.abc import Mapping

from neuro_rtrrl.errors import nearest
from neuro_rtrrl.graph.circuit import Distribution
from neuro_rtrrl.graph.context import Context, Path
from neuro_rtrrl.models import Parameter
from neuro_rtrrl.spec.values import Distribution as WrittenDistribution
from neuro_rtrrl.units import DIMENSIONLESS, Dimension, Quantity

__all__ = [
    "EXAMPLES",
    "described",
    "dimension_problem",
    "resolve_constants",
    "resolve_parameters",
    "to_distribution",
]

EXAMPLES = {
    "second": "20 ms",
    "hertz": "15 Hz",
    "volt": "1 mV",
    "ampere": "1 nA",
    "siemens": "1 nS",
    "farad": "1 pF",
}
_TAIL = 6.0  # deviations: a normal draw beyond this happens once in a thousand million


def resolve_parameters(
    context: Context,
    path: Path,
    given: Mapping[str, Quantity | WrittenDistribution],
    declared: tuple[Parameter, ...],
    owner: str,
    keys: tuple[str, ...] = (),
) -> dict[str, Distribution]:
    """Return a distribution (SI) for every declared parameter, noting everything that is wrong.

    Parameters
    ----------
    path : path of the section that holds the parameters
    owner : how messages call the model, such as ``neuron 'ctrnn'``
    keys : the section's other keys, which a misspelt name may mean
    """
    names = tuple(parameter.name for parameter in declared)
    for name in given:
        if name not in names:
            context.problem(
                (*path, name),
                f"{owner} has no parameter '{name}'",
                key=True,
                available=names,
                hint=nearest(name, (*names, *keys)),
            )
    resolved: dict[str, Distribution] = {}
    for parameter in declared:
        if parameter.name in given:
            value = to_distribution(context, (*path, parameter.name), given[parameter.name], parameter)
            if value is not None:
                resolved[parameter.name] = value
        elif parameter.default is None:
            example = EXAMPLES.get(str(parameter.dimension), "0.1")
            context.problem(
                path,
                f"parameter '{parameter.name}' of {owner} is missing",
                key=True,
                hint=f"add '{parameter.name}: {example}'"
                + (f" ({parameter.description})" if parameter.description else ""),
            )
        else:
            default = parameter.default
            number = context.clock[default] if isinstance(default, str) else default
            resolved[parameter.name] = Distribution("constant", (float(number),))
    return resolved


def resolve_constants(
    context: Context,
    path: Path,
    given: Mapping[str, Quantity | WrittenDistribution],
    declared: tuple[Parameter, ...],
    owner: str,
    keys: tuple[str, ...] = (),
) -> dict[str, float]:
    """As :func:`resolve_parameters`, for values that all elements share: one number each."""
    constants = {}
    for name, value in resolve_parameters(context, path, given, declared, owner, keys).items():
        if value.constant is None:
            context.problem(
                (*path, name),
                f"'{name}' of {owner} is one number for all, not a distribution",
                found=context.written((*path, name)),
            )
        else:
            constants[name] = value.constant
    return constants


def to_distribution(
    context: Context, path: Path, value: Quantity | WrittenDistribution, parameter: Parameter
) -> Distribution | None:
    """Return the value in SI, or None after noting a wrong dimension or a value out of bounds."""
    if isinstance(value, Quantity):
        kind, quantities, places = "constant", (value,), (path,)
    else:
        kind, quantities = value.kind, value.arguments
        places = tuple((*path, value.kind, index) for index in range(len(quantities)))
    sound = True
    for quantity, place in zip(quantities, places, strict=True):
        sound &= dimension_problem(context, place, quantity, parameter.name, parameter.dimension)
    if not sound:
        return None
    numbers = tuple(quantity.value for quantity in quantities)
    checked = [(place, number) for place, number in zip(places, numbers, strict=True)]
    if kind == "normal":
        mean, deviation = numbers
        checked = [(path, mean - _TAIL * deviation), (path, mean + _TAIL * deviation)]
    for place, number in checked:
        if not _within(number, parameter):
            context.problem(
                place,
                f"'{parameter.name}' must be {_bounds(parameter)}"
                + (f", and draws may reach {number:g}" if kind == "normal" else ""),
                found=context.written(place),
                hint="a uniform distribution keeps to its bounds" if kind == "normal" else "",
            )
            return None
    return Distribution(kind, numbers)  # type: ignore[arg-type]


def dimension_problem(context: Context, path: Path, value: Quantity, name: str, expected: Dimension) -> bool:
    """Return whether the value has the expected dimension; note a problem if not."""
    if not math.isfinite(value.value):
        context.problem(path, f"'{name}' must be finite", found=context.written(path))
        return False
    if value.dimension == expected:
        return True
    example = EXAMPLES.get(str(expected), f"a value in {expected}")
    if value.dimension == DIMENSIONLESS:
        message = f"'{name}' needs a unit: it is {described(expected)}"
        hint = f'write a unit, such as "{example}"'
    elif expected == DIMENSIONLESS:
        message, hint = f"'{name}' is a pure number, without a unit", "leave the unit out"
    else:
        message = f"'{name}' is {described(expected)}, not {described(value.dimension)}"
        hint = f'write it as "{example}"'
    context.problem(path, message, found=context.written(path), hint=hint)
    return False


_DESCRIPTIONS = {
    "1": "a pure number",
    "second": "a time (second)",
    "hertz": "a rate (hertz)",
    "volt": "a voltage (volt)",
    "ampere": "a current (ampere)",
    "siemens": "a conductance (siemens)",
    "farad": "a capacitance (farad)",
    "metre": "a length (metre)",
}


def described(dimension: Dimension) -> str:
    """Return a dimension in words."""
    return _DESCRIPTIONS.get(str(dimension), f"in {dimension}")


def _within(number: float, parameter: Parameter) -> bool:
    if parameter.positive and parameter.minimum == 0.0 and number == 0.0:
        return False
    return parameter.minimum <= number <= parameter.maximum


def _bounds(parameter: Parameter) -> str:
    if math.isfinite(parameter.minimum) and math.isfinite(parameter.maximum):
        return f"between {parameter.minimum:g} and {parameter.maximum:g}"
    if math.isfinite(parameter.maximum):
        return f"at most {parameter.maximum:g}"
    if parameter.positive and parameter.minimum == 0.0:
        return "greater than 0"
    return f"at least {parameter.minimum:g}"
