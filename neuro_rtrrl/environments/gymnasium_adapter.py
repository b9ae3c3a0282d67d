"""Any environment of gymnasium, run by Python on the host: one call from the compiled loop to it every decision.

The functions stay pure: an episode is named by words drawn from its key, which also seed it, and the state carries that
name and the time. The host keeps an instance for each episode that is under way; a step that it has just made it only
tells again. So it does not matter how often, in which order or on which thread the loop asks.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from neuro_rtrrl.environments.base import Environment, stretched
from neuro_rtrrl.environments.gymnasium_host import Host
from neuro_rtrrl.environments.gymnasium_spaces import actions_in, entries_of, taken
from neuro_rtrrl.environments.spaces import Continuous
from neuro_rtrrl.errors import CircuitError, Problem

__all__ = ["PREFIX", "episode_words", "make_gymnasium", "seed_of"]

PREFIX = "gymnasium/"
_LOG = logging.getLogger("neuro_rtrrl")


def make_gymnasium(name: str, parameters: Mapping[str, Any] | None = None) -> Environment:
    """Return gymnasium's environment ``name`` as an :class:`Environment`; slow, and says so on the log.

    Parameters
    ----------
    name : str
        ``gymnasium/`` and the identifier, such as ``gymnasium/CartPole-v1``.
    parameters : mapping, optional
        Keywords of ``gymnasium.make``, such as ``max_episode_steps``.

    Raises
    ------
    CircuitError
        If gymnasium is not installed, cannot make it, or its spaces are none that a circuit has.
    """
    identifier = name.removeprefix(PREFIX)
    host = Host(_factory(name, identifier, dict(parameters or {})))
    try:
        observation = entries_of(host.observation_space, identifier)
        actions = actions_in(host.action_space)
    except ValueError as error:
        raise CircuitError(Problem(f"{name} {error}", where="environment.name", found=identifier)) from None
    _say_that_it_is_slow(name)
    return Environment(name, observation, actions, *_functions(host, len(observation), actions), on_host=True)


@cache
def _say_that_it_is_slow(name: str) -> None:
    _LOG.warning(
        "%s runs in Python: a call and a reset for every decision, a few thousand a second at best", name
    )


def _factory(name: str, identifier: str, parameters: dict[str, Any]):
    try:
        import gymnasium
    except ImportError:
        hint = "install it: pip install 'neuro-rtrrl[gymnasium]'"
        raise CircuitError(
            Problem(f"{name} needs the package gymnasium", where="environment.name", hint=hint)
        ) from None

    def problem(error: Exception, where: str) -> CircuitError:
        message = f"gymnasium cannot make {identifier}: {(str(error).splitlines() or [''])[0][:300]}"
        return CircuitError(Problem(message, where=where, found=identifier))

    def make() -> Any:
        try:
            return gymnasium.make(identifier, disable_env_checker=True, **parameters)
        except gymnasium.error.Error as error:
            raise problem(error, "environment.name") from None
        except TypeError as error:
            raise problem(error, "environment.parameters" if parameters else "environment.name") from None
        except Exception as error:
            raise problem(error, "environment.name") from error

    return make


def episode_words(key: Any) -> Any:
    """Return the words that name the episode which a reset with ``key`` begins, (2,) uint32."""
    return jax.random.bits(key, (2,), jnp.uint32)


def seed_of(words: Any) -> int:
    """Return the seed with which gymnasium resets it: the upper 31 bits of the first word."""
    return int(words[0]) >> 1


def _functions(host: Host, size: int, actions: Any):
    """Return ``reset`` and ``step``; what the host is asked and answers is flat, and batched where they are mapped."""

    def reset(key):
        words = episode_words(key)

        def first(words):
            return np.asarray([host.first(seed_of(row)) for row in words])

        observation = _asked(first, size, words)
        return observation, {"episode": words, "time": jnp.int32(0), "ended": jnp.bool_(False)}

    def step(key, state, action):
        if isinstance(actions, Continuous):
            action = stretched(action, actions)
        about = jnp.stack([state["time"].astype(jnp.uint32), state["ended"].astype(jnp.uint32)])
        done, kind = _words(action.reshape(-1)), np.dtype(action.dtype)

        def answered(given):
            rows = []
            for name, (time, ended), words in zip(given[:, :2], given[:, 2:4], given[:, 4:], strict=True):
                act = taken(host.action_space, words.copy().view(kind))
                over = np.zeros(size + 3)  # whoever asks does not look at it
                rows.append(over if ended else host.step(tuple(name.tolist()), seed_of(name), int(time), act))
            return np.asarray(rows)

        told = _asked(answered, size + 3, jnp.concatenate([state["episode"], about, done]))
        terminated, truncated = told[size + 1] > 0, told[size + 2] > 0
        after = {
            "episode": state["episode"],
            "time": state["time"] + 1,
            "ended": state["ended"] | terminated | truncated,
        }
        return told[:size], after, told[size], terminated, truncated

    return reset, step


def _asked(function: Callable[[np.ndarray], np.ndarray], size: int, words: Any) -> Any:
    """Ask the host about ``words`` (w,), and return its ``size`` numbers.

    All travels as 32-bit words, since 64-bit numbers are cut to 32 bits on a thread that does not have them on.
    ``function`` is given (batch, w) words and returns (batch, size) numbers.
    """
    real = jnp.result_type(float)
    width = size * real.itemsize // 4

    def on_the_host(words):
        words = np.asarray(words)
        numbers = function(words.reshape(-1, words.shape[-1])).astype(real)
        return numbers.view(np.uint32).reshape(*words.shape[:-1], width)

    shape = jax.ShapeDtypeStruct((width,), jnp.uint32)
    return _numbers(jax.pure_callback(on_the_host, shape, words, vmap_method="expand_dims"), real)


def _words(numbers: Any) -> Any:
    return jax.lax.bitcast_convert_type(numbers, jnp.uint32).reshape(-1)


def _numbers(words: Any, real: Any) -> Any:
    pairs = words if real.itemsize == 4 else words.reshape(-1, 2)
    return jax.lax.bitcast_convert_type(pairs, real)
