"""Diagonal cells learn by exact RTRL: every leaf against autodiff through the unrolled network, episode by episode.

The unrolled networks are written here from the papers, in complex numbers and without the package. Nothing learns
during a run (an optimiser of the test's own notes the gradient and moves nothing), feedback is symmetric and
trace_decay is 0, so that at every tick e has to be the gradient of value + log-policy, and what the optimiser is
handed that of the entropy.
"""

from __future__ import annotations

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuro_rtrrl.backends.jax.network import Network
from neuro_rtrrl.backends.jax.program import JaxProgram
from neuro_rtrrl.graph import initial_values, load_circuit
from neuro_rtrrl.graph.audit import audit
from neuro_rtrrl.lowering import lower
from neuro_rtrrl.native import find_compiler
from neuro_rtrrl.native.compiler import CompilationError
from tests.oracle.from_circuit import environment_of, joined
from tests.property.test_locality import SYNAPSES, jacobian_of, tick_so_far, violations

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
STILL = ("neuromodulators.dopamine.gain=0", "timing.decision_interval=20 ms")
#: episodes of five decisions, so that resets lie inside the window
CARTPOLE = ("environment={name: CartPole-v1, parameters: {max_steps_in_episode: 5}}",)
#: a pole takes longer than seven decisions to fall
UNBROKEN, TOO_SHORT = ("environment={name: CartPole-v1}",), 7
#: acting by degrees: two of them, and episodes as short
POINT = (
    "environment={name: PointRobot-misc, parameters: {max_steps_in_episode: 5}}",
    "populations.dorsal_striatum={size: actions, neuron: gaussian, role: actor, log_deviation: -0.7}",
)
COMPLEX_GROUPS = ("cortical_re", "cortical_im", "corticostriatal")
RTU = (
    "populations.cortex={size: 4, neuron: rtu, nu: {uniform: [-3, -1]}, theta: {uniform: [-2, 0.4]}, "
    "plasticity: cortical_re}"
)
CELLS = {
    "lru": ("lru", ("populations.cortex.size=4", "populations.cortex.gamma_log={uniform: [-2, 0.5]}")),
    "rtu": ("lru", (RTU,)),
    "mingru": ("mingru", ("populations.cortex.size=4", "populations.cortex.bias={normal: [0, 0.5]}")),
}
WIRINGS = {"dense": (), "sparse": ("sensory_to_cortex", "sensory_to_gate", "cortex_to_dorsal")}


def load_cell(cell, tmp_path, *overrides, symmetric=True):
    """Return the shipped circuit of a cell, small, with feedback over the readout's own weights."""
    name, own = CELLS[cell]
    file = tmp_path / f"{cell}.yaml"
    file.write_text((CIRCUITS / f"{name}.yaml").read_text(encoding="utf-8") + PROBE, encoding="utf-8")
    backwards = [
        f"projections.{striatum}_feedback{part}={{source: {striatum}_striatum.error, "
        f"target: cortex.feedback{part}, weights: {{transpose_of: cortex_to_{striatum}{part}}}}}"
        for striatum in ("dorsal", "ventral")
        for part in (("_re", "_im") if name == "lru" else ("",))
    ]
    return load_circuit(file, ("record=[]", *own, *(backwards if symmetric else ()), *overrides))


def still_run(
    cell, tmp_path, wiring, dt, kernel, precision, decisions=13, task=CARTPOLE, change=lambda circuit: circuit
):
    """Run without learning over resets; return circuit, initial values and what was recorded."""
    circuit = load_cell(cell, tmp_path, *STILL, *task, f"timing.dt={dt}")
    overrides = []
    for group in circuit.plasticity:
        lines = ("optimiser=probe", "learning_rate=0", "trace_decay=0", f"entropy_rate={ENTROPY_RATE}")
        overrides += [f"plasticity.{group}.{line}" for line in lines]
    for projection in circuit.projections:
        if projection.startswith(WIRINGS[wiring]):
            overrides.append(f"projections.{projection}.connectivity={{probability: 0.6}}")
    circuit = load_cell(cell, tmp_path, *STILL, *task, f"timing.dt={dt}", *overrides)
    circuit = change(circuit)
    leaves = leaves_of(circuit)
    keys = [f"{owner}.{state}" for owner in leaves for state in ("e", "probe.seen")]
    sampled = ("dorsal_striatum.sampled",) if task is POINT else ()
    record = ("sensory.r", "action", *sampled, *keys)
    program = JaxProgram(circuit, environment_of(circuit), (5,), precision, record, kernel=kernel)
    assert program.kernel == kernel
    chunks: list = []
    program.run(decisions, chunks.append)
    chunk = joined(chunks)
    assert task is UNBROKEN or chunk.first[0, 1:].sum() >= 2
    return circuit, initial_values(circuit, 5), chunk


