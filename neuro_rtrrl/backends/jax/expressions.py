"""Trees as JAX operations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp

from neuro_rtrrl.language import Apply, Expression, Number, Read
from neuro_rtrrl.language.on_numbers import PLAIN

__all__ = ["EMITTED", "REDUCED", "evaluate"]

EMITTED: dict[str, Callable[..., Any]] = {
    **PLAIN,
    "exp": jnp.exp,
    "log": jnp.log,
    "sqrt": jnp.sqrt,
    "tanh": jnp.tanh,
    "sin": jnp.sin,
    "cos": jnp.cos,
    "abs": jnp.abs,
    "sign": jnp.sign,
    "minimum": jnp.minimum,
    "maximum": jnp.maximum,
    "clip": jnp.clip,
    "floor": jnp.floor,
    "and": jnp.logical_and,
    "or": jnp.logical_or,
    "not": jnp.logical_not,
}

REDUCED: dict[str, Callable[..., Any]] = {"sum_population": jnp.sum, "max_population": jnp.max}


def evaluate(expression: Expression, read: Callable[[Read], Any], dtype: Any) -> Any:
    """Return the value of a tree; ``read`` gives the array behind a leaf, already shaped for broadcasting."""
    if isinstance(expression, Number):
        integer = expression.value == int(expression.value)
        return int(expression.value) if integer else expression.value
    if isinstance(expression, Read):
        return read(expression)
    assert isinstance(expression, Apply)
    arguments = [evaluate(argument, read, dtype) for argument in expression.arguments]
    if expression.operator == "int":
        return jnp.asarray(arguments[0]).astype(dtype)
    return EMITTED[expression.operator](*arguments)
