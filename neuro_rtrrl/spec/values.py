"""The values a circuit file may hold: quantities, distributions, initialisers, names.

Each reader takes what YAML gave and returns a frozen value, or raises :class:`Refused` with all its faults.
Dimensions are kept and not judged here, save for times: which dimension a parameter needs, its model knows.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainValidator

from neuro_rtrrl.errors import nearest
from neuro_rtrrl.spec.faults import Fault, Refused, refuse, shown
from neuro_rtrrl.spec.layouts import KEYS, Layout, read_layout
from neuro_rtrrl.units import DIMENSIONLESS, Quantity, UnitError, parse_quantity, unit_dimension

__all__ = [
    "Delay",
    "Distribution",
    "Endpoint",
    "Initialiser",
    "Name",
    "Neurons",
    "OptionalEndpoint",
    "OptionalQuantity",
    "OptionalTime",
    "ParameterValue",
    "PositiveTime",
    "TransposeOf",
    "Weights",
    "read_quantity",
    "validated",
]

TIME = unit_dimension("s")
TIME_HINT = 'write a unit, such as "20 ms"'
TIME_UNITS = ("s", "ms", "us", "min", "h")
COMMON_UNITS = ("s", "ms", "Hz", "V", "mV", "A", "nA", "pA", "S", "nS", "F", "pF", "ohm", "Mohm", "m")
DISTRIBUTIONS = {"uniform": ("low", "high"), "normal": ("mean", "deviation")}
MAXIMUM_NEURONS = 1_000_000

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_ENDPOINT = re.compile(r"[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)?")
_RANGE = re.compile(r"\s*([0-9]{1,9})\s*(?:-\s*([0-9]{1,9})\s*)?")
_NUMBER_START = re.compile(r"[-+.]?[0-9]")


@dataclass(frozen=True)
class Distribution:
    """Values drawn at random: ``uniform`` (low, high) or ``normal`` (mean, deviation), in one dimension."""

    kind: str
    arguments: tuple[Quantity, ...]


@dataclass(frozen=True)
class Initialiser:
    """Initial weights by the name of a rule, such as ``lecun_normal``."""

    name: str


@dataclass(frozen=True)
class TransposeOf:
    """Initial weights that are another projection's, transposed."""

    projection: str


