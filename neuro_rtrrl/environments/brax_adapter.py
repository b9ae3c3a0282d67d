"""Bodies of brax: rigid-body tasks in JAX, with actions by degrees (Freeman et al. 2021)."""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

from neuro_rtrrl.environments.base import Environment
from neuro_rtrrl.environments.spaces import Continuous
from neuro_rtrrl.errors import CircuitError, Problem, nearest

__all__ = ["BACKENDS", "PREFIX", "make_brax"]

PREFIX = "brax/"
BACKENDS = ("positional", "spring", "generalized")
LENGTH = 1000  # steps until an episode is truncated, as in brax's own training


def make_brax(name: str, parameters: Mapping[str, Any] | None = None) -> Environment:
    """Return brax's environment ``name`` as an :class:`Environment`.

    Actions are in [-1, 1], which brax itself stretches over the range of its actuators. What ends an episode of
    brax terminates it; time truncates it.

    Parameters
    ----------
    name : str
        ``brax/`` and brax's name, such as ``brax/ant``.
    parameters : mapping, optional
        ``backend``: positional (the default), spring or generalized; ``max_steps_in_episode``: 1000; any other
        keyword of that environment's class.

    Raises
    ------
    CircuitError
        If brax is not installed, has no such environment, or refuses a parameter.
    """
    given = {"backend": BACKENDS[0], "max_steps_in_episode": LENGTH, **(parameters or {})}
    length, backend = given.pop("max_steps_in_episode"), given["backend"]

    def problem(message: str, where: str, **details: Any) -> CircuitError:
        return CircuitError(Problem(message, where=f"environment.{where}", **details))

    if backend not in BACKENDS:
        where, hint = "parameters.backend", nearest(str(backend), BACKENDS)
        raise problem("brax has no such backend", where, found=str(backend), available=BACKENDS, hint=hint)
    if isinstance(length, bool) or not isinstance(length, int) or length < 1:
        message = "'max_steps_in_episode' is a whole number, at least 1"
        raise problem(message, "parameters.max_steps_in_episode", found=str(length))
    with _quiet():
        try:
            from brax import envs  # pyright: ignore[reportMissingImports]
        except ImportError:
            hint = "install it: pip install 'neuro-rtrrl[brax]'"
            raise problem(f"{name} needs the package brax", "name", hint=hint) from None
        known = tuple(sorted(f"{PREFIX}{each}" for each in envs._envs))
        if name not in known:
            hint = nearest(name, known)
            raise problem(f"brax has no environment '{name}'", "name", found=name, available=known, hint=hint)
        try:
            body = envs.get_environment(name.removeprefix(PREFIX), **given)
        except (TypeError, ValueError, NotImplementedError) as error:
            message = f"brax cannot make {name} with these parameters: {str(error).splitlines()[0][:300]}"
            raise problem(message, "parameters") from None
        size, dimensions = int(body.observation_size), int(body.action_size)
    observation = tuple(f"entry_{index}" for index in range(size))
    actions = Continuous((-1.0,) * dimensions, (1.0,) * dimensions)
    return Environment(name, observation, actions, *_functions(body, length))


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep to itself what brax says of its own maintenance and of accelerators that are not there."""
    disabled = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(None):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(disabled)


def _functions(body: Any, length: int):
    import jax
    import jax.numpy as jnp

    def reset(key):
        state = body.reset(key)
        return _real(state.obs), {"body": _stable(state, state), "time": jnp.int32(0)}

    def step(key, state, action):
        before, time = state["body"], state["time"] + 1
        after = body.step(before, jnp.clip(action, -1, 1))
        told = after.done > 0
        return (
            _real(after.obs),
            {"body": _stable(after, before), "time": time},
            _real(after.reward),
            told,
            time >= length,
        )

    def _stable(state, example):
        # the types of a scan's carry do not change, whatever mixes with whatever in 64 bits
        return jax.tree.map(
            lambda leaf, one: jax.lax.convert_element_type(leaf, jnp.asarray(one).dtype), state, example
        )

    def _real(value):
        return jnp.asarray(value).astype(jnp.result_type(float))

    return reset, step
