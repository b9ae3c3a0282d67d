"""The exported C computes what the emulation computes, word for word, and learns in a loop of its own."""

from __future__ import annotations

import subprocess
from pathlib import Path

import jax
import numpy as np
import pytest

from benchmarks.exported import DRAWN, Recorded, Tick, record
from neuro_rtrrl.calibration import calibrate
from neuro_rtrrl.deploy import write_sources
from neuro_rtrrl.deploy.words import WordWriter
from neuro_rtrrl.environments import streams
from neuro_rtrrl.graph import Circuit, load_circuit
from neuro_rtrrl.graph.initialise import initial_values
from neuro_rtrrl.ledger.word_lengths import word_lengths
from neuro_rtrrl.lowering import FixedPoint, fixed_form, hoist, lower
from neuro_rtrrl.programs import make_environment, make_program
from neuro_rtrrl.randomness import key as seed_key

CIRCUITS = Path(__file__).parents[2] / "circuits"
SHORT_RUN = 300
WORDS = "weight=9~,local_trace=16,eligibility_trace=16,membrane=16,activation=16,modulator=16,parameter=16"

# sparse and masked synapses, borrowed weights, several steps a decision, three optimisers' roots and quotients, and a
# state that begins at a constant of its own neuron
EVERYTHING = """\
circuit: everything
format: 1
timing: {dt: 5 ms, decision_interval: 20 ms, method: euler}
environment: {name: CartPole-v1}
populations:
  sensory: {neuron: normalised_input, encodes: [observation, action, reward]}
  cortex: {size: 12, neuron: ctrnn, tau: {uniform: [40 ms, 400 ms]}, bias: 0}
  clock: {size: 3, neuron: ticking, tau: 100 ms}
  dorsal_striatum: {size: actions, neuron: softmax, role: actor}
  ventral_striatum: {size: 1, neuron: linear, role: critic}
neuromodulators:
  dopamine: {source: td_error_scaled, critic: ventral_striatum, discount: 0.99}
plasticity:
  cortical: {rule: rflo_td, learning_rate: 1e-2, trace_decay: 0.9, modulator: dopamine, optimiser: adam}
  actor:
    {rule: td_lambda, learning_rate: 1e-2, trace_decay: 0.9, entropy_rate: 1e-2, modulator: dopamine, optimiser: obgd}
  critic: {rule: td_lambda, learning_rate: 1e-2, trace_decay: 0.9, modulator: dopamine, optimiser: sgd}
projections:
  sensory_to_cortex: {source: sensory, target: cortex, weights: lecun_normal, plasticity: cortical}
  cortex_recurrent:
    {source: cortex, target: cortex, weights: lecun_normal, plasticity: cortical, connectivity: {probability: 0.3}}
  cortex_to_dorsal:
    source: cortex
    target: dorsal_striatum
    weights: glorot_normal
    plasticity: actor
    connectivity: {probability: 0.8}
  cortex_to_ventral: {source: cortex, target: ventral_striatum, weights: glorot_normal, plasticity: critic}
  dorsal_feedback:
    source: dorsal_striatum.error
    target: cortex.feedback
    weights: {transpose_of: cortex_to_dorsal}
    feedback: symmetric
  clock_to_ventral: {source: clock, target: ventral_striatum, weights: glorot_normal, plasticity: critic}
  ventral_feedback: {source: ventral_striatum.error, target: cortex.feedback, weights: glorot_normal, feedback: random}
models:
  neurons:
    ticking:
      summary: Decays from a value that no word holds exactly.
      parameters: {tau: {unit: second, minimum: 0, positive: true}, top: {unit: "1", default: 0.7}}
      states: {h: {unit: "1", initial: top}}
      equations: |
        dh/dt = -h/tau
        r = h
"""


@pytest.fixture(scope="module")
def memory() -> tuple[Circuit, FixedPoint]:
    """MemoryChain-8 with weights of 9 bits, rounded by chance, and traces of 16."""
    circuit = load_circuit(CIRCUITS / "memory_words.yaml", ["record=[]"])
    return circuit, calibrate(circuit, word_lengths(None, WORDS))


