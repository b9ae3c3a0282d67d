"""What the state of a circuit is before its first tick, and what stays constant: in NumPy, without a backend."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from neuro_rtrrl.graph.initialise import initial_values
from neuro_rtrrl.language import Expression, Number, Read
from neuro_rtrrl.lowering import FixedForm, LoweredCircuit

__all__ = ["Values", "start_values"]

Values = dict[str, np.ndarray]

_NAMED_OTHERWISE: dict[str, Callable[..., np.ndarray]] = {
    "negate": np.negative,
    "and": np.logical_and,
    "or": np.logical_or,
    "not": np.logical_not,
    "abs": np.abs,
}


def start_values(lowered: LoweredCircuit, seed: int, precision: str, form: FixedForm | None = None) -> Values:
    """Return key → values of all that is given, drawn or computed before the first tick.

    Parameters
    ----------
    lowered : LoweredCircuit
        Hoisted; of a fixed form, the emulated one.
    seed : int
    precision : {"float32", "float64"}
        What the setup is computed in; words are exact in float64.
    form : FixedForm, optional
        Whose words everything is rounded to.
    """
    given = initial_values(lowered.circuit, seed)
    if form is not None:
        given = form.rounded(given)
    values: Values = {key: np.asarray(value, precision) for key, value in given.items()}
    for statement in lowered.setup:
        found = _value(statement.expression, lowered, values, precision)
        values[statement.target] = np.broadcast_to(np.asarray(found, precision), statement.space.shape)
    for key, variable in lowered.variables.items():
        if key in values or variable.value is not None:
            continue
        start = variable.initial
        if isinstance(start, str):
            origin = lowered.variables[start]
            start = values[start] if origin.value is None else origin.value
        values[key] = np.broadcast_to(np.asarray(start, precision), variable.space.shape)
    return values


def _value(
    node: Expression, lowered: LoweredCircuit, values: Mapping[str, np.ndarray], precision: str
) -> np.ndarray:
    if isinstance(node, Number):
        return np.asarray(node.value, precision)
    if isinstance(node, Read):
        constant = lowered.variables[node.key].value
        found = values[node.key] if constant is None else np.asarray(constant, precision)
        if found.ndim and node.access in ("pre", "post"):
            return found[np.newaxis, :] if node.access == "pre" else found[:, np.newaxis]
        return found
    arguments = [_value(argument, lowered, values, precision) for argument in node.arguments]  # type: ignore[union-attr]
    operator = node.operator  # type: ignore[union-attr]
    if operator == "int":
        return arguments[0].astype(precision)
    return _NAMED_OTHERWISE.get(operator, getattr(np, operator, None))(*arguments)  # type: ignore[misc]
