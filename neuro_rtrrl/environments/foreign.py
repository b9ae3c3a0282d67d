"""Environments that others wrote (a package, one file): made with care and held to the form of ``Environment``."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from neuro_rtrrl.environments.base import Environment
from neuro_rtrrl.environments.own_file import place_in
from neuro_rtrrl.environments.spaces import Continuous, Discrete
from neuro_rtrrl.errors import CircuitError, Problem

__all__ = ["made_by"]


def made_by(
    factory: Callable[..., Any], parameters: Mapping[str, Any], called: str, path: str | Path | None = None
) -> Environment:
    """Call somebody's factory and return its environment, held to the form.

    Parameters
    ----------
    factory : callable
        Takes the environment's parameters as keywords, returns an :class:`Environment`.
    parameters : mapping
    called : str
        What messages call the environment.
    path : path, optional
        The file whose lines messages point at.

    Raises
    ------
    CircuitError
        If it refuses its parameters, raises, or returns something else than it should.
    """
    author = _Author(called, path)
    try:
        inspect.signature(factory).bind(**parameters)
    except TypeError as error:
        accepted = tuple(inspect.signature(factory).parameters)
        raise author.problem(
            f"refuses its parameters: {error}", where="environment.parameters", available=accepted
        ) from None
    environment = author.run("could not be made", lambda: factory(**parameters))
    if not isinstance(environment, Environment):
        raise author.problem(f"returned {type(environment).__name__} and not an Environment")
    author.refuse_wrong_sizes(environment)
    return author.held_to_form(environment)


@dataclass(frozen=True)
class _Author:
    """Tells what is wrong with somebody's environment, and where."""

    called: str
    path: str | Path | None

    def problem(self, message: str, where: str = "environment.name", **details: Any) -> CircuitError:
        return CircuitError(Problem(f"environment {self.called} {message}", where=where, **details))

    def run(self, failure: str, action: Callable[[], Any]) -> Any:
        """Return what ``action`` returns; what it raises becomes a problem in the author's file."""
        try:
            return action()
        except CircuitError:
            raise
        except (Exception, SystemExit) as error:
            place = place_in(error, self.path) if self.path else None
            reason = (str(error).strip().splitlines() or [""])[0][:300]
            raise self.problem(
                f"{failure}: {type(error).__name__}: {reason}",
                where="" if place else "environment.name",
                location=place,
            ) from error

    def refuse_wrong_sizes(self, environment: Environment) -> None:
        names, actions = environment.observation, environment.actions
        if isinstance(names, str) or not all(isinstance(each, str) for each in names) or not names:
            raise self.problem("says with 'observation' what it shows: a tuple of names, at least one")
        if len(set(names)) < len(names):
            raise self.problem("gives two entries of its observation the same name")
        if isinstance(actions, Discrete) and actions.sizes and min(actions.sizes) >= 1:
            return
        if isinstance(actions, Continuous) and actions.low and len(actions.low) == len(actions.high):
            return
        raise self.problem(
            "says with 'actions' what can be done: a whole number, or Discrete or Continuous",
            found=repr(actions)[:60],
        )

    def held_to_form(self, environment: Environment) -> Environment:
        """Return the environment with numbers of the right types; refuse what is no form of it."""
        import jax
        import jax.numpy as jnp

        size, actions = environment.observation_size, environment.actions
        key = jax.eval_shape(lambda: jax.random.key(0))
        kind = jnp.result_type(float) if isinstance(actions, Continuous) else jnp.int32
        action = jax.ShapeDtypeStruct(() if actions.scalar else (actions.slots,), kind)

        def shapes(name: str, function: Any, *arguments: Any) -> Any:
            def call(*given: Any) -> Any:
                return jax.tree.map(jnp.asarray, function(*given))

            return self.run(f"fails in '{name}'", lambda: jax.eval_shape(call, *arguments))

        begun = shapes("reset", environment.reset, key)
        if not isinstance(begun, tuple) or len(begun) != 2:
            raise self.problem("must return (observation, state) from 'reset'")
        after = shapes("step", environment.step, key, begun[1], action)
        if not isinstance(after, tuple) or len(after) != 5:
            raise self.problem("must return (observation, state, reward, terminated, truncated) from 'step'")
        for name, shown in (("reset", begun[0]), ("step", after[0])):
            if getattr(shown, "shape", None) != (size,):
                found = getattr(shown, "shape", type(shown).__name__)
                raise self.problem(
                    f"names {size} entries of its observation, and '{name}' returns one of another shape",
                    found=str(found),
                )
        for name, value in zip(("reward", "terminated", "truncated"), after[2:], strict=True):
            if getattr(value, "shape", None) != ():
                found = str(getattr(value, "shape", type(value).__name__))
                raise self.problem(f"must return one number as '{name}' from 'step'", found=found)
        for name, value in zip(("terminated", "truncated"), after[3:], strict=True):
            if value.dtype != bool:
                raise self.problem(
                    f"must return true or false as '{name}' from 'step'", found=str(value.dtype)
                )
        self._refuse_changing_state(begun[1], after[1])
        return replace(environment, **_typed(environment))

    def _refuse_changing_state(self, before: Any, after: Any) -> None:
        import jax

        if jax.tree.structure(before) != jax.tree.structure(after):
            raise self.problem(
                "returns a state of another form from 'step' than from 'reset'",
                found=f"{jax.tree.structure(after)} and not {jax.tree.structure(before)}"[:200],
            )
        leaves = zip(jax.tree.leaves_with_path(before), jax.tree.leaves(after), strict=True)
        for (path, one), other in leaves:
            settled = one.weak_type and one.dtype.kind == other.dtype.kind
            if one.shape != other.shape or (one.dtype != other.dtype and not settled):
                raise self.problem(
                    f"changes the shape or type of its state{jax.tree_util.keystr(path)} in 'step'",
                    found=f"{other.dtype}{list(other.shape)} and not {one.dtype}{list(one.shape)}",
                )


def _typed(environment: Environment) -> dict[str, Any]:
    """Return ``reset`` and ``step`` whose numbers have the types that loops and backends count on."""
    import jax
    import jax.numpy as jnp

    def real(value: Any) -> Any:
        return jnp.asarray(value).astype(jnp.result_type(float))

    def like(value: Any, example: Any) -> Any:
        return jax.lax.convert_element_type(value, jnp.asarray(example).dtype)  # drops weak types too

    def reset(key: Any) -> Any:
        observation, state = environment.reset(key)
        return real(observation), jax.tree.map(lambda leaf: like(leaf, leaf), state)

    def step(key: Any, state: Any, action: Any) -> Any:
        observation, after, reward, terminated, truncated = environment.step(key, state, action)
        after = jax.tree.map(like, after, state)
        return real(observation), after, real(reward), jnp.asarray(terminated), jnp.asarray(truncated)

    return {"reset": reset, "step": step}