@pytest.fixture(scope="module")
def remembered(memory) -> Recorded:
    """Three hundred decisions of its emulation, with every word that lasts."""
    return record(*memory, SHORT_RUN, lasting(*memory))


def lasting(circuit: Circuit, point: FixedPoint) -> list[str]:
    """Return the keys of what a tick keeps."""
    writer = word_writer(circuit, point)
    named = lower(circuit).variables
    return [key for key in writer.layout.fields if key in named and key not in writer.layout.scratch]


def word_writer(circuit: Circuit, point: FixedPoint) -> WordWriter:
    assert circuit.environment
    return WordWriter(fixed_form(hoist(lower(circuit)), point), len(circuit.environment.observation))


def differences(circuit: Circuit, point: FixedPoint, recorded: Recorded, folder: Path) -> list[str]:
    """Return where a tick, given what the emulation was given, ends with another action or another word."""
    writer, tick = word_writer(circuit, point), Tick(write_sources(circuit, 0, point), folder)
    found = []
    assert len(recorded.words) > 10
    for decision in recorded.inputs(tick):
        if tick() != recorded.action[decision].tolist():
            found.append(f"{decision}: action")
        words = tick.words()
        for key, expected in recorded.words.items():
            mine, owner = words[writer.places.names[key]], key.partition(".")[0]
            if owner in writer.layout.masks:  # what a synapse that is not there keeps says nothing
                mine = mine * writer.flat(f"{owner}.mask", writer.lowered.masks[owner]).reshape(-1)
            if not np.array_equal(mine, writer.flat(key, expected[decision]).reshape(-1)):
                found.append(f"{decision}: {key}")
    return found


def test_every_word_equals_the_emulation_for_three_hundred_decisions(memory, remembered, tmp_path):
    assert differences(*memory, remembered, tmp_path / "c") == []


def test_roots_quotients_sparse_and_borrowed_weights_equal_the_emulation(tmp_path):
    file = tmp_path / "everything.yaml"
    file.write_text(EVERYTHING, encoding="utf-8")
    circuit = load_circuit(file)
    bits = "weight=8~,local_trace=12~,eligibility_trace=12,membrane=16,activation=16,optimiser=16"
    point = calibrate(circuit, word_lengths(None, bits), 150)
    recorded = record(circuit, point, SHORT_RUN, lasting(circuit, point))
    assert differences(circuit, point, recorded, tmp_path / "c") == []


def test_a_tick_of_words_names_no_type_with_a_point(memory):
    sources = write_sources(memory[0], 0, memory[1])
    for name in ("tick.c", "tick.h"):
        code = [line.partition("/*")[0] for line in sources.files[name].split("\n")]
        assert not [line for line in code if "float" in line or "double" in line or "math.h" in line]


def test_tables_hold_no_entry_that_another_library_might_round_otherwise(memory):
    assert write_sources(memory[0], 0, memory[1]).near_ties == 0


def test_in_a_loop_of_its_own_it_meets_the_rewards_of_the_emulation(memory, tmp_path):
    both_loops(*memory, tmp_path / "c", 3_000)