def leaves_of(circuit):
    """Map the owner of each trace (a projection, LRU's matrix C included, or a parameter) to what it learns."""
    forward = ("sensory_to_", "cortex_to_")
    found = {name: f"{name}.w" for name in circuit.projections if name.startswith(forward)}
    return found | {f"cortex.{each}": f"cortex.{each}" for each in circuit.populations["cortex"].learns}


# --- the cells, unrolled -----------------------------------------------------------------------------------------


def complex_cell(theta, tied):
    """Lambda and the drive of Orvieto et al. 2023 (gain learned) or Elelimy et al. 2024 (gain tied to memory)."""
    turn = jnp.exp(-jnp.exp(theta["cortex.nu"]) + 1j * jnp.exp(theta["cortex.theta"]))
    gain = jnp.sqrt(1 - jnp.abs(turn) ** 2) if tied else jnp.exp(theta["cortex.gamma_log"])
    matrix = theta["sensory_to_cortex_re.w"] + 1j * theta["sensory_to_cortex_im.w"]
    return lambda x, u: turn * x + gain * (matrix @ u)


def gated_cell(theta):
    """The recurrence of Feng et al. 2024, section 3.1."""

    def step(h, u):
        gate = jax.nn.sigmoid(theta["sensory_to_gate.w"] @ u + theta["cortex.bias_gate"])
        return (1 - gate) * h + gate * (theta["sensory_to_cortex.w"] @ u + theta["cortex.bias"])

    return step


def unrolled(cell, theta, chunk, steps):
    """Return value + log-policy of the action taken, and entropy, of every decision: shape ``(T,)`` each."""
    step = gated_cell(theta) if cell == "mingru" else complex_cell(theta, tied=cell == "rtu")
    start = jnp.zeros(4, jnp.float64 if cell == "mingru" else jnp.complex128)

    def decision(state, shown):
        x, begins, action = shown
        state = jnp.where(begins, start, state)
        for _ in range(steps):
            state = state + (step(state, x) - state) / steps
        outs = {"": state} if cell == "mingru" else {"_re": state.real, "_im": state.imag}
        outs = {part: jnp.tanh(out) for part, out in outs.items()} if cell == "rtu" else outs
        logits, value = (
            jnp.sum(
                jnp.stack([theta[f"cortex_to_{target}{part}.w"] @ out for part, out in outs.items()]), axis=0
            )
            for target in ("dorsal", "ventral")
        )
        if sampled is not None:  # a normal distribution around the logits; the sample is what it is
            scaled = (action - logits) / jnp.exp(-0.7)
            # no spread follows from the mean: in the place of entropy stands what keeps it near 0
            return state, (value[0] - 0.5 * jnp.sum(scaled**2), -0.5 * jnp.sum(logits**2))
        log_policy = jax.nn.log_softmax(logits)
        entropy = -jnp.sum(jnp.exp(log_policy) * log_policy)
        return state, (value[0] + log_policy[action], entropy)

    seen = jnp.asarray(chunk.records["sensory.r"][0], jnp.float64)
    sampled = chunk.records.get("dorsal_striatum.sampled")
    if sampled is None:
        actions = jnp.asarray(chunk.records["action"][0]).reshape(-1).astype(int)
    else:
        actions = jnp.asarray(sampled[0], jnp.float64)
    return jax.lax.scan(decision, start, (seen, jnp.asarray(chunk.first[0]), actions))[1]


