"""The JAX backend against what needs no algorithm: closed forms, autodiff, the textbook."""

from __future__ import annotations

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuro_rtrrl.backends.jax.network import Network
from neuro_rtrrl.backends.jax.program import JaxProgram
from neuro_rtrrl.environments.base import Environment
from neuro_rtrrl.graph import initial_values
from neuro_rtrrl.lowering import hoist, lower
from tests.oracle.from_circuit import CARTPOLE, SYMMETRIC, joined, load_small, masks_of, run_program
from tests.oracle.textbook import rflo_trace, td_lambda

STILL = tuple(
    f"plasticity.{group}.{line}"
    for group in ("cortical", "corticostriatal")
    for line in ("optimiser=sgd", "learning_rate=0")
)
SPARSE = (
    "projections.sensory_to_cortex.connectivity={probability: 0.7}",
    "projections.cortex_recurrent.connectivity={probability: 0.4}",
    "projections.cortex_to_dorsal.connectivity={probability: 0.6}",
)
NO_SELF = ("projections.cortex_recurrent.connectivity={no_self: true}",)
NCP = ("populations.cortex.wiring=ncp",)
WIRINGS = {"dense": (), "sparse": SPARSE, "no self": NO_SELF}
TRACES = {"sensory_to_cortex": "W_in", "cortex_recurrent": "W_rec"}


def still_run(*overrides, decisions=9):
    """Run without learning within one episode; return circuit, initial values and what was recorded."""
    circuit = load_small(*CARTPOLE, *STILL, *overrides)
    keys = ("sensory.r", "cortex.h", *(f"{owner}.j" for owner in (*TRACES, "cortex.bias", "cortex.tau")))
    _, chunk = run_program(circuit, decisions, (5,), record=keys)
    assert not chunk.first[0, 1:].any()
    return circuit, initial_values(circuit, 5), {key: values[0] for key, values in chunk.records.items()}


@pytest.mark.parametrize(
    "overrides",
    [*WIRINGS.values(), NCP, ("timing.dt=5 ms", *SPARSE), ("timing.dt=5 ms", *NCP)],
    ids=[*WIRINGS, "ncp", "k = 4, sparse", "k = 4, ncp"],
)
def test_rflo_traces_equal_their_closed_form(overrides):
    circuit, start, run = still_run(*overrides)
    steps, rate = circuit.timing.steps, circuit.timing.dt / start["cortex.tau"]
    h, slopes, states, inputs = np.zeros(6), [], [], []
    for x in np.repeat(run["sensory.r"], steps, axis=0):
        phi = np.tanh(
            start["sensory_to_cortex.w"] @ x + start["cortex_recurrent.w"] @ h + start["cortex.bias"]
        )
        slopes.append(1 - phi**2)
        states.append(h)
        inputs.append(x)
        h = h + rate * (phi - h)
    np.testing.assert_allclose(run["cortex.h"][-1], h, rtol=1e-12)
    pres = {"sensory_to_cortex": np.array(inputs), "cortex_recurrent": np.array(states)}
    masks = masks_of(circuit)
    for owner, short in TRACES.items():
        expected = rflo_trace(np.array(slopes), pres[owner], rate)
        where = masks.get(short, ...)
        np.testing.assert_allclose(run[f"{owner}.j"][-1][where], expected[where], rtol=1e-10, atol=1e-15)
        assert np.abs(expected).max() > 0.01
    ones = np.ones((len(slopes), 1))
    np.testing.assert_allclose(
        run["cortex.bias.j"][-1], rflo_trace(np.array(slopes), ones, rate)[:, 0], rtol=1e-10
    )


