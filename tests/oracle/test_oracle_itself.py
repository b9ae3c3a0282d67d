"""The oracle of Algorithm 1 is itself right: against autodiff, closed forms and the textbook."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from tests.oracle.algorithm_1 import CORTICAL, RTRRL, Rule, rules_of_the_paper
from tests.oracle.textbook import (
    RANDOM_WALK_VALUES,
    one_step_gradients,
    random_walk,
    rflo_trace,
    td_lambda,
)

N, OBSERVATIONS, ACTIONS = 5, 3, 4
INPUTS = OBSERVATIONS + ACTIONS + 1
LEARNED = (*CORTICAL, "W_A", "W_C")


def make_parameters(seed=0, T=1.0):
    draw = np.random.default_rng(seed)
    return {
        "W_in": draw.normal(size=(N, INPUTS)) * 0.5,
        "W_rec": draw.normal(size=(N, N)) * 0.5,
        "bias": draw.normal(size=N) * 0.5,
        "tau": draw.uniform(1.2, 5, size=N) * T,
        "W_A": draw.normal(size=(ACTIONS, N)),
        "W_C": draw.normal(size=(1, N)),
    }


def make_feedback(seed=1):
    draw = np.random.default_rng(seed)
    return {"B_A": draw.normal(size=(N, ACTIONS)), "B_C": draw.normal(size=(N, 1))}


def drive(agent, ticks, seed=2, episode=7):
    """Run with made-up answers; every other episode terminates, the rest are truncated."""
    draw = np.random.default_rng(seed)
    return [
        agent.tick(
            draw.normal(size=OBSERVATIONS),
            draw.normal(),
            terminated=t % (2 * episode) == episode - 1,
            first=t % episode == 0,
            action_uniform=draw.random(),
        )
        for t in range(ticks)
    ]


def one_tick_from_a_state(**options):
    """Return (parameters, h_old, input, variables) of a learning tick from J = e = 0 and a drawn h."""
    T = options.get("decision_interval", 1.0)
    parameters, h_old = make_parameters(T=T), np.random.default_rng(3).normal(size=N)
    observation, reward = np.array([0.3, -1.0, 0.7]), 0.5
    agent = RTRRL(parameters, **{"rules": rules_of_the_paper(), "feedback": "symmetric"} | options)
    agent.h, agent.action = h_old.copy(), 2
    x = np.concatenate([observation, np.eye(ACTIONS)[2], [reward]])
    return parameters, h_old, x, agent.tick(observation, reward, False, False, 0.6)


@pytest.mark.parametrize("T", [1.0, 0.02])
def test_one_step_gradients_with_symmetric_feedback_equal_autodiff(T):
    eta_A = 0.7
    parameters, h_old, x, after = one_tick_from_a_state(decision_interval=T, actor_gain=eta_A)
    exact = one_step_gradients(parameters, h_old, x, int(after["action"]), T)
    for name in CORTICAL:  # the traces started at zero, so they are this tick's gradient
        expected = exact["v"][name] + eta_A * exact["log_pi"][name]
        assert np.abs(expected).max() > 1e-3
        np.testing.assert_allclose(after[f"e.{name}"], expected, rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(after["e.W_A"], exact["log_pi"]["W_A"], rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(after["e.W_C"], exact["v"]["W_C"], rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("T", [1.0, 0.02])
def test_entropy_step_equals_autodiff(T):
    """With empty eligibility traces, plain gradient ascent moves by the entropy gradient alone."""
    rules = {name: Rule(learning_rate=0.1, entropy_rate=0.5, optimiser="sgd") for name in LEARNED}
    parameters, h_old, x, after = one_tick_from_a_state(rules=rules, decision_interval=T)
    exact = one_step_gradients(parameters, h_old, x, int(after["action"]), T)["entropy"]
    for name in LEARNED:
        unit = T if name == "tau" else 1.0  # tau is learned in units of T
        moved = after[name] - parameters[name]
        np.testing.assert_allclose(moved, 0.05 * unit * exact[name], rtol=1e-8, atol=1e-13)
    assert np.abs(exact["W_rec"]).max() > 1e-3


@pytest.mark.parametrize("steps", [1, 4])
def test_rflo_traces_equal_their_closed_form(steps):
    T, parameters = 0.02, make_parameters(T=0.02)
    agent = RTRRL(parameters, {}, **make_feedback(), decision_interval=T, steps=steps)
    draw = np.random.default_rng(4)
    rate = T / steps / parameters["tau"]
    h, slopes, inputs, states, action = np.zeros(N), [], [], [], None
    for t in range(6):
        observation, reward = draw.normal(size=OBSERVATIONS), draw.normal()
        after = agent.tick(observation, reward, False, t == 0, draw.random())
        efference = np.zeros(ACTIONS) if action is None else np.eye(ACTIONS)[action]
        x = np.concatenate([observation, efference, [0.0 if t == 0 else reward]])
        action = int(after["action"])
        for _ in range(steps):
            phi = np.tanh(parameters["W_in"] @ x + parameters["W_rec"] @ h + parameters["bias"])
            slopes.append(1 - phi**2)
            inputs.append(x)
            states.append(h)
            h = (1 - rate) * h + rate * phi
    slopes, ones = np.array(slopes), np.ones((len(slopes), 1))
    np.testing.assert_allclose(after["h"], h, rtol=1e-12)
    np.testing.assert_allclose(after["J.W_rec"], rflo_trace(slopes, np.array(states), rate), rtol=1e-11)
    np.testing.assert_allclose(
        after["J.W_in"], rflo_trace(slopes, np.array(inputs), rate), rtol=1e-11, atol=1e-15
    )
    np.testing.assert_allclose(after["J.bias"], rflo_trace(slopes, ones, rate)[:, 0], rtol=1e-11)


def test_time_constant_trace_equals_the_derivative_without_recurrence():
    """With W_rec = 0 nothing is dropped by RFLO, so J of tau is the exact derivative of h by tau / T."""
    T, steps, nudge = 0.02, 3, 1e-6

    def final(shift):
        parameters = make_parameters(T=T)
        parameters["W_rec"] *= 0
        parameters["tau"] = parameters["tau"] + shift * T
        agent = RTRRL(parameters, {}, **make_feedback(), decision_interval=T, steps=steps)
        return [agent.tick(np.array([1.0, -0.5, 0.2]), 0.3, False, t == 0, 0.0) for t in range(5)][-1]

    slope = (final(nudge)["h"] - final(-nudge)["h"]) / (2 * nudge)
    np.testing.assert_allclose(final(0.0)["J.tau"], slope, rtol=1e-6)


def critic_on_the_random_walk(episodes, learning_rate, trace_decay, discount, start):
    """Drive the agent over the walk with one neuron per state; return the values after every transition."""
    c = np.tanh(1.0)  # h of the neuron whose state is visited: tau = T, so the network has no memory
    nothing = {"W_rec": np.zeros((5, 5)), "bias": np.zeros(5), "tau": np.ones(5), "W_A": np.zeros((1, 5))}
    parameters = nothing | {"W_in": np.eye(5, 5 + 1 + 1), "W_C": start[None] / c}
    rule = Rule(learning_rate / c**2, trace_decay, entropy_rate=0.0, optimiser="sgd")
    agent = RTRRL(parameters, {"W_C": rule}, B_A=np.zeros((5, 1)), B_C=np.zeros((5, 1)), discount=discount)
    history = []
    for states, rewards in episodes:
        for t, state in enumerate([*states, None]):
            seen = np.zeros(5) if state is None else np.eye(5)[state]
            after = agent.tick(seen, rewards[t - 1], state is None, t == 0, 0.5)
            if t:
                history.append(after["W_C"][0] * c)
    return np.array(history)


@pytest.mark.parametrize(
    ("trace_decay", "previous_value"), [(0.0, "recomputed"), (0.0, "kept"), (0.8, "kept")]
)
def test_critic_equals_textbook_td_lambda_on_the_random_walk(trace_decay, previous_value):
    draw = np.random.default_rng(5)
    episodes = [random_walk(draw) for _ in range(20)]
    start = np.full(5, 0.5)
    expected = td_lambda(episodes, start, 0.1, trace_decay, 0.9, previous_value)
    actual = critic_on_the_random_walk(episodes, 0.1, trace_decay, 0.9, start)
    np.testing.assert_allclose(actual, expected, rtol=1e-11)


def test_keeping_the_previous_value_is_not_recomputing_it_once_traces_last():
    episodes = [random_walk(np.random.default_rng(6)) for _ in range(5)]
    start = np.full(5, 0.5)
    kept, recomputed = (td_lambda(episodes, start, 0.1, 0.8, 1.0, way) for way in ("kept", "recomputed"))
    assert 1e-4 < np.abs(kept - recomputed).max() < 0.1


def test_textbook_td_lambda_by_hand():
    # C D C B A off the left end, learning rate .1, lambda .5: the revisited C's trace had stood at 1.25.
    start = np.full(5, 0.5)
    history = td_lambda([([2, 3, 2, 1, 0], [0.0] * 5)], start, 0.1, 0.5)
    np.testing.assert_allclose(history[3], start)  # equal neighbours, no reward: no error before the end
    trace = np.array([1, 0.5, 1.25 / 4, 1 / 8, 0])
    np.testing.assert_allclose(history[4], start - 0.1 * 0.5 * trace)


def test_textbook_td_lambda_finds_the_true_values():
    draw = np.random.default_rng(7)
    history = td_lambda([random_walk(draw) for _ in range(2000)], np.full(5, 0.5), 0.02, 0.5)
    np.testing.assert_allclose(history[-3000:].mean(axis=0), RANDOM_WALK_VALUES, atol=0.04)


def test_first_tick_learns_nothing_and_starts_the_traces():
    agent = RTRRL(make_parameters(), rules_of_the_paper(), **make_feedback())
    before = drive(agent, 7)[-1]
    after = agent.tick(np.ones(OBSERVATIONS), 9.0, True, True, 0.3)
    for name in LEARNED:
        for variable in (name, f"m.{name}", f"s.{name}", f"beta_1_power.{name}", f"beta_2_power.{name}"):
            np.testing.assert_array_equal(after[variable], before[variable])
    assert after["delta"] == 0
    assert after["v_previous"] == after["v"]
    assert not after["J.W_rec"].any()  # h was at rest
    assert not after["J.W_in"][:, OBSERVATIONS:].any()  # no action, no reward came in
    np.testing.assert_array_equal(after["e.W_C"][0], after["h"])


def test_terminated_episode_does_not_bootstrap_and_a_truncated_one_does():
    def last(terminated):
        agent = RTRRL(make_parameters(), rules_of_the_paper(), **make_feedback())
        previous = drive(agent, 3)[-1]
        return previous, agent.tick(np.ones(OBSERVATIONS), 2.0, terminated, False, 0.3)

    previous, ended = last(True)
    np.testing.assert_allclose(ended["delta"], 2.0 - previous["v"])
    previous, cut = last(False)
    np.testing.assert_allclose(cut["delta"], 2.0 + 0.99 * cut["v"] - previous["v"])


def test_weights_change_by_the_traces_from_before_the_tick():
    rules = {name: Rule(learning_rate=0.01, optimiser="sgd", entropy_rate=0.0) for name in LEARNED}
    history = drive(RTRRL(make_parameters(), rules, **make_feedback()), 6)
    for before, after in pairwise(history):
        for name in LEARNED:
            np.testing.assert_allclose(
                after[name] - before[name], 0.01 * after["delta"] * before[f"e.{name}"], rtol=1e-7, atol=1e-14
            )


def test_adam_takes_a_first_step_of_the_learning_rate():
    rules = {name: Rule(entropy_rate=0.0, epsilon=1e-30) for name in LEARNED}
    first, second = drive(RTRRL(make_parameters(), rules, **make_feedback()), 2)
    moved = second["W_A"] - first["W_A"]
    np.testing.assert_allclose(moved, 1e-3 * np.sign(second["delta"] * first["e.W_A"]), rtol=1e-9)


def test_time_constants_stay_at_or_above_their_bound():
    rules = {"tau": Rule(learning_rate=5.0)}
    history = drive(RTRRL(make_parameters(), rules, **make_feedback(), tau_minimum=1.0), 20)
    taus = np.array([variables["tau"] for variables in history])
    assert taus.min() == 1.0
    assert taus.max() > 5.0


def test_absent_synapses_stay_absent():
    mask = np.random.default_rng(8).random((N, N)) < 0.4
    agent = RTRRL(make_parameters(), rules_of_the_paper(), **make_feedback(), masks={"W_rec": mask})
    after = drive(agent, 20)[-1]
    for variable in ("W_rec", "J.W_rec", "e.W_rec", "m.W_rec"):
        assert not after[variable][~mask].any()
        assert after[variable][mask].all()


def test_action_is_drawn_by_the_inverse_of_the_cumulative_policy():
    for uniform in (0.0, 0.2, 0.5, 0.9, np.nextafter(1, 0)):
        agent = RTRRL(make_parameters(), {}, **make_feedback())
        after = agent.tick(np.ones(OBSERVATIONS), 0.0, False, True, uniform)
        edges = np.concatenate([[0.0], np.cumsum(after["pi"])])
        edges[-1] = 1.0
        assert edges[after["action"]] <= uniform < edges[after["action"] + 1]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_variable_keeps_the_asked_precision(dtype):
    history = drive(
        RTRRL(make_parameters(), rules_of_the_paper(), **make_feedback(), steps=2, dtype=dtype), 9
    )
    for name, values in history[-1].items():
        assert values.dtype == (np.dtype(int) if name == "action" else dtype), name
