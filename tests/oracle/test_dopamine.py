"""Dopamine against closed forms, numbers by hand, and Brian2 written by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

pytest.importorskip("jax")

from neuro_rtrrl.backends.jax.program import JaxProgram
from neuro_rtrrl.environments import make
from neuro_rtrrl.graph import load_circuit

DT = 1e-3


def built(tmp_path, text):
    path = tmp_path / "circuit.yaml"
    path.write_text(text, encoding="utf-8")
    return load_circuit(path)


def run(circuit, keys, decisions, **options):
    """Return key -> series (decisions, ...) of one seed in double precision."""
    chosen = circuit.environment
    environment = make(chosen.name, chosen.parameters, chosen.observe) if chosen else None
    program, chunks = JaxProgram(circuit, environment, (0,), "float64", keys, **options), []
    program.run(decisions, chunks.append)
    series = {key: np.concatenate([chunk.records[key] for chunk in chunks], 1)[0] for key in keys}
    return series | {
        name: np.concatenate([getattr(chunk, name) for chunk in chunks], 1)[0] for name in ("reward", "first")
    }


# --- a pair of neurons with spikes at given times ---------------------------------------------------------------------

#: a neuron that fires at three given times, by counting milliseconds, is a model of the user's own
PAIR = """
circuit: pair
format: 1
timing: {dt: 1 ms}
models:
  neurons:
    prescribed:
      parameters: {a: second, b: second, c: second}
      states: {time: second, v: volt}
      equations: |
        dtime/dt = 1
        dv/dt = 0*v/a
      threshold: "(abs(time - a) < dt/2) or (abs(time - b) < dt/2) or (abs(time - c) < dt/2)"
      receivers: {v: [v]}
populations:
  before: {size: 1, neuron: prescribed, a: 20 ms, b: 140 ms, c: 260 ms}
  after: {size: 1, neuron: prescribed, a: 30 ms, b: 132 ms, c: 275 ms}
  midbrain: {size: 1, neuron: prescribed, a: 100 ms, b: 300 ms, c: 420 ms}
neuromodulators:
  dopamine: {source: concentration, population: midbrain, tau: 200 ms, amount: 0.5}
plasticity:
  gated: {rule: stdp_dopamine, modulator: dopamine, potentiation: 1 mV, depression: 1.5 mV, tau_eligibility: 1 s,
          rate: 3 Hz, w_maximum: 10 mV}
projections:
  onto: {source: before, target: after, weights: 4 mV, plasticity: gated}