@pytest.mark.parametrize("dt", ["20 ms", "5 ms"])
def test_without_recurrence_traces_are_the_exact_derivative_through_the_unrolled_network(dt):
    """RFLO drops only what goes round through W_rec; with none it is exact RTRL, that of tau / T included."""
    circuit, start, run = still_run(f"timing.dt={dt}", "projections.cortex_recurrent.weights=0")
    interval, steps = circuit.timing.decision_interval, circuit.timing.steps

    def unrolled(weights, bias, tau_in_intervals):
        h = jnp.zeros(6)
        for x in np.repeat(run["sensory.r"], steps, axis=0):
            h = h + (jnp.tanh(weights @ x + bias) - h) / (steps * tau_in_intervals)
        return h

    with jax.enable_x64(True):
        arguments = (start["sensory_to_cortex.w"], start["cortex.bias"], start["cortex.tau"] / interval)
        exact = jax.jacfwd(unrolled, argnums=(0, 1, 2))(*(jnp.asarray(a, jnp.float64) for a in arguments))
    for i in range(6):  # neuron i owes nothing to the synapses of others
        for owner, jacobian in zip(("sensory_to_cortex", "cortex.bias", "cortex.tau"), exact, strict=True):
            np.testing.assert_allclose(
                run[f"{owner}.j"][-1][i], np.asarray(jacobian)[i, i], rtol=1e-9, atol=1e-14
            )


@pytest.mark.parametrize("form", [lower, lambda circuit: hoist(lower(circuit))], ids=["written", "regrouped"])
@pytest.mark.parametrize("sparse", WIRINGS.values(), ids=WIRINGS)
def test_one_step_gradients_with_symmetric_feedback_equal_autodiff(form, sparse):
    """From a state h, without old traces, e is the gradient of v + log pi, and the entropy step that of H."""
    biases = [
        f"populations.{name}.{line}"
        for name in ("dorsal_striatum", "ventral_striatum")
        for line in ("plasticity=corticostriatal", "learns=[bias]")
    ]
    rate = [f"plasticity.{group}.{line}" for group in ("cortical", "corticostriatal")
            for line in ("optimiser=sgd", "learning_rate=0.1", "entropy_rate=0.5")]  # fmt: skip
    circuit = load_small(*CARTPOLE, *SYMMETRIC, *sparse, *biases, *rate)
    draw, interval = np.random.default_rng(1), circuit.timing.decision_interval
    with jax.enable_x64(True):
        network = Network(form(circuit), "float64")
        start = initial_values(circuit, 2) | {"cortex.bias": draw.normal(size=6) / 2}
        start |= {
            "cortex.tau": draw.uniform(1.3, 5, 6) * interval,
            "dorsal_striatum.bias": draw.normal(size=2),
        }
        carry, fixed = network.initial(start)
        values = {**network.setup(fixed), **carry}
        values = {key: jnp.asarray(value, jnp.float64) for key, value in values.items()}
        h, x = draw.normal(size=6), draw.normal(size=5)
        values |= {key: jnp.asarray(h) for key in ("cortex.h", "cortex.r") if key in values}
        values |= {"sensory.r": jnp.asarray(x), "reward": jnp.asarray(0.3), "terminated": jnp.asarray(0.0)}
        network.integrate(values, {}, lambda shown: {})
        network.draw(values, jnp.array([0.7]))  # a number for each slot of an action
        network.decide(values, False)
        action = int(values["action"])
        theta = {key: jnp.asarray(value) for key, value in start.items()}
        exact = {
            goal: jax.grad(read_out)(theta, h, x, action, interval, goal)
            for goal in ("v", "log_pi", "entropy")
        }
    masks, synapses = masks_of(circuit), {**TRACES, "cortex_to_dorsal": "W_A", "cortex_to_ventral": "W_C"}
    for owner in (*synapses, "cortex.bias", "cortex.tau", "dorsal_striatum.bias", "ventral_striatum.bias"):
        key = f"{owner}.w" if owner in synapses else owner
        where = masks.get(synapses.get(owner, ""), ...)
        # tau is learned in units of the interval, and so is its gradient
        unit = interval if owner == "cortex.tau" else 1.0
        gradient = unit * np.asarray(exact["v"][key] + exact["log_pi"][key])[where]
        np.testing.assert_allclose(np.asarray(values[f"{owner}.e"])[where], gradient, rtol=1e-10, atol=1e-13)
        moved = (np.asarray(values[key]) - start[key])[where]
        np.testing.assert_allclose(
            moved, 0.05 * unit**2 * np.asarray(exact["entropy"][key])[where], rtol=1e-8, atol=1e-13
        )
        assert np.abs(gradient).max() > 1e-3


