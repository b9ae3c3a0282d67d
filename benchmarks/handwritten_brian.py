"""Hand-written Brian2 script of the CartPole network: what the generated Brian2 backend is timed against.

The same circuit and the same tick as ``handwritten_jax.py``, as a user who knows Brian2 well would write it:
groups for senses, cortex and striatum, synapses with differential equations for the local Jacobian traces
(RFLO, Murray 2019), summed inputs, one ``run_regularly`` per learned projection, two network operations on
the control clock: before the integration step (environment) and after it (policy, value, dopamine).

With k = 1 each tick is one integration step. With k > 1 the integration has a clock of its own, k times as fast, and
what happens once a decision is on the control clock: its tick falls on the first step of an interval, so readout,
dopamine and learning of the interval that ended come first in it, and the environment after them.

It shares no code with the package. Time constants are in units of the decision interval.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

import brian2 as b2
import gymnax
import jax
import jax.numpy as jnp
import numpy as np

OBSERVED, ACTIONS, NEURONS = (0, 2), 2, 32
DISCOUNT, TRACE_DECAY, ENTROPY_RATE = 0.99, 0.99, 1e-5
INTERVAL = 20 * b2.ms

CORTEX = """
dh/dt = (phi - h) / (tau * interval)               : 1
djacobian_bias/dt = (slope - jacobian_bias) / (tau * interval)   : 1
djacobian_tau/dt = ((h - phi) / tau - jacobian_tau) / (tau * interval) : 1
phi   : 1   # kept, so that no synapse computes the hyperbolic tangent of its target again
slope : 1
senses_drive    : 1
recurrent_drive : 1
back            : 1   # what the random feedback brings: value and score of the action
back_entropy    : 1
tau   : 1
m_tau : 1
v_tau : 1
e_tau : 1
bias   : 1
m_bias : 1
v_bias : 1
e_bias : 1
td_error   : 1 (shared)
learning   : 1 (shared)   # 0 on the first tick of an episode, else 1
keep       : 1 (shared)   # discount times trace decay; 0 on a first tick
step       : 1 (shared)   # learning rate with Adam's correction of the momentum
correction : 1 (shared)   # Adam's correction of the square
"""

STRIATUM = """
drive         : 1
error         : 1   # actor: onehot(a) - policy; critic: 1 (the gradient of the value)
entropy_error : 1   # actor: gradient of the entropy; critic: 0
"""

LEARNED = """
w : 1
m : 1
v : 1
eligibility : 1
{target}_post = w * h_pre : 1 (summed)
"""

JACOBIAN = "djacobian/dt = (slope_post * h_pre - jacobian) / (tau_post * interval) : 1 (clock-driven)"

FIRING = """
phi = tanh(senses_drive + recurrent_drive + bias)
slope = 1 - phi * phi
"""

CORTICAL_LEARNING = """
change = td_error_post * eligibility + jacobian * back_entropy_post
m = m + learning_post * 0.1 * (change - m)
v = v + learning_post * 0.001 * (change * change - v)
w = w + step_post * m / (sqrt(v * correction_post) + 1e-8)
eligibility = keep_post * eligibility + jacobian * back_post
"""

STRIATAL_LEARNING = """
change = td_error_pre * eligibility + h_pre * entropy_error_post
m = m + learning_pre * 0.1 * (change - m)
v = v + learning_pre * 0.001 * (change * change - v)
w = w + step_pre * m / (sqrt(v * correction_pre) + 1e-8)
eligibility = keep_pre * eligibility + h_pre * error_post
"""

INTRINSIC_LEARNING = """
change_bias = td_error * e_bias + jacobian_bias * back_entropy
m_bias = m_bias + learning * 0.1 * (change_bias - m_bias)
v_bias = v_bias + learning * 0.001 * (change_bias * change_bias - v_bias)
bias = bias + step * m_bias / (sqrt(v_bias * correction) + 1e-8)
e_bias = keep * e_bias + jacobian_bias * back
change_tau = td_error * e_tau + jacobian_tau * back_entropy
m_tau = m_tau + learning * 0.1 * (change_tau - m_tau)
v_tau = v_tau + learning * 0.001 * (change_tau * change_tau - v_tau)
tau = clip(tau + step * m_tau / (sqrt(v_tau * correction) + 1e-8), 1, inf)
e_tau = keep * e_tau + jacobian_tau * back
"""


def environment_step():
    """Return a jitted ``step(carry, action) -> (carry, answer)`` that resets when due, and a first carry."""
    # a step is too short to be worth handing to another thread; has no effect once JAX has run something
    jax.config.update("jax_cpu_enable_async_dispatch", False)
    environment, parameters = gymnax.make("CartPole-v1")

    @jax.jit
    def step(carry, action):
        key, state, first = carry
        key, reset_key = jax.random.split(key)
        reset_observation, reset_state = environment.reset_env(reset_key, parameters)
        observation, state, reward, terminated, _ = environment.step_env(key, state, action, parameters)
        ended = ~first & (terminated | environment.is_truncated(state, parameters))
        observation = jnp.where(first, reset_observation, observation)
        state = jax.tree.map(lambda new, old: jnp.where(first, new, old), reset_state, state)
        positions = observation[jnp.array(OBSERVED)]
        answer = jnp.concatenate([positions, jnp.stack([reward, terminated, ended]).astype(positions.dtype)])
        return (key, state, ended), answer

    key = jax.random.key(0)
    _, state = environment.reset_env(key, parameters)
    state = jax.tree.map(jnp.asarray, state)
    return step, (key, state, jnp.asarray(True))


@dataclass
class Progress:
    """When each tick began, in seconds of the wall clock, and how many ticks each finished episode had."""

    ticks: list[float]
    episodes: list[int]


def view(group: b2.NeuronGroup | b2.Synapses, variable: str) -> np.ndarray:
    """Return the array behind a state variable, without the cost of Brian2's indexing on every access."""
    return group.variables[variable].get_value()