@pytest.mark.slow
def test_it_learns_memory_chain_in_a_loop_of_its_own(memory, tmp_path):
    decisions = 120_000
    rewards, ends = both_loops(*memory, tmp_path / "c", decisions)
    last = slice(decisions * 9 // 10, decisions)
    assert rewards[last].sum() / ends[last].sum() >= 0.9


def both_loops(
    circuit: Circuit, point: FixedPoint, folder: Path, decisions: int
) -> tuple[np.ndarray, np.ndarray]:
    """Run the C and the emulation on the same task by themselves; return rewards, which are the same, and ends."""
    tick = Tick(write_sources(circuit, 1, point), folder)
    with jax.enable_x64(True):  # as the emulation draws the task's random numbers
        rewards, ends = closed_loop(circuit, tick, decisions, seed=1)
    program = make_program(circuit, make_environment(circuit), "jax", (1,), "float64", (), arithmetic=point)
    emulated: list[np.ndarray] = []
    program.run(decisions, lambda chunk: emulated.append(chunk.reward[0]))  # type: ignore[func-returns-value]
    np.testing.assert_array_equal(rewards, np.concatenate(emulated))
    return rewards, ends


def closed_loop(circuit: Circuit, tick: Tick, decisions: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Let a tick act in the real environment; return rewards and where episodes ended."""
    environment = make_environment(circuit)
    key, draws = seed_key(seed), len(tick.input.uniform)
    uniforms = np.asarray(streams.action_uniforms(key, 0, decisions, draws)).reshape(decisions, draws) * DRAWN
    step_keys = streams.step_keys(key, 0, decisions)
    resets = streams.reset_states(environment, key, 0, decisions)

    @jax.jit
    def step(decision, state, action, first, keys, resets):
        reset_observation, reset_state = jax.tree.map(lambda leaf: leaf[decision], resets)
        seen, after, reward, terminated, truncated = environment.step(keys[decision], state, action)
        state = jax.tree.map(lambda new, old: jax.numpy.where(first, new, old), reset_state, after)
        shown = jax.numpy.where(first, reset_observation, seen)
        told = jax.numpy.array([reward, terminated, truncated], "float64") * (1 - first)
        return state, jax.numpy.concatenate([shown.astype("float64"), told])

    (_, fraction, most), *_ = [word for word in tick.input_words if word[0] == "observation"]
    state = jax.tree.map(lambda leaf: leaf[0], resets[1])
    rewards, ends, action, first = np.zeros(decisions), np.zeros(decisions, bool), 0, True
    for decision in range(decisions):
        state, told = step(decision, state, action, first, step_keys, resets)
        *shown, reward, terminated, truncated = np.asarray(told).tolist()
        given = tick.input
        given.observation[:] = [
            max(-most, min(most, int(np.floor(each * 2**fraction + 0.5)))) for each in shown
        ]
        for member, places, largest in tick.input_words:
            if member.startswith("reward"):
                setattr(given, member, max(-largest, min(largest, int(np.floor(reward * 2**places + 0.5)))))
        given.first, given.terminated = int(first), int(terminated)
        given.uniform[:] = uniforms[decision].astype(int).tolist()
        (action,) = tick()
        rewards[decision], first = reward, bool(terminated or truncated)
        ends[decision] = first
    return rewards, ends


# --- float32 ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["bg", "mingru"])
def test_float32_follows_the_float32_backend(name, tmp_path):
    circuit = load_circuit(CIRCUITS / f"{name}.yaml", ["record=[]"])
    weight = next(
        key for key in initial_values(circuit, 0) if key.endswith("to_cortex.w") or key.endswith("_dorsal.w")
    )
    shown = next(key for key, each in lower(circuit).variables.items() if each.role == "clamped")
    program = make_program(
        circuit, make_environment(circuit), "jax", (0,), "float32", [weight, shown], kernel="xla"
    )
    chunk = program.advance(50)
    tick = Tick(write_sources(circuit), tmp_path / "c")
    draws = len(tick.input.uniform)
    uniforms = np.asarray(streams.action_uniforms(seed_key(0), 0, 50, draws)).reshape(50, draws)
    member = weight.replace(".", "_")
    width = len(circuit.environment.observation)
    for decision in range(50):
        tick.input.observation[:] = chunk.records[shown][0, decision, :width].tolist()
        tick.input.reward, tick.input.first = float(chunk.reward[0, decision]), int(chunk.first[0, decision])
        tick.input.terminated = int(chunk.terminated[0, decision])
        tick.input.uniform[:] = uniforms[decision].tolist()
        tick()
    last = np.asarray(chunk.records[weight][0, -1])
    mine = tick.words()[member].reshape(last.shape if mine_by_rows(tick, member, last) else last.shape[::-1])
    mine = mine if mine.shape == last.shape and mine_by_rows(tick, member, last) else mine.T
    start = initial_values(circuit, 0)[weight]
    assert np.abs(last - start).max() > 1e-5, "nothing was learned"
    np.testing.assert_allclose(mine, last, atol=2e-5)


def mine_by_rows(tick: Tick, member: str, last: np.ndarray) -> bool:
    """Whether the rows of a matrix in C are postsynaptic neurons."""
    kind = dict(tick.state._fields_)[member]
    return kind._length_ == last.shape[0]


# --- the harness ------------------------------------------------------------------------------------------------------


def test_the_harness_acts_as_the_tick_does(memory, remembered, tmp_path):
    circuit, point = memory
    recorded = remembered
    sources = write_sources(circuit, 0, point)
    tick = Tick(sources, tmp_path / "c")
    subprocess.run(["make", "-C", tmp_path / "c", "agent"], check=True, capture_output=True)
    (_, fraction, _), *_ = [word for word in tick.input_words if word[0] == "observation"]
    lines, expected = [], []
    for decision in recorded.inputs(tick):
        numbers = [
            int(recorded.first[decision]),
            float(recorded.reward[decision]),
            int(recorded.terminated[decision]),
            *(recorded.shown[decision] / 2.0**fraction),
            *(recorded.uniform[decision] / DRAWN),
        ]
        lines.append(" ".join(repr(float(number)) for number in numbers))
        expected.append(tick())
    ran = subprocess.run(
        [tmp_path / "c" / "agent"], input="\n".join(lines), capture_output=True, text=True, check=True
    )
    assert [[int(line)] for line in ran.stdout.split()] == expected


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("1 0 0\n", "line 1: expected an observation; a line has 3 numbers and 4 more"),
        ("abc\n", "line 1: expected first"),
        ("1 0 0 0.1 0 1 0.3\n\n1 zero\n", "line 3: expected reward"),
        ("1 0 0 0.1 0 1 0.3 7\n", "line 1: expected the end of the line"),
        ("1 0 0 0.1 0 1\n0.3\n", "line 1: expected a uniform number"),
    ],
    ids=["short", "letters", "later", "long", "broken"],
)
def test_the_harness_says_what_it_expected_of_a_line(given, said, harness):
    ran = subprocess.run([harness], input=given, capture_output=True, text=True)
    assert ran.returncode == 1
    assert ran.stderr.startswith(said)
    assert ran.stderr.count("\n") == 1


def test_the_harness_ends_well_at_the_end_of_its_input(harness):
    ran = subprocess.run([harness], input="\n", capture_output=True, text=True)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


@pytest.fixture(scope="module")
def harness(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("harness")
    write_sources(load_circuit(CIRCUITS / "memory_words.yaml", ["record=[]"])).write(folder)
    subprocess.run(["make", "-C", folder, "agent"], check=True, capture_output=True)
    return folder / "agent"


def test_weights_that_were_learned_are_where_it_starts(memory, tmp_path):
    circuit, point = memory
    given = np.linspace(-1, 1, 64).reshape(2, 32)
    sources = write_sources(circuit.with_weights({"cortex_to_dorsal.w": given}), 0, point)
    words = Tick(sources, tmp_path / "c").words()["cortex_to_dorsal_w"].reshape(2, 32)
    step = 2.0 ** -fixed_form(hoist(lower(circuit)), point).formats["cortex_to_dorsal.w"].fraction
    np.testing.assert_array_equal(words, np.floor(given / step + 0.5))


@pytest.mark.parametrize("name", ["cartpole_positions", "lru", "reacher"])
def test_a_harness_builds_without_a_warning_and_acts(name, tmp_path):
    circuit = load_circuit(CIRCUITS / f"{name}.yaml")
    write_sources(circuit).write(tmp_path)
    built = subprocess.run(
        ["make", "-C", tmp_path, "agent", "CFLAGS=-std=c99 -pedantic -Wall -Wno-unused-variable -Werror"],
        capture_output=True,
        text=True,
    )
    assert built.returncode == 0, built.stderr
    assert circuit.environment
    given = " ".join(["1 0 0", *["0.5"] * (len(circuit.environment.observation) + lower(circuit).draws)])
    ran = subprocess.run([tmp_path / "agent"], input=given, capture_output=True, text=True, check=True)
    assert len(ran.stdout.split()) == circuit.environment.actions.slots
    assert all(np.isfinite(float(number)) for number in ran.stdout.split())
