"""Dutch and replacing traces learn what the textbook's algorithms learn, step by step."""

from __future__ import annotations

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuro_rtrrl.backends.jax.program import JaxProgram
from neuro_rtrrl.environments.base import Environment
from neuro_rtrrl.environments.spaces import actions_of
from neuro_rtrrl.errors import CircuitError
from neuro_rtrrl.graph import load_circuit

RATE, DISCOUNT, DECISIONS = 0.1, 0.9, 300

CIRCUIT = """
circuit: prediction
format: 1
timing: {dt: 20 ms}
environment: {name: CartPole-v1}
populations:
  sensory: {neuron: input, encodes: [observation]}
  copies: {neuron: input, encodes: [action, reward]}
  dorsal_striatum: {size: actions, neuron: softmax, role: actor}
  ventral_striatum: {size: 1, neuron: linear, role: critic, plasticity: striatal}
neuromodulators:
  dopamine: {source: td_error, critic: ventral_striatum, discount: 0.9}
plasticity:
  striatal: {rule: RULE, learning_rate: 0.1, trace_decay: LAMBDA, modulator: dopamine, optimiser: sgd}
projections:
  to_dorsal: {source: sensory, target: dorsal_striatum, weights: 0}
  to_ventral: {source: sensory, target: ventral_striatum, weights: {uniform: [-1, 1]}, plasticity: striatal}
  copies_to_ventral: {source: copies, target: ventral_striatum, weights: 0.5, plasticity: striatal}
"""


def walk():
    """Five states in a row (Sutton & Barto 2018, Example 6.2): features of 0 and 1, an end on either side."""

    def seen(state):
        return (jnp.arange(5) == state).astype(float)

    def step(key, state, action):
        state = state + 2 * action - 1
        ended = (state < 0) | (state > 4)
        return seen(state), state, (state == 5).astype(float), ended, jnp.zeros((), bool)

    return Environment("walk", tuple("ABCDE"), actions_of(2), lambda key: (seen(2), jnp.int32(2)), step)


def noise():
    """Random features and rewards, of which nothing can be learned; ends now and then, in either way."""

    def step(key, state, action):
        keys = jax.random.split(key, 4)
        ended, cut = (jax.random.bernoulli(keys[i], 0.08) for i in (2, 3))
        return jax.random.normal(keys[0], (3,)), state, jax.random.normal(keys[1]), ended, cut

    return Environment(
        "noise", tuple("ABC"), actions_of(2), lambda key: (jax.random.normal(key, (3,)), jnp.int32(0)), step
    )


def run(tmp_path, environment, rule, trace_decay, kernel):
    file = tmp_path / "circuit.yaml"
    file.write_text(CIRCUIT.replace("RULE", rule).replace("LAMBDA", str(trace_decay)))
    circuit = load_circuit(file)
    assert circuit.environment is not None
    chosen = replace(
        circuit.environment, name=environment.name, observe=(), observation=environment.observation
    )
    sensory = replace(circuit.populations["sensory"], size=environment.observation_size)
    circuit = circuit.replace(environment=chosen, populations={**circuit.populations, "sensory": sensory})
    keys = ("sensory.r", "copies.r", "to_ventral.w", "copies_to_ventral.w", "ventral_striatum.bias")
    chunk = JaxProgram(circuit, environment, (0,), "float64", keys, kernel=kernel).advance(DECISIONS)
    seen = {key: np.asarray(chunk.records[key][0]) for key in keys}
    features = np.hstack([seen["sensory.r"], seen["copies.r"], np.ones((DECISIONS, 1))])
    weights = np.hstack(
        [seen["to_ventral.w"][:, 0], seen["copies_to_ventral.w"][:, 0], seen["ventral_striatum.bias"]]
    )
    return chunk, features, weights


def true_online(x, x_next, reward, w, e, old, trace_decay):
    """One step of the box in Sutton & Barto 2018, section 12.5; return w, e and V_old."""
    v, v_next = w @ x, w @ x_next
    delta = reward + DISCOUNT * v_next - v
    e = DISCOUNT * trace_decay * e + (1 - RATE * DISCOUNT * trace_decay * (e @ x)) * x
    return w + RATE * (delta + v - old) * e - RATE * (v - old) * x, e, v_next