"""
STEPS = 600


def by_hand(baseline=0.0):
    """Return c and w of the same pair, after each step, from a Brian2 script that knows nothing of ours."""
    brian2 = pytest.importorskip("brian2")
    from brian2 import ms, mV, second

    brian2.prefs.codegen.target = "numpy"
    clock = brian2.Clock(DT * second)
    network = brian2.Network()
    times = {"before": (20, 140, 260), "after": (30, 132, 275), "midbrain": (100, 300, 420)}
    # a threshold is met at the end of the step before the one in whose name the time is reached
    groups = {
        name: brian2.SpikeGeneratorGroup(1, [0] * 3, [(t - 1) * ms for t in when], clock=clock)
        for name, when in times.items()
    }
    pool = brian2.NeuronGroup(1, "dd/dt = -d/(200*ms) : 1", method="euler", clock=clock)
    synapse = brian2.Synapses(
        groups["before"],
        groups["after"],
        """
        dx/dt = -x/(20*ms) : 1 (clock-driven)
        dy/dt = -y/(20*ms) : 1 (clock-driven)
        dc/dt = -c/second : volt (clock-driven)
        dw/dt = 3*Hz*c*(signal - baseline) : volt (clock-driven)
        signal : 1
        """,
        on_pre="x += 1; c -= 1.5*mV*y",
        on_post="y += 1; c += 1*mV*x",
        method="euler",
        clock=clock,
        namespace={"baseline": baseline},
    )
    synapse.connect()
    synapse.w = 4 * mV
    # what is released enters the next step's derivative: a spike reaches the level one step after it was fired
    release = brian2.Synapses(
        groups["midbrain"], pool, on_pre="d_post += 0.5", delay=DT * second, clock=clock
    )
    release.connect()
    found = {"c": [], "w": [], "d": []}

    @brian2.network_operation(clock=clock, when="start")
    def hand_over():
        synapse.signal = pool.d[0]

    @brian2.network_operation(clock=clock, when="end")
    def keep():
        found["c"].append(float(synapse.c[0] / brian2.volt))
        found["w"].append(float(synapse.w[0] / brian2.volt))
        found["d"].append(float(pool.d[0]))

    network.add(*groups.values(), pool, synapse, release, hand_over, keep)
    network.run(STEPS * ms)
    return {key: np.array(values) for key, values in found.items()}


@pytest.mark.parametrize("baseline", [0.0, 0.3])
def test_izhikevichs_trace_and_weight_are_those_of_brian2_by_hand(tmp_path, baseline):
    circuit = built(tmp_path, PAIR.replace("rate: 3 Hz", f"rate: 3 Hz, baseline: {baseline}"))
    ours = run(circuit, ("onto.c", "onto.w", "dopamine", "before.spike"), STEPS)
    theirs = by_hand(baseline)
    assert ours["before.spike"].sum() == 3
    np.testing.assert_allclose(ours["onto.c"][:, 0, 0], theirs["c"], rtol=0, atol=1e-12)
    np.testing.assert_allclose(ours["dopamine"], theirs["d"], rtol=0, atol=1e-12)
    np.testing.assert_allclose(ours["onto.w"][:, 0, 0], theirs["w"], rtol=0, atol=1e-12)
    assert np.ptp(theirs["w"]) > 1e-5


def test_a_d2_receptor_gives_the_mirrored_weight_changes_of_d1(tmp_path):
    changes = []
    for strength in ("strength: 1", "strength: -1", ""):
        text = PAIR.replace(
            "modulator: dopamine,", f"modulator: dopamine, {strength + ',' if strength else ''}"
        )
        series = run(built(tmp_path, text), ("onto.w", "onto.c"), STEPS)
        changes.append(series["onto.w"][:, 0, 0] - 4e-3)
    assert np.abs(changes[0]).max() > 1e-5
    np.testing.assert_allclose(changes[1], -changes[0], rtol=0, atol=1e-15)
    assert np.array_equal(changes[2], changes[0]), "a strength of 1 changes nothing, bit for bit"


@pytest.mark.parametrize(("w", "bound"), [("9.99 mV", 10e-3), ("0.01 mV", 0.0)])
def test_weights_stop_at_their_bounds(tmp_path, w, bound):
    sign = 1 if bound else -1
    text = PAIR.replace("weights: 4 mV", f"weights: {w}")
    text = text.replace("modulator: dopamine,", f"modulator: dopamine, strength: {sign * 50},")
    text = text.replace("depression: 1.5 mV", "depression: 0 mV")
    weights = run(built(tmp_path, text), ("onto.w",), STEPS)["onto.w"][:, 0, 0]
    assert weights[-1] == pytest.approx(bound, abs=1e-15)
    assert weights.max() <= 10e-3 + 1e-15
    assert weights.min() >= -1e-15


def test_the_lesion_of_a_concentration_takes_its_share_of_every_weight_change(tmp_path):
    circuit = built(tmp_path, PAIR)
    half = run(circuit.lesion("dopamine", 0.5), ("onto.w",), STEPS)["onto.w"] - 4e-3
    whole = run(circuit, ("onto.w",), STEPS)["onto.w"] - 4e-3
    np.testing.assert_allclose(half, whole / 2, rtol=0, atol=1e-15)
    none = run(circuit.lesion("dopamine", 0.0), ("onto.w",), STEPS)["onto.w"] - 4e-3
    assert np.array_equal(none, whole)


# --- kinetics, slopes, floors, delays ---------------------------------------------------------------------------------


def test_a_concentration_decays_to_its_baseline_as_the_closed_form_says(tmp_path):
    """After one release, level = baseline + amount*(1 - dt/tau)**n: Euler's own closed form, exact to rounding."""
    text = """
circuit: decay
format: 1
timing: {dt: 1 ms}
models:
  neurons:
    once:
      parameters: {at: second}
      states: {time: second}
      equations: dtime/dt = 1
      threshold: abs(time - at) < dt/2
populations:
  midbrain: {size: 3, neuron: once, at: 50 ms}
neuromodulators:
  dopamine: {source: concentration, population: midbrain, tau: 200 ms, amount: 0.5, baseline: 0.1}
"""
    level = run(built(tmp_path, text), ("dopamine",), 400)["dopamine"]
    released = int(np.argmax(level > 0.1 + 1e-9))
    assert released == 50  # fired in the step that ends at 50 ms, released in the next
    since = np.arange(400 - released)
    np.testing.assert_allclose(level[:released], 0.1, rtol=0, atol=1e-12)
    np.testing.assert_allclose(level[released:], 0.1 + 1.5 * (1 - 1 / 200) ** since, rtol=0, atol=1e-12)
    np.testing.assert_allclose(level[released:], 0.1 + 1.5 * np.exp(-since / 200), rtol=0, atol=2e-3)


