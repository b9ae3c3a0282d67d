"""Exact RTRL of a dense CT-RNN: every leaf against autodiff through the unrolled network, episode by episode.

The unrolled network is written here from the paper, without the package. Nothing learns during a run (an optimiser of
the test's own notes the gradient and moves nothing), feedback is symmetric and trace_decay is 0, so that at every tick
e has to be the gradient of value + log-policy, and what the optimiser is handed that of the entropy.
"""

from __future__ import annotations

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuro_rtrrl.backends.jax import influence
from neuro_rtrrl.backends.jax.program import JaxProgram
from neuro_rtrrl.graph import initial_values, load_circuit
from neuro_rtrrl.lowering import lower
from tests.oracle.from_circuit import environment_of, joined

CIRCUITS = Path(__file__).parents[2] / "circuits"
ENTROPY_RATE = 0.5
PROBE = """
models:
  optimisers:
    probe:
      parameters: {learning_rate: {default: 0}}
      states: {seen: "1"}
      on_decision: |
        seen = gradient
        step = 0*gradient
"""
STILL = "learning_rate: 0, trace_decay: 0, modulator: dopamine"
READOUT = f"{{rule: td_lambda, {STILL}, entropy_rate: {ENTROPY_RATE}, optimiser: probe}}"
#: episodes of five decisions, so that resets lie inside the window
DISCRETE = (
    "environment={name: CartPole-v1, parameters: {max_steps_in_episode: 5}}",
    f"plasticity.corticostriatal={READOUT}",
)
CONTINUOUS = (
    "environment.parameters={max_steps_in_episode: 5}",
    *(f"plasticity.{group}={READOUT}" for group in ("actor", "critic")),
)
TASKS = {"discrete": ("bg", DISCRETE), "continuous": ("reacher", CONTINUOUS)}
SPARSE = tuple(
    f"projections.{name}.connectivity={{probability: 0.6}}"
    for name in ("sensory_to_cortex", "cortex_recurrent")
)
WIRINGS = {
    "full": (),
    "sparse": SPARSE,
    "no self": ("projections.cortex_recurrent.connectivity={no_self: true}",),
}


def load_rtrl(tmp_path, name, *overrides, rule="rtrl_td"):
    """Return a shipped circuit, small, whose cortex learns by exact RTRL into the probe."""
    file = tmp_path / f"{name}.yaml"
    file.write_text((CIRCUITS / f"{name}.yaml").read_text(encoding="utf-8") + PROBE, encoding="utf-8")
    cortical = f"{{rule: {rule}, {STILL}, entropy_rate: {ENTROPY_RATE}, optimiser: probe}}"
    symmetric = tuple(f"projections.{each}_feedback.feedback=symmetric" for each in ("dorsal", "ventral"))
    small = ("populations.cortex.size=5", "populations.cortex.bias={normal: [0, 0.5]}", "record=[]")
    silent = "neuromodulators.dopamine.gain=0"  # the optimiser is handed the gradient of the entropy alone
    return load_circuit(file, (*small, silent, *symmetric, f"plasticity.cortical={cortical}", *overrides))


def leaves_of(circuit):
    """Map the owner of each eligibility trace, of synapses or of the cortex's own, to the key of what it learns."""
    found = {p.name: f"{p.name}.w" for p in circuit.projections.values() if p.group}
    return found | {f"cortex.{each}": f"cortex.{each}" for each in circuit.populations["cortex"].learns}


def still_run(circuit, precision="float64", decisions=13, **options):
    """Run without learning; return what was recorded."""
    keys = [f"{owner}.{state}" for owner in leaves_of(circuit) for state in ("e", "probe.seen")]
    shown = [f"{each.name}.r" for each in circuit.populations.values() if each.model.clamped]
    sampled = [] if circuit.environment.actions.scalar else ["dorsal_striatum.sampled"]
    record = (*keys, *shown, "action", *sampled)
    program = JaxProgram(circuit, environment_of(circuit), (5,), precision, record, **options)
    chunks: list = []
    program.run(decisions, chunks.append)
    return joined(chunks)


def unrolled(circuit, theta, chunk):
    """Return value + log-policy of the action taken, and entropy, of every decision: shape ``(T,)`` each.

    h' = h + (dt/tau)*(tanh(W x) - h) with x = (inputs, h, 1): Lemmel & Grosu 2025, Eq. 1.
    """
    timing, clamped = circuit.timing, [p.name for p in circuit.populations.values() if p.model.clamped]
    sampled = chunk.records.get("dorsal_striatum.sampled")

    def decision(h, shown):
        inputs, begins, action = shown
        h = jnp.where(begins, 0.0, h)
        drive = sum(theta[f"{name}_to_cortex.w"] @ inputs[name] for name in clamped)
        for _ in range(timing.steps):
            u = drive + theta["cortex_recurrent.w"] @ h + theta["cortex.bias"]
            h = h + timing.dt / theta["cortex.tau"] * (jnp.tanh(u) - h)
        logits, value = theta["cortex_to_dorsal.w"] @ h, theta["cortex_to_ventral.w"] @ h
        if sampled is not None:  # a normal distribution around the logits; the sample is what it is
            scaled = (action - logits) / jnp.exp(theta["dorsal_striatum.log_deviation"])
            # no spread follows from the mean: in the place of entropy stands what keeps it near 0
            return h, (value[0] - 0.5 * jnp.sum(scaled**2), -0.5 * jnp.sum(logits**2))
        log_policy = jax.nn.log_softmax(logits)
        entropy = -jnp.sum(jnp.exp(log_policy) * log_policy)
        return h, (value[0] + log_policy[action], entropy)

    seen = {name: jnp.asarray(chunk.records[f"{name}.r"][0], jnp.float64) for name in clamped}
    if sampled is None:
        actions = jnp.asarray(chunk.records["action"][0]).reshape(-1).astype(int)
    else:
        actions = jnp.asarray(sampled[0], jnp.float64)
    start = jnp.zeros(circuit.populations["cortex"].size)
    return jax.lax.scan(decision, start, (seen, jnp.asarray(chunk.first[0]), actions))[1]