def replacing(x, x_next, reward, w, e, old, trace_decay):
    """One step with replacing traces of binary features (Sutton & Barto 2018, exercise 12.6), V(S) as it was seen."""
    e = np.where(x == 1, 1.0, DISCOUNT * trace_decay * e)
    v_next = w @ x_next
    return w + RATE * (reward + DISCOUNT * v_next - old) * e, e, v_next


def assert_learns(run, step, trace_decay, exactly):
    chunk, features, weights = run
    first, ended = chunk.first[0], chunk.terminated[0]
    assert first.sum() > 5
    w = weights[0]
    e = np.zeros(features.shape[1])
    old = 0.0
    for t in range(DECISIONS):
        if first[t]:
            e, old = np.zeros_like(e), w @ features[t]
        else:
            following = np.zeros_like(e) if ended[t] else features[t]
            w, e, old = step(features[t - 1], following, chunk.reward[0, t], w, e, old, trace_decay)
        np.testing.assert_allclose(weights[t], w, rtol=0, atol=exactly, err_msg=f"decision {t}")
    assert np.abs(weights[-1] - weights[0]).max() > 0.05


@pytest.mark.parametrize(
    ("kernel", "trace_decay"), [("native", 0.8), ("native", 1.0), ("xla", 0.0), ("xla", 0.8)]
)
@pytest.mark.parametrize("environment", [walk, noise])
def test_a_critic_with_dutch_traces_is_true_online_td_lambda(tmp_path, environment, kernel, trace_decay):
    found = run(tmp_path, environment(), "td_lambda_dutch", trace_decay, kernel)
    assert_learns(found, true_online, trace_decay, 1e-9)


def test_it_is_not_if_the_correction_or_the_bias_is_left_out(tmp_path):
    found = run(tmp_path, noise(), "td_lambda_dutch", 0.8, "native")

    def uncorrected(x, x_next, reward, w, e, old, trace_decay):
        return replacing_nothing(x, x_next, reward, w, e, old, trace_decay, x)

    def without_bias(x, x_next, reward, w, e, old, trace_decay):
        inner = np.append(x[:-1], 0.0)
        v, v_next = w @ x, w @ x_next
        delta = reward + DISCOUNT * v_next - v
        e = DISCOUNT * trace_decay * e + (1 - RATE * DISCOUNT * trace_decay * (e @ inner)) * x
        return w + RATE * (delta + v - old) * e - RATE * (v - old) * x, e, v_next

    def replacing_nothing(x, x_next, reward, w, e, old, trace_decay, inner):
        e = DISCOUNT * trace_decay * e + (1 - RATE * DISCOUNT * trace_decay * (e @ inner)) * x
        v_next = w @ x_next
        return w + RATE * (reward + DISCOUNT * v_next - old) * e, e, v_next

    for mistake in (uncorrected, without_bias):
        with pytest.raises(AssertionError, match="decision"):
            assert_learns(found, mistake, 0.8, 1e-6)


@pytest.mark.parametrize(("kernel", "trace_decay"), [("native", 0.8), ("xla", 0.8), ("xla", 0.0)])
def test_replacing_traces_of_binary_features_are_those_of_the_textbook(tmp_path, kernel, trace_decay):
    chunk, features, weights = run(tmp_path, walk(), "td_lambda_replacing", trace_decay, kernel)
    assert set(np.unique(features)) == {0.0, 1.0}
    assert_learns((chunk, features, weights), replacing, trace_decay, 1e-9)


# --- where a rule about predictions is out of place ------------------------------------------------------------------


def refused(*settings):
    with pytest.raises(CircuitError) as caught:
        load_circuit("circuits/bg.yaml", settings)
    return str(caught.value)


def test_true_online_td_lambda_is_refused_to_an_actor():
    message = refused(
        "plasticity.corticostriatal.rule=td_lambda_dutch", "plasticity.corticostriatal.optimiser=sgd"
    )
    assert "'dorsal_striatum' has that of actor" in message


def test_true_online_td_lambda_is_refused_to_a_part_of_what_a_critic_learns():
    critical = (
        "{rule: td_lambda_dutch, trace_decay: 0.9, learning_rate: 0.01, optimiser: sgd, modulator: dopamine}"
    )
    message = refused(
        f"plasticity.critical={critical}",
        "projections.cortex_to_ventral.plasticity=critical",
        "populations.ventral_striatum.plasticity=corticostriatal",
    )
    assert "follows another group: corticostriatal" in message