def test_the_continuous_error_of_a_ramp_is_its_slope_minus_the_discounted_value(tmp_path):
    """V = slope*t: the error of a second is slope - V/tau_discount (Doya 2000, Eq. 5, without a reward)."""
    text = """
circuit: ramp
format: 1
timing: {dt: 1 ms, decision_interval: 10 ms}
models:
  neurons:
    ramp:
      parameters: {speed: hertz}
      states: {v: "1"}
      equations: dv/dt = speed
      readout: |
        r = v
        slope = speed
populations:
  value: {size: 1, neuron: ramp, speed: 3 Hz, role: critic}
neuromodulators:
  dopamine: {source: td_error_continuous, critic: value, tau_discount: 2 s, window: 1 s}
"""
    error = run(built(tmp_path, text), ("dopamine",), 100)["dopamine"]
    time = 10e-3 * np.arange(1, 101)
    np.testing.assert_allclose(error, 3 - 3 * time / 2, rtol=0, atol=1e-12)


def test_a_value_filter_shows_the_kernel_and_its_slope(tmp_path):
    """One spike gives (exp(-t/200 ms) - exp(-t/50 ms))/(150 ms) of Fremaux et al. 2013, and its derivative."""
    text = """
circuit: kernel
format: 1
timing: {dt: 0.05 ms, decision_interval: 1 ms}
models:
  neurons:
    once:
      parameters: {at: second}
      states: {time: second}
      equations: dtime/dt = 1
      threshold: abs(time - at) < dt/2
populations:
  cell: {size: 1, neuron: once, at: 0.05 ms}
  value: {size: 1, neuron: value_filter, role: critic, scale: 2 s, offset: -1}
projections:
  reads: {source: cell, target: value, weights: 1}
"""
    found = run(built(tmp_path, text), ("value.r", "value.slope"), 1000)
    time = 1e-3 * np.arange(1, 1001) - 0.05e-3
    slow, fast = np.exp(-time / 0.2), np.exp(-time / 0.05)
    np.testing.assert_allclose(found["value.r"][:, 0], 2 * (slow - fast) / 0.15 - 1, atol=1e-2)
    slope = 2 * (fast / 0.05 - slow / 0.2) / 0.15
    np.testing.assert_allclose(found["value.slope"][:, 0], slope, atol=0.4)
    numeric = np.gradient(found["value.r"][:, 0], 1e-3)
    np.testing.assert_allclose(found["value.slope"][1:-1, 0], numeric[1:-1], atol=0.5)


LOOP = """
circuit: loop
format: 1
timing: {dt: 20 ms}
environment: {name: MemoryChain-bsuite, parameters: {memory_length: 3}}
populations:
  sensory: {neuron: input, encodes: [observation, reward]}
  value: {size: 1, neuron: linear, role: critic}
  actor: {size: actions, neuron: softmax, role: actor}
neuromodulators:
  error: {source: td_error, critic: value, discount: 0.9}
  phasic: {source: td_error_phasic, critic: value, discount: 0.9, baseline: 5 Hz, sensitivity: 20 Hz}
  floored: {source: td_error_phasic, critic: value, discount: 0.9, baseline: 5 Hz, sensitivity: 20 Hz, floor: 3 Hz}
  late: {source: td_error, critic: value, discount: 0.9, delay: 60 ms}
  plain: {source: reward_only}
projections:
  to_value: {source: sensory, target: value, weights: 0.7}
  to_actor: {source: sensory, target: actor, weights: {normal: [0, 1]}}
"""
SIGNALS = ("error", "phasic", "floored", "late", "plain")


@pytest.fixture(scope="module")
def signals(tmp_path_factory):
    circuit = built(tmp_path_factory.mktemp("loop"), LOOP)
    return run(circuit, SIGNALS, 200)


def test_a_dip_ends_where_the_neurons_fall_silent(signals):
    """5 Hz at rest and 20 Hz for an error of 1: silence is an error of -0.25, a floor of 3 Hz one of -0.1."""
    error = signals["error"]
    assert error.min() < -0.3 < 0.3 < error.max(), "no dip or burst was deep enough to tell"
    np.testing.assert_allclose(signals["phasic"], np.maximum(error, -0.25), rtol=0, atol=1e-12)
    np.testing.assert_allclose(signals["floored"], np.maximum(error, -0.1), rtol=0, atol=1e-12)
    np.testing.assert_allclose(signals["plain"], np.where(signals["first"], 0, signals["reward"]), atol=0)


def test_a_delay_shifts_the_signal_by_exactly_its_decisions_within_an_episode(signals):
    error, late, first = signals["error"], signals["late"], signals["first"]
    starts = np.flatnonzero(first)
    assert len(starts) > 5
    for begin, end in zip(starts, [*starts[1:], len(first)], strict=True):
        expected = np.concatenate([np.zeros(3), error[begin:end]])[: end - begin]
        np.testing.assert_array_equal(late[begin:end], expected)
    assert np.abs(late).max() > 0.1


