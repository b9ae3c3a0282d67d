"""e-prop against autodiff through the unrolled spiking network, at every decision, over episodes and their resets.

The network is written here from Bellec et al. 2020 (Methods), without the package. A spike is a step with the paper's
pseudo-derivative, by a rule of JAX's own. As in ``test_rtrl``, nothing learns during a run, feedback is symmetric and
trace_decay is 0, so that at every decision ``e`` has to be a gradient of value + log-policy:

- exactly that through the unrolled network in which no gradient passes through what a spike does to other neurons and
  to its own membrane, which is what e-prop leaves out;
- not that of backpropagation through time, to which it has an angle.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuro_rtrrl.backends.jax.program import JaxProgram
from neuro_rtrrl.graph import initial_values, load_circuit
from neuro_rtrrl.lowering import lower
from tests.oracle.from_circuit import environment_of, joined

CIRCUIT = Path(__file__).parents[2] / "circuits" / "lif_bg.yaml"
STILL = "learning_rate: 0, trace_decay: 0, modulator: dopamine, optimiser: sgd"
#: small, driven and strongly coupled, in episodes of five decisions; time constants and adaptation differ by neuron
SMALL = (
    "environment={name: CartPole-v1, parameters: {max_steps_in_episode: 5}}",
    "populations.sensory.neuron=input",
    "populations.cortex.size=6",
    "populations.cortex.bias={normal: [1.5, 0.5]}",
    "populations.cortex.tau={uniform: [10 ms, 30 ms]}",
    "populations.cortex.tau_readout={uniform: [5 ms, 40 ms]}",
    "record=[]",
    *(f"projections.{each}_feedback.feedback=symmetric" for each in ("dorsal", "ventral")),
    "projections.sensory_to_cortex.weights={normal: [0, 2]}",
    "projections.cortex_recurrent.weights={normal: [0, 0.5]}",
    *(f"plasticity.{group}={{rule: td_lambda, {STILL}}}" for group in ("actor", "critic")),
)


def rules(kind):
    return (
        f"plasticity.afferent={{rule: {kind}_input, {STILL}}}",
        f"plasticity.recurrent={{rule: {kind}, {STILL}}}",
    )


ADAPTIVE = (
    "populations.cortex.beta={uniform: [0, 2]}",
    "populations.cortex.tau_adaptation={uniform: [50 ms, 200 ms]}",
    *rules("e_prop"),
)
LEARNED = "plasticity: afferent, learns: [bias]"
PLAIN = (
    "populations.cortex={size: 6, neuron: lif_recurrent, bias: {normal: [1.5, 0.5]}, "
    "tau: {uniform: [10 ms, 30 ms]}, tau_readout: {uniform: [5 ms, 40 ms]}, " + LEARNED + "}",
    *rules("e_prop_lif"),
)
CASES = {
    "with adaptation": ADAPTIVE,
    "without adaptation": PLAIN,
    "coarse, long refractory period, other threshold": (
        *ADAPTIVE,
        "timing.dt=2 ms",
        "populations.cortex.refractory=6 ms",
        "populations.cortex.v_threshold=0.6",
        "populations.cortex.dampening=0.5",
    ),
    "sparse, delayed, no self, no refractory period": (
        *ADAPTIVE,
        "projections.cortex_recurrent.delay=3 ms",
        "projections.cortex_recurrent.connectivity={probability: 0.7, no_self: true}",
        "populations.cortex.refractory=0 ms",
    ),
}
LEAVES = {
    "sensory_to_cortex": "sensory_to_cortex.w",
    "cortex_recurrent": "cortex_recurrent.w",
    "cortex.bias": "cortex.bias",
}


def still_run(circuit, decisions=13, **options):
    keys = [f"{owner}.e" for owner in LEAVES]
    record = (*keys, "sensory.r", "cortex.spike", "action")
    chunks: list = []
    program = JaxProgram(circuit, environment_of(circuit), (5,), "float64", record, **options)
    program.run(decisions, chunks.append)
    chunk = joined(chunks)
    assert chunk.first[0, 1:].sum() >= 2, "no reset inside the window"
    return chunk


@jax.custom_jvp
def spike(scaled, height):
    """H((v - A)/v_th), and in the place of its derivative height * max(0, 1 - |(v - A)/v_th|)."""
    return (scaled > 0).astype(scaled.dtype)


@spike.defjvp
def _pseudo_derivative(primals, tangents):
    scaled, height = primals
    return spike(scaled, height), height * jnp.maximum(0.0, 1 - jnp.abs(scaled)) * tangents[0]


def unrolled(theta, circuit, chunk, arriving, reset):
    """Return value + log-policy of every decision, and all spikes.

    ``arriving`` and ``reset`` are applied to the spikes that reach a neuron and to those that reset it: to let a
    gradient pass or not. The adaptation is part of e-prop's hidden state, and a gradient always passes through it.
    """
    cortex, timing = circuit.populations["cortex"], circuit.timing

    def of(name):
        return theta.get(f"cortex.{name}", getattr(cortex.parameters.get(name), "constant", 0.0))

    alpha, kappa = 1 - timing.dt / of("tau"), 1 - timing.dt / of("tau_readout")
    rho = 1 - timing.dt / of("tau_adaptation") if cortex.model.name == "alif" else 0.0
    threshold, silent = of("v_threshold"), round(of("refractory") / timing.dt)
    delay = round(circuit.projections["cortex_recurrent"].delay / timing.dt)

    def step(state, drive):
        v, a, y, z, since, queue = state
        arrived = theta["cortex_recurrent.w"] @ arriving(queue[0])
        v = alpha * v + arrived + (1 - alpha) * drive - threshold * reset(z)
        a = rho * a + z
        since = jnp.where(z > 0, 1, since + 1)
        ready = since >= silent
        z = spike((v - threshold - of("beta") * a) / threshold, of("dampening")) * ready
        queue = jnp.concatenate([queue[1:], z[None]])
        return (v, a, kappa * y + z, z, since, queue), z

    size = cortex.size
    start = (*(jnp.zeros(size),) * 4, jnp.full(size, 10**6), jnp.zeros((delay + 1, size)))

    def decision(state, shown):
        inputs, begins, action = shown
        # neurons begin anew, with what had reached them; spikes on their way arrive in the next episode
        fresh = jax.tree.map(lambda old, new: jnp.where(begins, new, old), state[:5], start[:5])
        state = (*fresh, jnp.where(begins, state[5].at[0].set(0), state[5]))
        drive = theta["sensory_to_cortex.w"] @ inputs + theta["cortex.bias"]
        state, spikes = jax.lax.scan(lambda each, _: step(each, drive), state, length=timing.steps)
        logits, value = theta["cortex_to_dorsal.w"] @ state[2], theta["cortex_to_ventral.w"] @ state[2]
        return state, (value[0] + jax.nn.log_softmax(logits)[action], spikes)

    seen = jnp.asarray(chunk.records["sensory.r"][0], jnp.float64)
    actions = jnp.asarray(chunk.records["action"][0]).reshape(-1).astype(int)
    return jax.lax.scan(decision, start, (seen, jnp.asarray(chunk.first[0]), actions))[1]


def blocked(z):
    return jax.lax.stop_gradient(z)


def free(z):
    return z


def gradients(circuit, chunk, arriving, reset):
    """Return of every leaf the gradient of every decision, of the same network written from the paper."""
    start = initial_values(circuit, 5)
    masks = lower(circuit).masks
    with jax.enable_x64(True):
        theta = {key: jnp.asarray(value, jnp.float64) for key, value in start.items()}
        for owner, mask in masks.items():
            theta[f"{owner}.w"] = theta[f"{owner}.w"] * mask
        goal = partial(unrolled, circuit=circuit, chunk=chunk, arriving=arriving, reset=reset)
        exact, spikes = jax.jit(jax.jacrev(goal, has_aux=True))(theta)
        np.testing.assert_array_equal(spikes, chunk.records["cortex.spike"][0], err_msg="spikes")
    found = {}
    for owner, key in LEAVES.items():
        gradient = np.asarray(exact[key])
        found[owner] = gradient * masks[owner] if owner in masks else gradient
    return found, np.asarray(spikes)


def assert_traces_are_gradients(circuit, chunk, tolerance=1e-9):
    exact, spikes = gradients(circuit, chunk, blocked, blocked)
    assert 0.005 < spikes.mean() < 0.5, "neurons neither silent nor always firing"
    for owner, gradient in exact.items():
        found = chunk.records[f"{owner}.e"][0]
        mask = lower(circuit).masks.get(owner)
        found = found if mask is None else found * mask
        scale = np.abs(gradient).max()
        assert scale > 1e-3, owner
        np.testing.assert_allclose(found / scale, gradient / scale, rtol=0, atol=tolerance, err_msg=owner)


@pytest.mark.parametrize("case", CASES)
def test_every_trace_is_the_gradient_that_no_spike_carries_on(case):
    circuit = load_circuit(CIRCUIT, (*SMALL, *CASES[case]))
    assert_traces_are_gradients(circuit, still_run(circuit))


def test_xla_has_the_same_gradient_as_the_native_kernel():
    circuit = load_circuit(CIRCUIT, (*SMALL, *ADAPTIVE))
    assert_traces_are_gradients(circuit, still_run(circuit, kernel="xla"))


@pytest.mark.parametrize("kind", [ADAPTIVE, PLAIN], ids=["with adaptation", "without adaptation"])
def test_without_recurrent_weights_nothing_but_the_reset_is_left_out(kind):
    circuit = load_circuit(CIRCUIT, (*SMALL, *kind, "projections.cortex_recurrent.weights=0"))
    chunk = still_run(circuit)
    exact, spikes = gradients(circuit, chunk, free, blocked)
    assert spikes.any()
    for owner in ("sensory_to_cortex", "cortex.bias"):
        scale = np.abs(exact[owner]).max()
        found = chunk.records[f"{owner}.e"][0]
        np.testing.assert_allclose(found / scale, exact[owner] / scale, rtol=0, atol=1e-9, err_msg=owner)


def test_an_adaptation_that_the_rule_does_not_follow_is_found():
    """The oracle can tell: a rule without the trace of adaptation, of neurons that adapt."""
    circuit = load_circuit(CIRCUIT, (*SMALL, *ADAPTIVE, *rules("e_prop_lif")))
    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        assert_traces_are_gradients(circuit, still_run(circuit), tolerance=1e-2)


@pytest.mark.parametrize("kind", [ADAPTIVE, PLAIN], ids=["with adaptation", "without adaptation"])
def test_the_sum_over_time_leans_towards_backpropagation_through_time_and_is_not_it(kind):
    """As in the paper: e-prop is an approximation whose direction is right."""
    circuit = load_circuit(
        CIRCUIT, (*SMALL, *kind, "projections.cortex_recurrent.weights={normal: [0, 0.2]}")
    )
    chunk = still_run(circuit, 60)
    through_time, _ = gradients(circuit, chunk, free, free)
    ours = np.concatenate([chunk.records[f"{owner}.e"][0].sum(0).ravel() for owner in LEAVES])
    theirs = np.concatenate([through_time[owner].sum(0).ravel() for owner in LEAVES])
    cosine = ours @ theirs / np.linalg.norm(ours) / np.linalg.norm(theirs)
    print(f"cosine {cosine:.3f}")
    assert 0.5 < cosine < 0.9999