def assert_traces_are_gradients(cell, circuit, start, chunk, tolerance):
    """Compare every leaf, over all ticks at once, relative to the largest of its gradients."""
    with jax.enable_x64(True):
        theta = {key: jnp.asarray(value, jnp.float64) for key, value in start.items()}
        goals, entropies = jax.jit(
            jax.jacrev(lambda theta: unrolled(cell, theta, chunk, circuit.timing.steps))
        )(theta)
    masks, learned = lower(circuit).masks, ~chunk.first[0]
    for owner, key in leaves_of(circuit).items():
        where = (slice(None), masks.get(owner, ...))
        for found, exact, rows in (
            (chunk.records[f"{owner}.e"][0], np.asarray(goals[key]), slice(None)),
            (chunk.records[f"{owner}.probe.seen"][0], ENTROPY_RATE * np.asarray(entropies[key]), learned),
        ):
            found, exact = found[where][rows], exact[where][rows]
            if rows is learned and owner.startswith("cortex_to_ventral"):
                assert not found.any(), "the critic's readout has no part in the policy"
                continue
            scale = np.abs(exact).max()
            assert scale > 1e-4, owner
            np.testing.assert_allclose(found / scale, exact / scale, rtol=0, atol=tolerance, err_msg=owner)


def native_or_skip(kernel):
    if kernel == "native":
        try:
            find_compiler()
        except CompilationError as error:
            pytest.skip(str(error))


@pytest.mark.parametrize(
    ("wiring", "dt", "kernel"),
    [
        ("dense", "20 ms", "native"),
        ("sparse", "20 ms", "xla"),
        ("sparse", "5 ms", "native"),
        ("dense", "5 ms", "xla"),
    ],
)
@pytest.mark.parametrize("cell", CELLS)
def test_every_leaf_equals_autodiff_through_the_unrolled_network(tmp_path, cell, wiring, dt, kernel):
    native_or_skip(kernel)
    circuit, start, chunk = still_run(cell, tmp_path, wiring, dt, kernel, "float64")
    assert_traces_are_gradients(cell, circuit, start, chunk, 1e-9)


@pytest.mark.parametrize(
    ("wiring", "dt", "kernel"), [("dense", "20 ms", "xla"), ("sparse", "5 ms", "native")]
)
@pytest.mark.parametrize("cell", CELLS)
def test_every_leaf_equals_autodiff_in_single_precision(tmp_path, cell, wiring, dt, kernel):
    native_or_skip(kernel)
    circuit, start, chunk = still_run(cell, tmp_path, wiring, dt, kernel, "float32")
    assert_traces_are_gradients(cell, circuit, start, chunk, 1e-5)


@pytest.mark.parametrize(
    ("wiring", "dt", "kernel", "precision", "tolerance"),
    [
        ("sparse", "20 ms", "native", "float64", 1e-9),
        ("sparse", "5 ms", "xla", "float64", 1e-9),
        ("sparse", "5 ms", "native", "float32", 1e-5),
        ("dense", "20 ms", "xla", "float64", 1e-9),
        ("dense", "5 ms", "native", "float64", 1e-9),
        ("dense", "20 ms", "native", "float32", 1e-5),
    ],
)
@pytest.mark.parametrize("cell", CELLS)
def test_every_leaf_equals_autodiff_where_actions_are_continuous(
    tmp_path, cell, wiring, dt, kernel, precision, tolerance
):
    native_or_skip(kernel)
    circuit, start, chunk = still_run(cell, tmp_path, wiring, dt, kernel, precision, task=POINT)
    assert_traces_are_gradients(cell, circuit, start, chunk, tolerance)


@pytest.mark.parametrize("dt", ["20 ms", "5 ms"])
@pytest.mark.parametrize("cell", CELLS)
def test_every_leaf_equals_autodiff_in_a_window_without_a_reset(tmp_path, cell, dt):
    circuit, start, chunk = still_run(cell, tmp_path, "dense", dt, "xla", "float64", TOO_SHORT, UNBROKEN)
    assert not chunk.first[0, 1:].any()
    assert_traces_are_gradients(cell, circuit, start, chunk, 1e-9)


