"""Textbook results that the package and the oracle of Algorithm 1 are compared with.

TD(lambda) on the random walk (Sutton & Barto 2018, Examples 6.2 and 12.1), the closed form of an RFLO trace
(Murray 2019), and the gradients of one CT-RNN step by automatic differentiation.
"""

from __future__ import annotations

from contextlib import contextmanager

import numpy as np

RANDOM_WALK_VALUES = np.arange(1, 6) / 6  # true values of the five states, discount 1


def random_walk(generator, states=5):
    """Return one episode from the middle: visited states, and the reward after each (1 off the right end)."""
    state, visited, rewards = states // 2, [], []
    while 0 <= state < states:
        visited.append(state)
        state += 1 if generator.random() < 0.5 else -1
        rewards.append(float(state == states))
    return visited, rewards


def td_lambda(episodes, values, learning_rate, trace_decay, discount=1.0, previous_value="recomputed"):
    """Evaluate a policy by online tabular TD(lambda) with accumulating traces (Sutton & Barto 2018, 12.2).

    Parameters
    ----------
    episodes : list of (states, rewards)
        ``rewards[t]`` follows ``states[t]``; the episode terminates after the last.
    values : array (states,)
        Initial estimates; not changed.
    previous_value : {"recomputed", "kept"}
        V(S) inside delta. The book evaluates it with the newest weights. A machine that makes one pass
        through its network per tick keeps the number it computed when it was in S, as ours does. The two are
        the same for ``trace_decay`` 0 (where no state follows itself) and part at second order in
        ``learning_rate`` otherwise.

    Returns
    -------
    array (transitions, states)
        The estimates after every transition.
    """
    values = np.array(values, dtype=float)
    history = []
    for states, rewards in episodes:
        trace = np.zeros_like(values)
        kept = values[states[0]]
        for t, (state, reward) in enumerate(zip(states, rewards, strict=True)):
            trace *= discount * trace_decay
            trace[state] += 1
            following = values[states[t + 1]] if t + 1 < len(states) else 0.0
            before = values[state] if previous_value == "recomputed" else kept
            values = values + learning_rate * (reward + discount * following - before) * trace
            kept = following
            history.append(values)
    return np.array(history)


def rflo_trace(slopes, pres, rate):
    """Return J_ij(t) = sum over s <= t of rate_i (1 - rate_i)^(t - s) phi'_i(s) pre_j(s), term by term.

    Parameters
    ----------
    slopes : array (t, n)
        phi'(W xi) at every step.
    pres : array (t, m)
        What the synapses receive at every step, before it.
    rate : array (n,)
        dt / tau.
    """
    last = len(slopes) - 1
    trace = np.zeros((slopes.shape[1], pres.shape[1]))
    for i in range(trace.shape[0]):
        for j in range(trace.shape[1]):
            for s in range(last + 1):
                trace[i, j] += rate[i] * (1 - rate[i]) ** (last - s) * slopes[s, i] * pres[s, j]
    return trace


@contextmanager
def double_precision():
    """Let jax use float64 inside."""
    import jax

    if hasattr(jax, "enable_x64"):
        context = jax.enable_x64(True)
    else:
        from jax.experimental import enable_x64

        context = enable_x64()
    with context:
        yield


def one_step_gradients(parameters, h_old, x, action, decision_interval=1.0):
    """Differentiate log pi(action), v and the entropy after one Euler step (k = 1) from a constant ``h_old``.

    Parameters
    ----------
    parameters : dict of array
        ``W_in, W_rec, bias, tau, W_A, W_C`` as in ``algorithm_1``.
    h_old, x : array (n,), (inputs,)
        The state before the step, held constant, and the input during it.

    Returns
    -------
    dict of dict of array
        ``log_pi``, ``v`` and ``entropy``, each by parameter name; that of ``tau`` is by tau / T.
    """
    import jax
    import jax.numpy as jnp

    with double_precision():
        theta = {name: jnp.asarray(values, jnp.float64) for name, values in parameters.items()}
        theta["tau"] = theta["tau"] / decision_interval
        h_old, x = jnp.asarray(h_old, jnp.float64), jnp.asarray(x, jnp.float64)

        def read_out(theta):
            phi = jnp.tanh(theta["W_in"] @ x + theta["W_rec"] @ h_old + theta["bias"])
            h = h_old + (phi - h_old) / theta["tau"]
            log_pi = jax.nn.log_softmax(theta["W_A"] @ h)
            return log_pi, (theta["W_C"] @ h)[0]

        goals = {
            "log_pi": lambda theta: read_out(theta)[0][action],
            "v": lambda theta: read_out(theta)[1],
            "entropy": lambda theta: -jnp.sum(jnp.exp(read_out(theta)[0]) * read_out(theta)[0]),
        }
        return {
            goal: {name: np.asarray(values) for name, values in jax.grad(function)(theta).items()}
            for goal, function in goals.items()
        }