def build(learning_rate: float = 1e-3, seed: int = 0, k: int = 1) -> tuple[b2.Network, Progress]:
    """Return the network, ready to run, and the record that fills while it runs; k steps make a decision."""
    random = np.random.default_rng(seed)
    clock = b2.Clock(dt=INTERVAL / k)
    control_clock = clock if k == 1 else b2.Clock(dt=INTERVAL)
    late = "end" if k == 1 else "before_start"
    common = {"clock": clock, "namespace": {"interval": INTERVAL}}

    # Order within a tick ("groups"): drives 1, firing 2, Jacobian traces 3, cortex 4, striatal drive 5.
    # The traces need the membrane as it was, so they come before the cortex itself.
    senses = b2.NeuronGroup(len(OBSERVED) + ACTIONS + 1, "h : 1", name="senses", **common)
    cortex = b2.NeuronGroup(NEURONS, CORTEX, method="euler", order=2, name="cortex", **common)
    cortex.state_updater.order = 4
    cortex.run_regularly(FIRING, clock=clock, when="groups", order=2)
    cortex.run_regularly(INTRINSIC_LEARNING, clock=control_clock, when=late, order=1)
    cortex.tau = random.uniform(1, 5, NEURONS)
    seldom = {**common, "clock": control_clock}
    striatum = b2.NeuronGroup(ACTIONS + 1, STRIATUM, order=6, name="striatum", **seldom)

    def afferent(source: b2.NeuronGroup, target: str) -> b2.Synapses:
        equations = LEARNED.format(target=target) + JACOBIAN
        synapses = b2.Synapses(
            source, cortex, equations, method="euler", order=3, name=f"{target}_synapses", **common
        )
        synapses.connect()
        synapses.w = random.normal(0, 1 / math.sqrt(len(source)), len(synapses))
        synapses.run_regularly(CORTICAL_LEARNING, clock=control_clock, when=late, order=1)
        return synapses

    sensory, recurrent = afferent(senses, "senses_drive"), afferent(cortex, "recurrent_drive")
    readout = b2.Synapses(cortex, striatum, LEARNED.format(target="drive"), name="readout", **seldom)
    if k > 1:
        readout.summed_updaters["drive_post"].when, readout.summed_updaters["drive_post"].order = late, -1
    readout.connect()
    readout.w = random.normal(0, math.sqrt(2 / (NEURONS + ACTIONS)), len(readout))
    readout.run_regularly(STRIATAL_LEARNING, clock=control_clock, when=late, order=1)
    feedback = random.normal(0, math.sqrt(2 / (NEURONS + ACTIONS)), (NEURONS, ACTIONS + 1))

    step_environment, carry = environment_step()
    progress = Progress([], [])
    sense, membrane, drive = view(senses, "h"), view(cortex, "h"), view(striatum, "drive")
    error, entropy_error = view(striatum, "error"), view(striatum, "entropy_error")
    back, back_entropy = view(cortex, "back"), view(cortex, "back_entropy")
    td_error, learning, keep = view(cortex, "td_error"), view(cortex, "learning"), view(cortex, "keep")
    step, correction = view(cortex, "step"), view(cortex, "correction")
    forgotten = [
        membrane,
        view(cortex, "jacobian_bias"),
        view(cortex, "jacobian_tau"),
        view(sensory, "jacobian"),
        view(recurrent, "jacobian"),
    ]
    error[ACTIONS] = 1
    one_hot = np.eye(ACTIONS)
    action, first, ended, terminated = 0, True, False, False
    reward = previous_value = 0.0
    updates = age = 0

    @b2.network_operation(clock=control_clock, when="start")
    def environment() -> None:
        nonlocal carry, first, ended, terminated, reward, age
        progress.ticks.append(time.perf_counter())
        first = ended or len(progress.ticks) == 1
        carry, answer = step_environment(carry, action)
        x, theta, reward, terminated, ended = np.asarray(answer).tolist()
        age += 1
        if first:
            reward = 0.0
            sense[:] = [x, theta, 0, 0, 0]
            for state in forgotten:
                state[:] = 0
        else:
            sense[:] = [x, theta, *one_hot[action], reward]

    @b2.network_operation(clock=control_clock, when=late)
    def control() -> None:
        nonlocal action, previous_value, updates, age
        logits, value = drive[:ACTIONS], drive[ACTIONS]
        log_policy = logits - logits.max()
        log_policy -= math.log(np.exp(log_policy).sum())
        policy = np.exp(log_policy)
        action = int(random.random() >= policy[0])
        error[:ACTIONS] = one_hot[action] - policy
        entropy_error[:ACTIONS] = -ENTROPY_RATE * policy * (log_policy - policy @ log_policy)
        back[:] = feedback @ error
        back_entropy[:] = feedback @ entropy_error
        if first:
            td_error[0] = learning[0] = keep[0] = step[0] = 0
            correction[0] = 1
        else:
            updates += 1
            td_error[0] = reward + DISCOUNT * (1 - terminated) * value - previous_value
            learning[0], keep[0] = 1, DISCOUNT * TRACE_DECAY
            step[0] = learning_rate / (1 - 0.9**updates)
            correction[0] = 1 / (1 - 0.999**updates)
        previous_value = value
        if ended:
            progress.episodes.append(age - 1)
            age = 0

    network = b2.Network(senses, cortex, striatum, sensory, recurrent, readout, environment, control)
    return network, progress


def measure(decisions: int = 3_000, warm_up: int = 500, seed: int = 0, k: int = 1) -> float:
    """Return decisions per second of one run, after ``warm_up`` decisions; compilation excluded."""
    network, progress = build(seed=seed, k=k)
    network.run((warm_up + decisions) * INTERVAL)
    ticks = progress.ticks[warm_up:]
    return (len(ticks) - 1) / (ticks[-1] - ticks[0])


if __name__ == "__main__":
    print(f"{measure():,.0f} decisions/s")
