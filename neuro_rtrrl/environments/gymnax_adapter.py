"""gymnax environments in our form: no auto-reset, flat observations, types that survive a scan.

``Environment.step`` of gymnax computes a reset on every step and throws most of them away; here the step goes
through ``step_env`` and ``is_truncated`` and the caller resets when an episode has ended.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp

from neuro_rtrrl.environments.base import Environment, masked, stretched
from neuro_rtrrl.environments.catalogue import UNSUPPORTED, describe, names, parameter_problems
from neuro_rtrrl.environments.gymnax_models import make_model
from neuro_rtrrl.environments.spaces import Actions, Continuous
from neuro_rtrrl.errors import CircuitError, Problem, RunError, nearest

__all__ = ["make_gymnax"]


def make_gymnax(
    name: str, parameters: Mapping[str, Any] | None = None, observe: tuple[int, ...] | None = None
) -> Environment:
    """Return gymnax environment ``name`` as an :class:`Environment`.

    Parameters
    ----------
    name : str
        As gymnax calls it, such as ``CartPole-v1``.
    parameters : mapping, optional
        The environment's own parameters that differ from their defaults.
    observe : tuple of int, optional
        Indices of the observation entries to keep, in order; all by default. Names are resolved by
        :func:`neuro_rtrrl.environments.catalogue.select`.

    Raises
    ------
    CircuitError
        If the name, a parameter or an index is unknown or unusable.
    """
    parameters = dict(parameters or {})
    if name in UNSUPPORTED:
        raise CircuitError(
            Problem(f"environment '{name}' cannot be used: {UNSUPPORTED[name]}", "environment.name")
        )
    try:
        info = describe(name, parameters)
    except KeyError:
        raise CircuitError(
            Problem(
                f"there is no environment '{name}'",
                where="environment.name",
                available=names(),
                hint=nearest(name, names()),
            )
        ) from None
    problems = list(parameter_problems(info, parameters))
    last = len(info.observation) - 1
    for index in observe or ():
        if isinstance(index, bool) or not isinstance(index, int) or not 0 <= index <= last:
            where = "environment.observe"
            problems.append(
                Problem(f"'{name}' has no observation {index!r}; indices run from 0 to {last}", where)
            )
    if problems:
        raise CircuitError(problems)

    model, defaults = make_model(name, {key: info.parameters[key] for key in info.structure})
    own = {field.name for field in fields(defaults)}
    settings = defaults.replace(**{key: _as_field(v) for key, v in info.parameters.items() if key in own})
    functions = _pure_functions(name, model, settings, info.actions)
    whole = Environment(name, info.observation, info.actions, *functions)
    return whole if observe is None else masked(whole, observe)


def _as_field(value: Any) -> Any:
    return jnp.asarray(value) if isinstance(value, tuple) else value


def _pure_functions(name: str, model: Any, settings: Any, actions: Actions):
    """Return ``reset`` and ``step`` of a gymnax model, the parameters compiled in as constants."""

    def raw_step(key, state, action):
        if isinstance(actions, Continuous):
            action = stretched(action, actions)
        observation, state, reward, terminated, _ = model.step_env(key, state, action, settings)
        return observation, state, reward, terminated, model.is_truncated(state, settings)

    def raw_reset(key):
        return model.reset_env(key, settings)

    @cache
    def types(integer, floating):
        return _stable_types(name, raw_reset, raw_step, actions)

    def types_now():  # worked out once for 32 bits and once for 64, each time by tracing the model several times
        return types(jnp.result_type(int), jnp.result_type(float))

    def reset(key):
        state_types, _ = types_now()
        observation, state = raw_reset(key)
        return _flat(observation), _cast(state, state_types)

    def step(key, state, action):
        state_types, action_type = types_now()
        observation, state, reward, terminated, truncated = raw_step(
            key, state, jnp.asarray(action, action_type)
        )
        return (
            _flat(observation),
            _cast(state, state_types),
            _scalar(reward, jnp.result_type(float)),
            _scalar(terminated, jnp.bool_),
            _scalar(truncated, jnp.bool_),
        )

    return reset, step


def _stable_types(name: str, raw_reset: Any, raw_step: Any, actions: Actions) -> tuple[Any, Any]:
    """Return the types that the state keeps from step to step, and the type of action that the model takes.

    gymnax starts counters as Python integers, and flags or rewards as one kind that a step turns into
    another (0 into 0.5). The types after a reset are widened until a step no longer changes them. They
    depend on whether 64-bit numbers are on, hence are asked for wherever a function is traced. Then some
    models mix the action with numbers of the default integer type and others with 32-bit ones, so both are
    tried.
    """
    key = jax.eval_shape(lambda: jax.random.key(0))
    refusal: TypeError | None = None
    integers = (jnp.dtype(jnp.int32), jnp.result_type(int))
    floats = (jnp.result_type(float),)
    for action_type in dict.fromkeys(floats if isinstance(actions, Continuous) else integers):
        try:
            _, state = jax.eval_shape(raw_reset, key)
            shape = () if actions.scalar else (actions.slots,)
            return _widened(state, jax.ShapeDtypeStruct(shape, action_type), key, raw_step), action_type
        except TypeError as error:
            refusal = error
    if jnp.result_type(float) == jnp.float64:
        reason = str(refusal).splitlines()[0]
        raise RunError(
            Problem(
                f"environment '{name}' of gymnax does not run with 64-bit numbers: {reason}",
                where="environment.name",
                hint="run it in 32-bit precision, or choose another environment",
            )
        ) from refusal
    raise refusal  # type: ignore[misc]


def _widened(state: Any, action: Any, key: Any, raw_step: Any) -> Any:
    types = jax.tree.map(lambda leaf: leaf.dtype, state)
    while True:

        def after_one(key, state, action, types=types):
            return raw_step(key, _cast(state, types), action)[1]

        after = jax.eval_shape(after_one, key, state, action)
        wider = jax.tree.map(lambda before, leaf: jnp.promote_types(before, leaf.dtype), types, after)
        if wider == types:
            return types
        types = wider


def _cast(state: Any, types: Any) -> Any:
    # convert_element_type also drops JAX's weak types, which would make a scan's carry change its type
    return jax.tree.map(lambda leaf, dtype: jax.lax.convert_element_type(leaf, dtype), state, types)


def _flat(observation: Any) -> Any:
    return jnp.ravel(jnp.asarray(observation)).astype(jnp.result_type(float))


def _scalar(value: Any, dtype: Any) -> Any:
    return jnp.reshape(jnp.asarray(value), ()).astype(dtype)