def read_out(theta, h, x, action, interval, goal):
    """One Euler step of the whole network from a constant ``h``, written without the package."""
    drive = theta["sensory_to_cortex.w"] @ x + theta["cortex_recurrent.w"] @ h + theta["cortex.bias"]
    h = h + interval / theta["cortex.tau"] * (jnp.tanh(drive) - h)
    log_pi = jax.nn.log_softmax(theta["cortex_to_dorsal.w"] @ h + theta["dorsal_striatum.bias"])
    v = (theta["cortex_to_ventral.w"] @ h + theta["ventral_striatum.bias"])[0]
    return {"v": v, "log_pi": log_pi[action], "entropy": -jnp.sum(jnp.exp(log_pi) * log_pi)}[goal]


def random_walk():
    """Five states in a row, from the middle; the right end brings 1 (Sutton & Barto 2018, Example 6.2)."""

    def seen(state):
        return (jnp.arange(5) == state).astype(float)

    def step(key, state, action):
        state = state + 2 * action - 1
        ended = (state < 0) | (state > 4)
        return seen(state), state, (state == 5).astype(float), ended, jnp.zeros((), bool)

    def reset(key):
        return seen(2), jnp.int32(2)

    return Environment("random-walk", tuple("ABCDE"), 2, reset, step)


WALK = """
circuit: random_walk
format: 1
timing: {dt: 20 ms}
environment: {name: CartPole-v1}
populations:
  sensory: {neuron: input, encodes: [observation]}
  dorsal_striatum: {size: actions, neuron: softmax, role: actor}
  ventral_striatum: {size: 1, neuron: linear, role: critic}
neuromodulators:
  dopamine: {source: td_error, critic: ventral_striatum, discount: 0.9}
plasticity:
  striatal:
    {rule: td_lambda, learning_rate: 0.1, trace_decay: TRACE_DECAY, modulator: dopamine, optimiser: sgd}
projections:
  to_dorsal: {source: sensory, target: dorsal_striatum, weights: 0}
  to_ventral: {source: sensory, target: ventral_striatum, weights: 0.5, plasticity: striatal}
"""


@pytest.mark.parametrize("trace_decay", [0.0, 0.8])
def test_td_lambda_on_the_random_walk_equals_the_textbook_recursion(tmp_path, trace_decay):
    from neuro_rtrrl.graph import load_circuit

    file = tmp_path / "walk.yaml"
    file.write_text(WALK.replace("TRACE_DECAY", str(trace_decay)))
    circuit = load_circuit(file)
    walk = random_walk()
    assert circuit.environment is not None
    seeing_states = replace(circuit.environment, name=walk.name, observe=(), observation=walk.observation)
    sensory = replace(circuit.populations["sensory"], size=5)
    circuit = circuit.replace(
        environment=seeing_states, populations={**circuit.populations, "sensory": sensory}
    )

    program = JaxProgram(circuit, walk, (0,), "float64", ("sensory.r", "to_ventral.w"))
    chunks: list = []
    program.run(300, chunks.append)
    chunk = joined(chunks)
    episodes: list[tuple[list, list]] = []
    learned = []
    for t in range(300):
        state = chunk.records["sensory.r"][0, t]
        if chunk.first[0, t]:
            episodes.append(([int(np.argmax(state))], []))
            continue
        episodes[-1][1].append(chunk.reward[0, t])
        learned.append(chunk.records["to_ventral.w"][0, t, 0])
        if not chunk.terminated[0, t]:
            episodes[-1][0].append(int(np.argmax(state)))
    if len(episodes[-1][0]) > len(episodes[-1][1]):
        episodes.pop()  # cut off by the end of the run
    expected = td_lambda(episodes, np.full(5, 0.5), 0.1, trace_decay, 0.9, previous_value="kept")
    assert len(episodes) > 10
    assert {rewards[-1] for _, rewards in episodes} == {0.0, 1.0}
    np.testing.assert_allclose(learned[: len(expected)], expected, rtol=1e-11)