def test_lesions_take_their_share_of_every_signal(tmp_path):
    circuit = built(tmp_path, LOOP)
    whole = run(circuit, SIGNALS, 60)
    for name in SIGNALS:
        hurt = run(circuit.lesion(name, 0.25), SIGNALS, 60)
        np.testing.assert_allclose(hurt[name], 0.75 * whole[name], rtol=0, atol=1e-12)


# --- neurons that sense dopamine --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("strength", "factor"), [(1, 1.3), (-1, 0.7)])
def test_dopamine_scales_the_input_of_d1_up_and_of_d2_down(tmp_path, strength, factor):
    """Gurney et al. 2001: with dopamine 0.3 an input counts 1.3 times to D1 neurons, 0.7 times to D2 neurons."""
    text = f"""
circuit: striatum
format: 1
timing: {{dt: 1 ms}}
populations:
  cortex: {{size: 1, neuron: linear, bias: 0.4}}
  striatum: {{size: 1, neuron: threshold_linear_modulated, modulator: dopamine, strength: {strength}, threshold: 0.2}}
neuromodulators:
  dopamine: {{source: concentration, baseline: 0.3}}
projections:
  drive: {{source: cortex, target: striatum, weights: 1}}
"""
    rate = run(built(tmp_path, text), ("striatum.r",), 1000)["striatum.r"][-1, 0]
    assert rate == pytest.approx(0.4 * factor - 0.2, abs=1e-9)


# --- rules ------------------------------------------------------------------------------------------------------------


def test_ojas_rule_ends_at_a_weight_vector_of_length_one(tmp_path):
    text = """
circuit: oja
format: 1
timing: {dt: 1 ms}
populations:
  before: {size: 2, neuron: linear, bias: 0.6}
  after: {size: 1, neuron: threshold_linear, tau: 5 ms}
plasticity:
  hebb: {rule: hebbian, learning_rate: 20 Hz, oja: 1}
projections:
  onto: {source: before, target: after, weights: 0.2, plasticity: hebb}
"""
    weights = run(built(tmp_path, text), ("onto.w",), 3000)["onto.w"][-1, 0]
    assert math.hypot(*weights) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("rule", ["td_ltp", "td_ltp_renewed"])
def test_td_ltp_of_one_pair_is_the_integral_of_kernel_times_error(rule, tmp_path):
    """With a constant signal, dw goes to learning_rate*signal*PSP(20 ms)*(area of the kernel, 1)."""
    text = PAIR.replace("b: 140 ms, c: 260 ms", "b: 9 s, c: 9 s").replace(
        "b: 132 ms, c: 275 ms", "b: 9 s, c: 9 s"
    )
    text = text.replace(
        "after: {size: 1, neuron: prescribed, a: 30 ms", "after: {size: 1, neuron: prescribed, a: 40 ms"
    )
    start, end = text.index("  gated:"), text.index("projections:")
    group = f"  gated: {{rule: {rule}, modulator: dopamine, learning_rate: 0.5 mV, w_maximum: 10 mV}}\n"
    text = text[:start] + group + text[end:]
    text = text.replace("population: midbrain, tau: 200 ms, amount: 0.5", "baseline: 0.4")
    text = text.replace("dt: 1 ms", "dt: 0.1 ms, decision_interval: 10 ms")
    change = run(built(tmp_path, text), ("onto.w",), 300)["onto.w"][:, 0, 0] - 4e-3
    psp = 20 / 15 * (math.exp(-20 / 20) - math.exp(-20 / 5))
    assert change[-1] == pytest.approx(0.5e-3 * 0.4 * psp, rel=0.02)


@pytest.mark.parametrize(("rule", "counted"), [("td_ltp", [20, 30]), ("td_ltp_renewed", [20])])
def test_only_the_renewed_rule_forgets_what_came_before_the_last_spike(rule, counted, tmp_path):
    """The neuron fires 20 and 30 ms after one presynaptic spike; each is paired with the potential it saw."""
    text = PAIR.replace("b: 140 ms, c: 260 ms", "b: 9 s, c: 9 s")
    text = text.replace("a: 30 ms, b: 132 ms, c: 275 ms", "a: 40 ms, b: 50 ms, c: 9 s")
    start, end = text.index("  gated:"), text.index("projections:")
    group = f"  gated: {{rule: {rule}, modulator: dopamine, learning_rate: 0.5 mV, w_maximum: 10 mV}}\n"
    text = text[:start] + group + text[end:]
    text = text.replace("population: midbrain, tau: 200 ms, amount: 0.5", "baseline: 0.4")
    text = text.replace("dt: 1 ms", "dt: 0.1 ms, decision_interval: 10 ms")
    change = run(built(tmp_path, text), ("onto.w",), 300)["onto.w"][:, 0, 0] - 4e-3
    psp = sum(20 / 15 * (math.exp(-age / 20) - math.exp(-age / 5)) for age in counted)
    assert change[-1] == pytest.approx(0.5e-3 * 0.4 * psp, rel=0.02)