@pytest.mark.parametrize("cell", CELLS)
def test_what_the_readout_learns_is_compared_too(tmp_path, cell):
    circuit = load_cell(cell, tmp_path)
    readouts = {name for name in leaves_of(circuit) if name.startswith("cortex_to_")}
    assert len(readouts) == (2 if cell == "mingru" else 4), "of a complex cell both parts of the matrix C"
    learned = {p.name for p in circuit.projections.values() if p.group}
    assert learned <= set(leaves_of(circuit))


# --- biology -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cell", CELLS)
def test_the_audit_calls_diagonal_cells_local_online_and_free_of_transport(tmp_path, cell):
    lines = audit(load_cell(cell, tmp_path, symmetric=False))
    cortical = [line for line in lines if line.name.startswith(("sensory_to_", "cortex."))]
    assert len(cortical) == {"lru": 5, "rtu": 4, "mingru": 4}[cell]
    assert all(line.local and line.online and line.transport_free for line in lines), lines


@pytest.mark.parametrize("section", SYNAPSES)
@pytest.mark.parametrize("cell", ["lru", "mingru"])
def test_a_plastic_synapse_changes_by_what_it_can_touch_alone(tmp_path, cell, section):
    small = ("populations.sensory.encodes=[observation]", "populations.cortex.size=2")
    groups = COMPLEX_GROUPS if cell == "lru" else ("cortical", "gating", "corticostriatal")
    plain = [f"plasticity.{group}.optimiser=sgd" for group in groups]
    lowered = lower(load_cell(cell, tmp_path, *small, *plain, symmetric=False))
    found, jacobian = violations(lowered, section)
    assert not found
    assert len(jacobian) >= 4


@pytest.mark.parametrize("symmetric", [False, True], ids=["random", "symmetric"])
@pytest.mark.parametrize("cell", CELLS)
def test_cortical_synapses_change_without_knowing_the_readout_weights(tmp_path, cell, symmetric):
    """Trap 11: all of a tick after the choice as one function, the neurons' activity held (LRU's C included)."""
    lowered = lower(load_cell(cell, tmp_path, symmetric=symmetric))
    with jax.enable_x64(True):
        network = Network(lowered, "float64")
        before = tick_so_far(lowered, network, "feedback")
        readout = {
            key: before.pop(key) for key in tuple(before) if key.startswith("cortex_to_") and key[-2:] == ".w"
        }
        assert len(readout) == (2 if cell == "mingru" else 4)
        cortical = tuple(owner for owner in leaves_of(lowered.circuit) if not owner.startswith("cortex_to_"))

        def change(readout):
            values = {**before, **readout}
            for section in ("feedback", "modulate", "learn", "renew"):
                network.section(section, values)
            return {key: values[key] for key in before if key.startswith(cortical)}

        jacobian = jacobian_of(change, readout)
    blocks = [np.asarray(block) for row in jacobian.values() for block in row.values()]
    assert len(blocks) > 20
    assert any(np.any(block != 0) for block in blocks) == symmetric


# --- staying in bounds -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cell", ["lru", "rtu"])
def test_what_is_kept_stays_below_one_however_hard_learning_pushes(tmp_path, cell):
    """Adam drives the retention of a diagonal cell towards 1, where it would overflow (arXiv 2605.24709)."""
    fast = [f"plasticity.{group}.learning_rate=3" for group in COMPLEX_GROUPS[:2]]
    circuit = load_cell(cell, tmp_path, *CARTPOLE, *fast, symmetric=False)
    program = JaxProgram(
        circuit, environment_of(circuit), (1, 2), "float32", ("cortex.nu", "cortex.x_re"), kernel="xla"
    )
    chunks: list = []
    program.run(200, chunks.append)
    chunk = joined(chunks)
    minimum = circuit.populations["cortex"].parameters["nu_minimum"].constant
    assert minimum is not None
    assert np.float32(chunk.records["cortex.nu"]).min() == np.float32(minimum)
    assert np.exp(-np.exp(minimum)) < 1
    assert np.isfinite(chunk.records["cortex.x_re"]).all()