def assert_traces_are_gradients(circuit, chunk, tolerance):
    """Compare every leaf, over all ticks at once, relative to the largest of its gradients."""
    start = initial_values(circuit, 5)
    with jax.enable_x64(True):
        theta = {key: jnp.asarray(value, jnp.float64) for key, value in start.items()}
        goals, entropies = jax.jit(jax.jacrev(lambda theta: unrolled(circuit, theta, chunk)))(theta)
    masks, learned = lower(circuit).masks, ~chunk.first[0]
    for owner, key in leaves_of(circuit).items():
        # tau is learned in units of the decision interval
        unit = circuit.timing.decision_interval if key == "cortex.tau" else 1.0
        mask = masks.get(owner, np.ones(np.shape(start[key]), bool))
        for found, exact, rows in (
            (chunk.records[f"{owner}.e"][0], unit * np.asarray(goals[key]), slice(None)),
            (
                chunk.records[f"{owner}.probe.seen"][0],
                unit * ENTROPY_RATE * np.asarray(entropies[key]),
                learned,
            ),
        ):
            assert not found[:, ~mask].any(), f"{owner}: a synapse that is not there has a trace"
            found, exact = found[:, mask][rows], exact[:, mask][rows]
            if rows is learned and owner.startswith("cortex_to_ventral"):
                assert not found.any(), "the critic's readout has no part in the policy"
                continue
            scale = np.abs(exact).max()
            assert scale > 1e-4, owner
            np.testing.assert_allclose(found / scale, exact / scale, rtol=0, atol=tolerance, err_msg=owner)


@pytest.mark.parametrize(
    ("task", "wiring", "dt"),
    [
        *(("discrete", wiring, dt) for wiring in WIRINGS for dt in ("20 ms", "5 ms")),
        ("continuous", "full", "20 ms"),
        ("continuous", "sparse", "5 ms"),
    ],
)
def test_every_leaf_equals_autodiff_through_the_unrolled_network(tmp_path, task, wiring, dt):
    name, overrides = TASKS[task]
    circuit = load_rtrl(tmp_path, name, *overrides, *WIRINGS[wiring], f"timing.dt={dt}")
    readouts = 2  # of which the actor and the critic read
    assert len(leaves_of(circuit)) == {"discrete": 4, "continuous": 6}[task] + readouts
    chunk = still_run(circuit)
    assert chunk.first[0, 1:].sum() >= 2, "no reset inside the window"
    assert_traces_are_gradients(circuit, chunk, 1e-9)


@pytest.mark.parametrize("dt", ["20 ms", "5 ms"])
def test_every_leaf_equals_autodiff_in_a_window_without_a_reset(tmp_path, dt):
    whole = "environment={name: CartPole-v1}"
    circuit = load_rtrl(tmp_path, "bg", *DISCRETE, whole, f"timing.dt={dt}")
    chunk = still_run(circuit, decisions=7)
    assert not chunk.first[0, 1:].any()
    assert_traces_are_gradients(circuit, chunk, 1e-9)


@pytest.mark.parametrize(
    ("task", "wiring", "dt"),
    [
        ("discrete", "full", "5 ms"),
        ("discrete", "sparse", "20 ms"),
        ("continuous", "no self", "20 ms"),
        ("continuous", "sparse", "5 ms"),
    ],
)
def test_every_leaf_equals_autodiff_in_single_precision(tmp_path, task, wiring, dt):
    name, overrides = TASKS[task]
    circuit = load_rtrl(tmp_path, name, *overrides, *WIRINGS[wiring], f"timing.dt={dt}")
    assert_traces_are_gradients(circuit, still_run(circuit, "float32"), 1e-5)


@pytest.mark.parametrize("options", [{"regroup": False}, {"lanes": "map"}], ids=["as written", "mapped"])
def test_neither_the_form_nor_the_lane_changes_the_gradient(tmp_path, options):
    circuit = load_rtrl(tmp_path, "bg", *DISCRETE, *SPARSE)
    assert_traces_are_gradients(circuit, still_run(circuit, **options), 1e-9)


def test_matrices_that_lie_by_columns_have_the_same_gradient(tmp_path):
    circuit = load_rtrl(tmp_path, "bg", *DISCRETE, *SPARSE, "populations.cortex.size=9")
    assert_traces_are_gradients(circuit, still_run(circuit), 1e-9)


@pytest.mark.parametrize("dt", ["20 ms", "5 ms"])
def test_an_influence_followed_along_the_wrong_axis_is_found(tmp_path, monkeypatch, dt):
    """Trap 1: rows after and columns before exchanged, as a published implementation has it."""
    monkeypatch.setattr(influence, "follow", lambda by_state, matrix: by_state.T @ matrix)
    circuit = load_rtrl(tmp_path, "bg", *DISCRETE, f"timing.dt={dt}")
    chunk = still_run(circuit)
    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        assert_traces_are_gradients(circuit, chunk, 1e-2)


def test_rflo_is_not_exact_on_a_recurrent_network(tmp_path):
    """The oracle can tell the two apart."""
    circuit = load_rtrl(tmp_path, "bg", *DISCRETE, rule="rflo_td")
    chunk = still_run(circuit, kernel="xla")
    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        assert_traces_are_gradients(circuit, chunk, 1e-2)