def read_quantity(value: Any) -> Quantity:
    """Read a number or a text such as ``20 ms``; the value is finite."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise Refused(Fault('a number or a quantity such as "20 ms" is due here', found=shown(value)))
    if isinstance(value, str):
        try:
            quantity = parse_quantity(value)
        except UnitError as error:
            # A text that does not start like a number has no unit to mend.
            units = COMMON_UNITS if str(error).startswith("unknown unit") else ()
            unit = re.sub(r"^[-+.0-9eE\s]*", "", value)
            hint = nearest(unit, units) or 'write a number with its unit, such as "20 ms"'
            raise Refused(Fault(_cut(str(error)), found=shown(value), available=units, hint=hint)) from None
    else:
        quantity = Quantity(float(value), DIMENSIONLESS)
    if not math.isfinite(quantity.value):
        raise Refused(Fault("every number must be finite", found=shown(value)))
    return quantity


def _cut(message: str) -> str:
    return message if len(message) <= 100 and message.isprintable() else "this is not a number with a unit"


def read_time(value: Any) -> Quantity:
    """Read a duration; a bare number is refused, since it could mean seconds or milliseconds."""
    try:
        quantity = read_quantity(value)
    except Refused as refused:
        fault = refused.faults[0]
        units = TIME_UNITS if fault.available else ()
        raise Refused(Fault(fault.message, found=fault.found, available=units, hint=TIME_HINT)) from None
    if quantity.dimension == DIMENSIONLESS:
        raise Refused(Fault("a time with its unit is due here", found=shown(value), hint=TIME_HINT))
    if quantity.dimension != TIME:
        message = f"a time ({TIME}) is due here, and this is in {quantity.dimension}"
        raise Refused(Fault(message, found=shown(value), available=TIME_UNITS, hint=TIME_HINT))
    if quantity.value < 0:
        raise Refused(Fault("a time cannot be negative", found=shown(value)))
    return quantity


def read_positive_time(value: Any) -> Quantity:
    """Read a duration longer than nothing."""
    quantity = read_time(value)
    if quantity.value == 0:
        raise Refused(Fault("this time must be greater than zero", found=shown(value)))
    return quantity


def read_delay(value: Any) -> Quantity | Distribution:
    """Read one delay for all synapses, or a distribution from which each draws its own."""
    if not isinstance(value, dict):
        return read_time(value)
    found = read_arguments(*read_distribution(value, tuple(DISTRIBUTIONS)))
    if found.arguments[0].dimension != TIME:
        raise Refused(Fault("delays are times", (found.kind,), shown(value), hint=TIME_HINT))
    if found.kind == "uniform" and found.arguments[0].value < 0:
        raise Refused(Fault("a time cannot be negative", (found.kind, 0), shown(value)))
    return found


def read_distribution(value: dict[str, Any], kinds: tuple[str, ...]) -> tuple[str, Any]:
    """Return the one key and value of ``{kind: ...}``."""
    if len(value) != 1:
        forms = tuple(f"{{{kind}: ...}}" for kind in kinds)
        raise Refused(Fault("exactly one key is due here", found=shown(value), available=forms))
    kind, content = next(iter(value.items()))
    if kind not in kinds:
        raise Refused(
            Fault(f"'{kind}' is not known here", (kind,), "", kinds, nearest(kind, kinds), key=True)
        )
    return kind, content


def read_arguments(kind: str, content: Any) -> Distribution:
    """Read ``[low, high]`` or ``[mean, deviation]``."""
    names = DISTRIBUTIONS[kind]
    written = f"write {{{kind}: [{', '.join(names)}]}}"
    if not isinstance(content, list) or len(content) != len(names):
        raise Refused(Fault(f"'{kind}' takes {len(names)} numbers", (kind,), shown(content), hint=written))
    arguments, faults = [], []
    for index, item in enumerate(content):
        try:
            arguments.append(read_quantity(item))
        except Refused as refused:
            faults.extend(fault.below(kind, index) for fault in refused.faults)
    if faults:
        raise Refused(*faults)
    first, second = arguments
    if first.dimension != second.dimension:
        message = f"'{names[0]}' and '{names[1]}' must have the same unit"
        raise Refused(Fault(message, (kind,), shown(content), hint="give each number its unit"))
    if kind == "uniform" and first.value > second.value:
        raise Refused(Fault("'low' is greater than 'high'", (kind,), shown(content), hint=written))
    if kind == "normal" and second.value < 0:
        raise Refused(Fault("a deviation cannot be negative", (kind, 1), shown(content[1])))
    return Distribution(kind, (first, second))


def read_parameter(value: Any) -> Quantity | Distribution:
    """Read a parameter of a model: a quantity, or a distribution of them."""
    if isinstance(value, dict):
        return read_arguments(*read_distribution(value, tuple(DISTRIBUTIONS)))
    return read_quantity(value)


def read_weights(value: Any) -> Quantity | Distribution | Initialiser | TransposeOf | Layout:
    """Read initial weights; see the five kinds of result."""
    if isinstance(value, dict):
        kind, content = read_distribution(value, (*DISTRIBUTIONS, "constant", "transpose_of", *KEYS))
        if kind in KEYS:
            return read_layout(kind, content, read_quantity)
        if kind in DISTRIBUTIONS:
            return read_arguments(kind, content)
        try:
            return TransposeOf(read_name(content)) if kind == "transpose_of" else read_quantity(content)
        except Refused as refused:
            raise Refused(*(fault.below(kind) for fault in refused.faults)) from None
    if isinstance(value, str) and not _NUMBER_START.match(value.strip()):
        return Initialiser(read_name(value))
    return read_quantity(value)


def read_name(value: Any) -> str:
    """Read a name: letters, digits and underscores, a letter first, since equations use it as it stands."""
    if not isinstance(value, str):
        raise Refused(Fault("a name is due here", found=shown(value)))
    if not _NAME.fullmatch(value):
        suggestion = re.sub(r"\W+", "_", value, flags=re.ASCII).strip("_")[:40]
        hint = f"write '{suggestion}'" if _NAME.fullmatch(suggestion) else ""
        message = "a name is made of letters, digits and '_', with a letter first"
        raise Refused(Fault(message, found=shown(value), hint=hint))
    return value


def read_endpoint(value: Any) -> str:
    """Read ``name`` or ``name.part``."""
    if not isinstance(value, str) or not _ENDPOINT.fullmatch(value):
        raise Refused(Fault("'name' or 'name.part' is due here", found=shown(value)))
    return value


def read_neurons(value: Any) -> tuple[int, ...]:
    """Read ``"0-7"`` (both ends included), ``3`` or ``[0, 2, 5]``."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return (value,)
    if isinstance(value, list):
        for index, item in enumerate(value):
            if isinstance(item, bool) or not isinstance(item, int) or item < 0:
                raise Refused(Fault("a neuron's index counts from 0", (index,), shown(item)))
        return tuple(value)
    match = _RANGE.fullmatch(value) if isinstance(value, str) else None
    if not match:
        raise Refused(Fault('neurons are written "0-7", 3 or [0, 2, 5]', found=shown(value)))
    first, last = int(match[1]), int(match[2] or match[1])
    if first > last:
        raise Refused(
            Fault("the range ends before it begins", found=shown(value), hint=f'write "{last}-{first}"')
        )
    if last - first >= MAXIMUM_NEURONS:
        raise Refused(Fault(f"at most {MAXIMUM_NEURONS:,} neurons can be recorded", found=shown(value)))
    return tuple(range(first, last + 1))


def validated(read: Callable[[Any], Any], optional: bool = False) -> PlainValidator:
    """Make a reader a pydantic validator; ``optional`` lets None through."""

    def validate(value: Any) -> Any:
        if optional and value is None:
            return None
        try:
            return read(value)
        except Refused as refused:
            raise refuse(*refused.faults) from None

    return PlainValidator(validate)


def _sequence(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


AsTuple = BeforeValidator(_sequence)
Name = Annotated[str, validated(read_name)]
OptionalName = Annotated[str | None, validated(read_name, optional=True)]
Endpoint = Annotated[str, validated(read_endpoint)]
OptionalEndpoint = Annotated[str | None, validated(read_endpoint, optional=True)]
OptionalQuantity = Annotated[Quantity | None, validated(read_quantity, optional=True)]
PositiveTime = Annotated[Quantity, validated(read_positive_time)]
OptionalTime = Annotated[Quantity | None, validated(read_time, optional=True)]
Delay = Annotated[Quantity | Distribution | None, validated(read_delay, optional=True)]
ParameterValue = Annotated[Quantity | Distribution, validated(read_parameter)]
Weights = Annotated[Quantity | Distribution | Initialiser | TransposeOf | Layout, validated(read_weights)]
Neurons = Annotated[tuple[int, ...] | None, validated(read_neurons, optional=True)]
